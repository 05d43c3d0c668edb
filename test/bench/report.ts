/** What one part of the benchmark has found. */
import type { Bar } from './bars.js';
import { figureNames, summarize, type Figures, type Summary } from './statistics.js';

/** A column of a table: the figure that it shows. */
export interface ReportColumn {
  readonly title: string;
  readonly figure: string;
  readonly decimals: number;
  readonly unit: string;
  /** Whether the smallest and the greatest value are shown beside the median. */
  readonly spread: boolean;
}

export interface ReportRow {
  readonly label: string;
  /** One element per round. */
  readonly runs: readonly Figures[];
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly ReportRow[];
  readonly bars: readonly Bar[];
  readonly notes: readonly string[];
}

/** Figure of every run: the share of the machine that others used meanwhile, 0 to 1. */
export const OTHERS = 'others';

/** A column that shows the median of a figure with so many decimals and its unit. */
export function column(title: string, figure: string, decimals: number, unit = ''): ReportColumn {
  return { title, figure, decimals, unit, spread: false };
}

/** The same with the smallest and the greatest value. */
export function spreadColumn(title: string, figure: string, decimals: number, unit = ''): ReportColumn {
  return { title, figure, decimals, unit, spread: true };
}

/** A number as people read it. */
export function formatNumber(value: number, decimals: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** A whole number as people read it. */
export function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** The titles, then label and cells of each row. */
export function cellsOf({ columns, rows }: Report): string[][] {
  return [
    ['', ...columns.map(({ title }) => title)],
    ...rows.map((row) => [row.label, ...columns.map((each) => cell(each, row))]),
  ];
}

function cell({ figure, decimals, unit, spread }: ReportColumn, { runs }: ReportRow): string {
  const summary = summarize(runs, figure);
  return summary === undefined ? '-' : formatSummary(summary, decimals, unit, spread && runs.length > 1);
}

/** `12.3 ms`, or with the spread `12.3 ms (11.9–14.0)`. */
export function formatSummary({ median, min, max }: Summary, decimals: number, unit: string, spread: boolean): string {
  const text = formatNumber(median, decimals) + (unit === '' ? '' : ` ${unit}`);
  return spread ? `${text} (${formatNumber(min, decimals)}–${formatNumber(max, decimals)})` : text;
}

/** One line on how much others used the machine during the runs of a report. */
export function loadNote({ rows }: Report): string {
  const load = summarize(
    rows.flatMap(({ runs }) => runs),
    OTHERS,
  );
  if (load === undefined) return 'How much others used the machine meanwhile is unknown.';
  return `Meanwhile others used ${formatSummary({ median: load.median * 100, min: load.min * 100, max: load.max * 100 }, 0, '%', true)} of the machine.`;
}

/** A report for people, in lines of text. */
export function formatReport(report: Report): string {
  const notes = [...report.notes, loadNote(report)];
  return [report.title, '', formatTable(cellsOf(report)), '', ...notes.map((note) => `  ${note}`), ''].join('\n');
}

/** A table whose first columns are flush left. */
export function formatTable(cells: readonly (readonly string[])[], flushLeft = 1): string {
  const widths = (cells[0] ?? []).map((_, i) => Math.max(...cells.map((line) => line[i]?.length ?? 0)));
  const pad = (text: string, i: number): string =>
    i < flushLeft ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0);
  return cells.map((line) => `  ${line.map(pad).join('  ')}`.trimEnd()).join('\n');
}

/** What a program gets: rows with their figures, rounded to six digits. */
export function jsonReport({ name, title, rows, bars }: Report): object {
  const figures = (runs: readonly Figures[]): object =>
    Object.fromEntries(figureNames(runs).map((figure) => [figure, roundedSummary(summarize(runs, figure))]));
  return {
    name,
    title,
    rows: rows.map(({ label, runs }) => ({ label, runs: runs.length, figures: figures(runs) })),
    bars: bars.map(({ what, summary, limit, sense, unit, met }) => ({
      what,
      unit,
      ...roundedSummary(summary),
      limit,
      sense,
      met,
    })),
  };
}

function roundedSummary(summary: Summary | undefined): {
  median: number | null;
  min: number | null;
  max: number | null;
} {
  const round = (value: number | undefined): number | null =>
    value !== undefined && Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
  return { median: round(summary?.median), min: round(summary?.min), max: round(summary?.max) };
}
