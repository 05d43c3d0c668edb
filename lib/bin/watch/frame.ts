/**
 * What a terminal shows, as cells, and the least text that turns one such picture into another. Escape sequences are
 * those of ECMA-48 that every terminal of today, and the console, knows.
 */
import { characterWidth } from './text-width.js';

/** What a text looks like. */
export type Style = 'plain' | 'bold' | 'dim' | 'title' | 'chosen' | 'good' | 'bad' | 'kept' | 'alarm';

/** A text in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** A line, as long as it comes. */
export type Line = readonly Span[];

interface Cell {
  /** Empty: the second half of a wide character. */
  readonly text: string;
  readonly style: Style;
}

/** Lines as cells, all of one length. */
export type Frame = readonly (readonly Cell[])[];

const BLANK: Cell = { text: ' ', style: 'plain' };
/** So many equal cells are rather written again than jumped over. */
const SHORT_GAP = 6;
/** A character and the marks upon it; more of them, which no language has, would reach over other lines. */
const MAX_CELL_LENGTH = 8;

const ATTRIBUTES: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '1',
  dim: '2',
  title: '1',
  chosen: '7',
  good: '32',
  bad: '31',
  kept: '33',
  alarm: '1;35',
};
const WITHOUT_COLOURS: Readonly<Record<Style, string>> = { ...ATTRIBUTES, good: '', bad: '', kept: '', alarm: '1' };

/**
 * A picture of lines, which are cut at `columns` and filled up to it. To a terminal that takes no UTF-8, bytes of other
 * characters could be commands: without `isUnicode`, `?` stands in the place of each.
 */
export function frameOf(lines: readonly Line[], columns: number, isUnicode = true): Frame {
  return lines.map((line) => {
    const cells: Cell[] = [];
    for (const { text, style } of line) {
      for (const character of text) {
        const width = characterWidth(character);
        if (width === 0) {
          // The second half of a wide character has no text to put a mark upon.
          const at = cells.length - (cells.at(-1)?.text === '' ? 2 : 1);
          const marked = cells[at];
          if (isUnicode && marked !== undefined && marked.text.length < MAX_CELL_LENGTH)
            cells[at] = { ...marked, text: marked.text + character };
          continue;
        }
        if (cells.length + width > columns) break;
        cells.push({ text: isUnicode || character < '\x7f' ? character : '?', style });
        if (width === 2) cells.push({ text: isUnicode ? '' : '?', style });
      }
    }
    while (cells.length < columns) cells.push(BLANK);
    return cells;
  });
}

/** The text of a picture, without its looks. */
export function frameText(frame: Frame): string {
  return frame
    .map((cells) =>
      cells
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** The text to write to a terminal that shows `old`, or nothing at all if undefined, to have it show `frame`. */
export function frameDifference(old: Frame | undefined, frame: Frame, hasColours: boolean): string {
  const attributes = hasColours ? ATTRIBUTES : WITHOUT_COLOURS;
  let text = old === undefined ? '\x1b[0m\x1b[2J' : '';
  frame.forEach((cells, row) => {
    text += lineDifference(old?.[row] ?? cells.map(() => BLANK), cells, row, attributes);
  });
  return text;
}

function lineDifference(
  old: readonly Cell[],
  cells: readonly Cell[],
  row: number,
  attributes: Readonly<Record<Style, string>>,
): string {
  let text = '';
  const blankFrom = cells.findLastIndex((cell) => !isSame(cell, BLANK)) + 1;
  for (let at = 0; at < cells.length;) {
    if (isSame(cells[at], old[at])) {
      at++;
      continue;
    }
    // A wide character is written as a whole.
    let start = at;
    while (start > 0 && (cells[start]?.text === '' || old[start]?.text === '')) start--;
    if (start >= blankFrom) return `${text}\x1b[${row + 1};${start + 1}H\x1b[0m\x1b[K`;
    let end = at + 1;
    for (let equal = 0, next = end; next < cells.length && equal < SHORT_GAP; next++) {
      if (isSame(cells[next], old[next])) equal++;
      else [equal, end] = [0, next + 1];
    }
    while (end < cells.length && (cells[end]?.text === '' || old[end]?.text === '')) end++;
    const isRestBlank = end > blankFrom;
    text += `\x1b[${row + 1};${start + 1}H${written(cells.slice(start, isRestBlank ? blankFrom : end), attributes)}`;
    if (isRestBlank) return `${text}\x1b[K`;
    at = end;
  }
  return text;
}

/** Cells as text that begins and ends without attributes. */
function written(cells: readonly Cell[], attributes: Readonly<Record<Style, string>>): string {
  let text = '';
  let present = '';
  for (const cell of cells) {
    const wanted = attributes[cell.style];
    if (wanted !== present) text += present === '' ? `\x1b[${wanted}m` : `\x1b[0${wanted === '' ? '' : `;${wanted}`}m`;
    present = wanted;
    text += cell.text;
  }
  return present === '' ? text : `${text}\x1b[0m`;
}

function isSame(a: Cell | undefined, b: Cell | undefined): boolean {
  return a === b || (a?.text === b?.text && a?.style === b?.style);
}
