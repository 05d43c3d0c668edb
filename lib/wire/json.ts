/**
 * JSON without loss. OVSDB's integers have 64 bits, JavaScript's numbers are exact only up to 2^53-1.
 * An integer beyond that is read as a bigint and a bigint is written as an integer; everything else is
 * what `JSON.parse` and `JSON.stringify` make of it, and costs what they cost.
 *
 * `JSON.parse` gives no access to a number's digits. Where a text has such an integer, it is parsed
 * once more with each of them rewritten to a string marked by a NUL, and the marked strings are then
 * turned into bigints. A genuine string that starts with NUL gets a second NUL in that rewriting, so
 * that no text can be mistaken for a marked one.
 */

import { InvalidArgumentError } from '../errors.js';

/** Fewest digits that a number needs to lie outside ±(2^53-1). */
export const UNSAFE_INTEGER_DIGITS = 16;

/** 20 digits and a sign: no integer of 64 bits is longer. To make a bigint of more takes more than linear time. */
const MAX_INTEGER_LENGTH = 21;

/** Deepest nesting that ovsdb-server reads. */
const MAX_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const NUL_ESCAPE = '\\u0000';

/**
 * Parses a JSON text. Integer literals (no fraction, no exponent) outside ±(2^53-1) become bigints; those of more
 * than 21 characters are no integers of 64 bits, and are read as the reals that ovsdb-server takes them for.
 *
 * @param mayHoldUnsafeIntegers - False skips the search for such literals; only right when the text
 * is known to have no run of 16 digits outside its strings.
 * @throws SyntaxError as `JSON.parse` does.
 */
export function parseJson(text: string, mayHoldUnsafeIntegers: boolean): unknown {
  const value: unknown = JSON.parse(text);
  if (!mayHoldUnsafeIntegers) return value;
  // The text is known to be valid from here on, which keeps the rewriting simple.
  const marked = markUnsafeIntegers(text);
  return marked === undefined ? value : revive(JSON.parse(marked));
}

/**
 * Writes a value as JSON, as `JSON.stringify` does, with bigints as integer literals.
 *
 * @throws {@link InvalidArgumentError} when the value has no JSON form (undefined, a function), is
 * circular, or is nested deeper than the 1000 levels that ovsdb-server reads.
 */
export function stringifyJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    // Thrown for bigints, for circles, and by a toJSON method: the slow way tells them apart.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    text = write(value, 0);
  }
  if (text === undefined) throw new InvalidArgumentError(`a ${typeof value} cannot be written as JSON`);
  return text;
}

/** Rewrites the unsafe integers of a valid JSON text to marked strings; undefined when it has none. */
function markUnsafeIntegers(text: string): string | undefined {
  const parts: string[] = [];
  let found = false;
  let copied = 0;
  let at = 0;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) {
      const end = endOfString(text, at);
      // Keys are never numbers, so they are neither marked nor revived.
      if (text.startsWith(NUL_ESCAPE, at + 1) && !isKey(text, end)) {
        parts.push(text.slice(copied, at + 1), NUL_ESCAPE);
        copied = at + 1;
      }
      at = end;
    } else if (isDigit(c) || c === MINUS) {
      const end = endOfNumber(text, at);
      if (end - at >= UNSAFE_INTEGER_DIGITS && end - at <= MAX_INTEGER_LENGTH) {
        const literal = text.slice(at, end);
        if (/^-?\d+$/.test(literal) && !Number.isSafeInteger(Number(literal))) {
          found = true;
          parts.push(text.slice(copied, at), `"${NUL_ESCAPE}${literal}"`);
          copied = end;
        }
      }
      at = end;
    } else {
      at++;
    }
  }
  if (!found) return undefined;
  parts.push(text.slice(copied));
  return parts.join('');
}

/** Offset after the closing quote of the string that starts at `at`. */
function endOfString(text: string, at: number): number {
  for (;;) {
    at++;
    const c = text.charCodeAt(at);
    if (c === BACKSLASH) at++;
    else if (c === QUOTE) return at + 1;
  }
}

function endOfNumber(text: string, at: number): number {
  for (;;) {
    at++;
    const c = text.charCodeAt(at);
    // Digits, and the signs, points and exponents of reals.
    if (!(isDigit(c) || c === 0x2e || c === 0x2b || c === MINUS || c === 0x65 || c === 0x45)) return at;
  }
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isKey(text: string, at: number): boolean {
  let c = text.charCodeAt(at);
  while (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) c = text.charCodeAt(++at);
  return c === 0x3a;
}

/** Turns the marked strings of a parsed value into bigints, in place. */
function revive(value: unknown): unknown {
  if (typeof value === 'string') {
    if (value.charCodeAt(0) !== 0) return value;
    return value.charCodeAt(1) === 0 ? value.slice(1) : BigInt(value.slice(1));
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) value[i] = revive(value[i]);
  } else if (typeof value === 'object' && value !== null) {
    // A key `__proto__` is an own property here, so that assigning to it reaches no setter.
    const object = value as Record<string, unknown>;
    for (const key of Object.keys(object)) object[key] = revive(object[key]);
  }
  return value;
}

/** `JSON.stringify` with bigints; undefined stands for a value that objects leave out. */
function write(value: unknown, depth: number): string | undefined {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth > MAX_DEPTH) {
    throw new InvalidArgumentError(`the value is circular or nested deeper than ${MAX_DEPTH} levels`);
  }
  if (hasToJson(value)) return write(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return `[${value.map((item) => write(item, depth + 1) ?? 'null').join(',')}]`;
  const members: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    const text = write(member, depth + 1);
    if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`);
  }
  return `{${members.join(',')}}`;
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
