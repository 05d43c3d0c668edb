/**
 * The machine that is measured on, and how much of it others used meanwhile: what /proc/stat counts as busy, without the
 * benchmark and all that it has started. Zero where there is no /proc.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { requireExecutable } from '../../lib/testing/executable.js';

/** The kernel's unit of CPU time in /proc, on every architecture that Node runs on. */
const TICK_MS = 10;
const CPUS = Math.max(1, cpus().length);
/** Share of the machine below which it counts as quiet. */
const QUIET = 0.12;
const SAMPLE_MS = 500;

/** Processes that belong to the benchmark without descending from it, such as daemons that it has started. */
const adopted = new Set<number>();

/** Counts a process as the benchmark's own. Returns a function that ends this. */
export function adopt(pid: number): () => void {
  adopted.add(pid);
  return () => void adopted.delete(pid);
}

/** Starts to watch; the function returned tells which share of all CPUs (0 to 1) others have used since. */
export function watchOthers(): () => number {
  const startedAt = performance.now();
  const busyBefore = busyMs();
  const ownBefore = ownTreeMs();
  return () => {
    const available = (performance.now() - startedAt) * CPUS;
    const others = busyMs() - busyBefore - (ownTreeMs() - ownBefore);
    return Math.min(1, Math.max(0, others / available));
  };
}

/** Waits until others leave the machine alone, but not longer than so. */
export async function waitUntilQuiet(maxMs: number): Promise<void> {
  const startedAt = performance.now();
  while (performance.now() - startedAt < maxMs) {
    const others = watchOthers();
    await sleep(SAMPLE_MS);
    if (others() < QUIET) return;
  }
}

/** One line for people. */
export function describeMachine(): string {
  const [cpu] = cpus();
  return `${CPUS} CPUs (${cpu?.model.trim() ?? 'unknown'}), Node ${process.version}, ${serverVersion()}`;
}

function serverVersion(): string {
  const [line = ''] = execFileSync(requireExecutable('ovsdb-server'), ['--version'], { encoding: 'utf8' }).split('\n');
  return line.replace(' (Open vSwitch)', '');
}

/** CPU time of the whole machine since it was started. */
function busyMs(): number {
  try {
    const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (
      readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? ''
    )
      .split(/\s+/)
      .map(Number);
    return (user + nice + system + irq + softirq + steal) * TICK_MS;
  } catch {
    return 0;
  }
}

/**
 * CPU time of this process, its descendants and the adopted, with that of children who are gone: a parent inherits it
 * with their end.
 */
function ownTreeMs(): number {
  const ticks = new Map<number, number>();
  const children = new Map<number, number[]>();
  for (const name of processes()) {
    const stat = statOf(Number(name));
    if (stat === undefined) continue;
    ticks.set(stat.pid, stat.ticks);
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), stat.pid]);
  }
  let sum = 0;
  const seen = new Set<number>();
  const queue = [process.pid, ...adopted];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    sum += ticks.get(pid) ?? 0;
    queue.push(...(children.get(pid) ?? []));
  }
  return sum * TICK_MS;
}

function processes(): string[] {
  try {
    return readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  } catch {
    return [];
  }
}

function statOf(pid: number): { pid: number; parent: number; ticks: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // From the state on, see proc(5): a name may hold blanks and brackets.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15).map(Number);
    return { pid, parent: Number(fields[1]), ticks: utime + stime + cutime + cstime };
  } catch {
    return undefined;
  }
}
