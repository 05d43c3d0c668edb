/** What one part of the benchmark has found, printed as a table for people or as JSON. */
import type { Figures } from './statistics.js';

/** A column of a table: the figure it shows, or a text made from all of a row's figures. */
export interface ReportColumn {
  readonly title: string;
  readonly show: (figures: Figures) => string;
}

export interface ReportRow {
  readonly label: string;
  readonly figures: Figures;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly ReportRow[];
  readonly notes: readonly string[];
}

/** A column that shows one figure with so many decimals and its unit. */
export function column(title: string, figure: string, decimals: number, unit = ''): ReportColumn {
  return {
    title,
    show: (figures) => {
      const value = figures[figure];
      if (value === undefined || Number.isNaN(value)) return '-';
      const number = value.toLocaleString('en-US', {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      return unit === '' ? number : `${number} ${unit}`;
    },
  };
}

/** The figures with ratios to those of another row added, as `NAME/label`. */
export function withRatios(row: ReportRow, to: ReportRow, label: string, names: readonly string[]): ReportRow {
  const ratios = names.map((name) => [`${name}/${label}`, (row.figures[name] ?? NaN) / (to.figures[name] ?? NaN)]);
  return { label: row.label, figures: { ...row.figures, ...(Object.fromEntries(ratios) as Figures) } };
}

export function formatReport({ title, columns, rows, notes }: Report): string {
  const cells = [
    ['', ...columns.map((each) => each.title)],
    ...rows.map(({ label, figures }) => [label, ...columns.map(({ show }) => show(figures))]),
  ];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i + 1]?.length ?? 0)));
  const labelWidth = Math.max(...cells.map((line) => line[0]?.length ?? 0));
  const lines = cells.map(([label = '', ...rest]) =>
    [label.padEnd(labelWidth), ...rest.map((cell, i) => cell.padStart(widths[i] ?? 0))].join('  ').trimEnd(),
  );
  return [title, '', ...lines.map((line) => `  ${line}`), '', ...notes.map((note) => `  ${note}`), ''].join('\n');
}

/** What a program gets: rows with their figures, rounded to six digits. */
export function jsonReport({ name, title, rows }: Report): object {
  const round = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(6)) : null);
  return {
    name,
    title,
    rows: rows.map(({ label, figures }) => ({
      label,
      figures: Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, round(value)])),
    })),
  };
}
