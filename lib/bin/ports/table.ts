/** Tables for people: columns in line, nothing cut, nothing wrapped, no colours. */
import { printable } from '../printable.js';
import { textWidth } from '../watch/text-width.js';

/**
 * Lines of a table with a header, each ended. Columns are as wide as their widest cell, the last one as it comes; an
 * empty cell is shown as `-`. What a name in the database may hold cannot play with the terminal.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((cells) => cells.map((cell) => (cell === '' ? '-' : printable(cell))))];
  const widths = header.map((_, column) =>
    lines.reduce((most, cells) => Math.max(most, textWidth(cells[column] ?? '')), 0),
  );
  return lines
    .map((cells) => cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - textWidth(cell))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A number with the word that goes with it: `1 port`, `3 ports`. */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 || count === 1n ? one : many}`;
}
