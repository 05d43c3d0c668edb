/** A program of somebody else that is measured from the outside. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { toolEnvironment } from '../../lib/testing/executable.js';
import { peakMbOf } from './server.js';
import type { Figures } from './statistics.js';

const POLL_MS = 10;
const TICK_MS = 10;

/** Runs a program to its end; no other child of this process may end meanwhile. Its output is dropped. */
export async function runMeasured(path: string, args: readonly string[]): Promise<Figures> {
  const cpuBefore = endedChildrenCpuMs();
  const startedAt = performance.now();
  const child = spawn(path, [...args], { stdio: ['ignore', 'ignore', 'inherit'], env: toolEnvironment() });
  const outcome = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ?? code ?? NaN));
  });
  let peakMb = NaN;
  let ended: number | NodeJS.Signals | undefined;
  while (ended === undefined) {
    const now = peakMbOf(child.pid ?? 0);
    if (now > 0) peakMb = now;
    ended = await Promise.race([sleep(POLL_MS, undefined), outcome]);
  }
  if (ended !== 0) throw new Error(`${path} ended with ${ended}`);
  const wallMs = performance.now() - startedAt;
  return { wallMs, processCpuMs: endedChildrenCpuMs() - cpuBefore, peakMb };
}

/** CPU time of the children that have ended, as the kernel accounts it. */
function endedChildrenCpuMs(): number {
  try {
    const text = readFileSync('/proc/self/stat', 'utf8');
    const [cutime = 0, cstime = 0] = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .slice(13, 15)
      .map(Number);
    return (cutime + cstime) * TICK_MS;
  } catch {
    return NaN;
  }
}
