/**
 * What the benchmark's child processes share. Each measurement has a process of its own, so that none
 * profits or suffers from the memory and the compiled code of another. A worker gets its task as a JSON
 * argument, may say that it is ready, and reports figures once.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import type { Figures } from './statistics.js';

/** The task of this worker process, as the parent gave it. */
export function task(): unknown {
  // Without its parent a worker has nobody to report to.
  process.on('disconnect', () => process.exit(1));
  return JSON.parse(process.argv[2] ?? '{}') as unknown;
}

/** Tells the parent that the measurement may begin. */
export function announceReady(): void {
  process.send?.('ready');
}

/** Hands the figures to the parent and ends the process. */
export function report(figures: Figures): void {
  process.send?.(figures, () => process.exit(0));
}

/** CPU time, user and system, of all threads of this process, in milliseconds. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU time of another process in milliseconds; NaN where there is no /proc. */
export function cpuMsOf(pid: number): number {
  try {
    // Nanoseconds on a CPU, by thread: finer than the 10 ms ticks of /proc/PID/stat.
    const tasks = readdirSync(`/proc/${pid}/task`);
    const times = tasks.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    return times.reduce((sum, time) => sum + Number(time), 0) / 1e6;
  } catch {
    return NaN;
  }
}

/** Forgets how much memory this process had at most; {@link ownPeakMb} begins anew. */
export function resetPeak(): void {
  try {
    // See proc(5).
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // The peak then is that of the whole life of the process, which can only be greater.
  }
}

/** The most memory that this process had since its start or {@link resetPeak}, in MB. */
export function ownPeakMb(): number {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
  } catch {
    return process.resourceUsage().maxRSS / 1024;
  }
}

/** Bytes that live JavaScript objects and buffers use, after a full collection. */
export function retainedBytes(): number {
  if (globalThis.gc === undefined) return NaN;
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
