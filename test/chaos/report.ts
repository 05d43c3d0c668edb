/** The figures of a run, for people. */
import { DISTURBANCES } from './disturbances.js';
import type { ChaosReport } from './chaos.js';
import { WRITES, ENDS } from './ledger.js';

/** Several lines. */
export function formatReport({ disturbances, durationMs, ledger, observers }: ChaosReport): string {
  const total = Object.values(disturbances).reduce((sum, count) => sum + count, 0);
  const list = (names: readonly string[], counts: Readonly<Record<string, number>>): string =>
    names
      .filter((name) => counts[name] !== 0)
      .map((name) => `${name} ${counts[name] ?? 0}`)
      .join('; ');
  const rate = (WRITES.reduce((sum, write) => sum + ledger.writes[write], 0) / durationMs) * 1000;
  return [
    `${total} disturbances in ${(durationMs / 1000).toFixed(1)} s: ${list(DISTURBANCES, disturbances)}`,
    `writes: ${list(WRITES, ledger.writes)} (${rate.toFixed(0)} per second)`,
    `outcomes: ${list(ENDS, ledger.ends)}; replies lost in all: ${ledger.unknowns}`,
    ...ledger.refusals.map((refusal) => `refused: ${refusal}`),
    `longest time without a write known to be done: ${ledger.longestGapMs.toFixed(0)} ms`,
    ...observers.map(({ name, syncs, events, stream, overflows }) => {
      const sum = Object.values(syncs).reduce((all, count) => all + count, 0);
      const kinds = list(Object.keys(syncs), syncs) || 'none';
      const batches = list(Object.keys(stream.batches), stream.batches);
      return `${name}: ${sum} resyncs (${kinds}), ${events.changes} changes of rows, batches ${batches}, overflows ${overflows}`;
    }),
    ledger.violations.length === 0 ? 'all promises kept' : `BROKEN PROMISES:\n  ${ledger.violations.join('\n  ')}`,
  ].join('\n');
}
