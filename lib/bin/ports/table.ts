/** Tables for people: columns in line, nothing cut, nothing wrapped, no colours. */

/**
 * Lines of a table with a header, each ended. Columns are as wide as their widest cell, the last one as it comes; an
 * empty cell is shown as `-`. Control characters, which a name in the database may hold, are shown as `\xNN`, so that
 * they cannot play with the terminal.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows.map((cells) => cells.map((cell) => (cell === '' ? '-' : printable(cell))))];
  const widths = header.map((_, column) => lines.reduce((most, cells) => Math.max(most, widthOf(cells[column])), 0));
  return lines
    .map((cells) => cells.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - widthOf(cell))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

/** A text of unknown origin as one line that is safe to print. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are what must not reach the terminal
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A number with the word that goes with it: `1 port`, `3 ports`. */
export function counted(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 || count === 1n ? one : many}`;
}

/** Characters, not UTF-16 units. */
function widthOf(cell: string | undefined): number {
  return Array.from(cell ?? '').length;
}
