/** How many columns of a terminal a text takes. */
import { printable } from '../printable.js';

/** Ranges of characters that take two columns (Unicode, East Asian Width W and F, but for pictures), in order. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f200, 0x1f265],
  [0x20000, 0x3fffd],
];
/** Pictures take two columns, but for the letters that make flags in pairs. */
const PICTURE = /^(?!\p{Regional_Indicator})\p{Emoji_Presentation}$/u;
/** Those that are drawn upon the character before them, or not at all; also the later parts of a Korean syllable. */
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]$/u;

/** Columns of one character. */
export function characterWidth(character: string): 0 | 1 | 2 {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (NO_WIDTH.test(character)) return 0;
  return PICTURE.test(character) || WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Columns of a text. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** Makes a text of unknown origin exactly `width` columns wide: what is too long ends with `more`. */
export function fit(text: string, width: number, more: string, align: 'left' | 'right' = 'left'): string {
  const safe = printable(text);
  const missing = width - textWidth(safe);
  if (missing >= 0) return align === 'left' ? safe + ' '.repeat(missing) : ' '.repeat(missing) + safe;
  const room = width - textWidth(more);
  if (room < 0) return ' '.repeat(Math.max(0, width));
  let cut = '';
  let used = 0;
  for (const character of safe) {
    const columns = characterWidth(character);
    if (used + columns > room) break;
    cut += character;
    used += columns;
  }
  return `${cut}${more}${' '.repeat(room - used)}`;
}
