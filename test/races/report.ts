/** The figures of a run, for people. */
import type { CrashReport } from './crash.js';
import type { RaceReport } from './races.js';

/** Violations that are printed; more of them seldom tell more. */
const SHOWN = 25;

/** Several lines. */
export function formatRaces(report: RaceReport): string {
  const { operations, foreignWrites, durationMs, compactions } = report;
  return [
    `${operations} operations and ${foreignWrites} foreign writes in ${seconds(durationMs)}`,
    ...figures(report),
    ...(compactions > 0 ? [`the server compacted its log ${compactions} times`] : []),
    verdict(report.violations),
  ].join('\n');
}

/** Several lines. */
export function formatCrashes(report: CrashReport): string {
  const { kills, operations, foreignWrites, durationMs } = report;
  const total = Object.values(kills).reduce((sum, count) => sum + count, 0);
  return [
    `${total} kills, ${operations} operations and ${foreignWrites} foreign writes in ${seconds(durationMs)}`,
    `killed: ${list(kills)}`,
    ...figures(report),
    verdict(report.violations),
  ].join('\n');
}

function figures({ tally, outcomes, conflicts, shared }: RaceReport | CrashReport): string[] {
  return [
    `calls told of ports: ${list(outcomes)}`,
    `log: ${list({ ...tally })}`,
    `foreign ports that were first ${conflicts}; addresses shared with foreign ports at the end, all audited: ${shared}`,
  ];
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function verdict(violations: readonly string[]): string {
  if (violations.length === 0) return 'all promises kept';
  const more = violations.length > SHOWN ? [`and ${violations.length - SHOWN} more`] : [];
  return `BROKEN PROMISES:\n  ${[...violations.slice(0, SHOWN), ...more].join('\n  ')}`;
}
