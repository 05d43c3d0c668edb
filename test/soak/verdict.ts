/** Looks at the samples of a run and says whether memory stayed where it was. */
import { median } from '../bench/statistics.js';

/** The process at a moment at which nothing is under way, after a forced garbage collection. */
export interface Sample {
  /** Since the run began. */
  readonly atMs: number;
  readonly heapBytes: number;
  /** Memory of objects that live outside of the heap, such as buffers. */
  readonly externalBytes: number;
  readonly rssBytes: number;
  /** Sockets, timers and other things that keep the process alive. */
  readonly handles: number;
}

export interface Verdict {
  /** Medians of heap and external memory: of the first settled minute, and of the last. */
  readonly firstBytes: number;
  readonly lastBytes: number;
  readonly growthPercent: number;
  /** Of the line through all settled samples. */
  readonly slopeBytesPerMinute: number;
  /** What is wrong, in words; empty when the run passes. */
  readonly faults: readonly string[];
}

const WINDOW_MS = 60_000;
/** Until the engine has compiled what is hot, and hash tables have the size at which keys come and go. */
const WARM_UP_MS = 180_000;
/** Handles come and go with connections that are about to be closed. */
const HANDLE_TOLERANCE = 5;

/**
 * The first three minutes, or a quarter of a shorter run, are for warming up; the minute that follows, or a quarter, is
 * compared with the last. Both need a sample.
 */
export function judge(samples: readonly Sample[], durationMs: number, maxGrowthPercent: number): Verdict {
  const windowMs = Math.min(WINDOW_MS, durationMs / 4);
  const warmUpMs = Math.min(WARM_UP_MS, durationMs / 4);
  const settled = samples.filter(({ atMs }) => atMs >= warmUpMs);
  const first = settled.filter(({ atMs }) => atMs < warmUpMs + windowMs);
  const last = settled.filter(({ atMs }) => atMs >= durationMs - windowMs);
  const firstBytes = median(first.map(bytesOf));
  const lastBytes = median(last.map(bytesOf));
  const growthPercent = (lastBytes / firstBytes - 1) * 100;
  const faults: string[] = [];
  if (first.length === 0 || last.length === 0) {
    faults.push(`the run was too short for a verdict: ${first.length} samples to compare with ${last.length}`);
  } else {
    if (growthPercent > maxGrowthPercent) {
      faults.push(`memory grew by ${growthPercent.toFixed(1)} %, more than ${maxGrowthPercent} %`);
    }
    const before = median(first.map(({ handles }) => handles));
    const after = median(last.map(({ handles }) => handles));
    if (after > before + HANDLE_TOLERANCE) faults.push(`open handles grew from ${before} to ${after}`);
  }
  return { firstBytes, lastBytes, growthPercent, slopeBytesPerMinute: slope(settled), faults };
}

function bytesOf({ heapBytes, externalBytes }: Sample): number {
  return heapBytes + externalBytes;
}

/** By least squares. */
function slope(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
  const minutes = samples.map(({ atMs }) => atMs / 60_000);
  const bytes = samples.map(bytesOf);
  const [x, y] = [mean(minutes), mean(bytes)];
  const covariance = mean(minutes.map((each, i) => (each - x) * (bytes[i]! - y)));
  return covariance / mean(minutes.map((each) => (each - x) ** 2));
}
