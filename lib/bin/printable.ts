/** Texts of unknown origin, such as names in a database and what a server says, made safe for a terminal. */

/**
 * What does something to a terminal instead of being shown: control characters; those that turn the direction of
 * writing, join, or are not to be seen at all; ends of lines and paragraphs; and halves of characters.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A text of unknown origin as one line that is safe to print: `\x1b`, `\u202e` in the place of what is not. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
    return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\u{${code}}`;
  });
}

/** The same for a text of several lines, which it keeps. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
