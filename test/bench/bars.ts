/** The bars: ratios to a floor, times and sizes that the library is meant to keep. */
import { formatNumber, formatSummary, formatTable, type Report, type ReportRow } from './report.js';
import { summarize, type Summary } from './statistics.js';

export interface Bar {
  /** What is compared with what. */
  readonly what: string;
  readonly summary: Summary | undefined;
  readonly sense: 'at most' | 'at least';
  readonly limit: number;
  readonly decimals: number;
  /** `×` for ratios. */
  readonly unit: string;
  /** Whether the median keeps the limit; undefined when nothing was measured. */
  readonly met: boolean | undefined;
}

/** What a bar is made of besides its text. */
export interface BarRule {
  /** Name of the figure in the row's runs. */
  readonly figure: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Default `×`. */
  readonly unit?: string;
  /** Default 2. */
  readonly decimals?: number;
}

/** A bar for a figure of a row. */
export function bar(what: string, row: ReportRow | undefined, rule: BarRule): Bar {
  const summary = summarize(row?.runs ?? [], rule.figure);
  const sense = rule.atMost === undefined ? 'at least' : 'at most';
  const limit = rule.atMost ?? rule.atLeast ?? NaN;
  const met = summary && (sense === 'at most' ? summary.median <= limit : summary.median >= limit);
  return { what, summary, sense, limit, decimals: rule.decimals ?? 2, unit: rule.unit ?? '×', met };
}

/** Titles and cells of a table of bars. */
export function barCells(reports: readonly Report[]): string[][] {
  const rows = reports.flatMap(({ name, bars }) =>
    bars.map(({ what, summary, sense, limit, decimals, unit, met }) => [
      name,
      what,
      summary === undefined ? 'not measured' : formatSummary(summary, decimals, unit, true),
      `${sense === 'at most' ? '≤' : '≥'} ${formatNumber(limit, limit % 1 === 0 ? 0 : decimals)} ${unit}`.trim(),
      met === undefined ? '-' : met ? 'met' : 'missed',
    ]),
  );
  return [['part', 'what', 'measured', 'bar', ''], ...rows];
}

export function formatBars(reports: readonly Report[]): string {
  const bars = reports.flatMap((report) => report.bars);
  if (bars.length === 0) return '';
  const met = bars.filter((each) => each.met === true).length;
  const missed = bars.filter((each) => each.met === false).length;
  return [`Bars: ${met} met, ${missed} missed`, '', formatTable(barCells(reports), 2), ''].join('\n');
}
