/**
 * The rules that a value of a base type must meet (RFC 7047 §3.2), each as the words that finish
 * "`<value>` …" in an error. The server checks the same rules; checking before sending gives errors that
 * name the column, and keeps away the faults for which the server closes the connection instead of failing
 * the operation: a NUL character, an unpaired surrogate, a real number that it cannot represent.
 */
import { printValue } from '../errors.js';
import type { BaseType, ColumnType } from './base-type.js';
import type { Atom } from './types.js';
import { ZERO_UUID } from './uuid.js';

const UNPAIRED_SURROGATE = /\p{Surrogate}/u;

/** The constraint that an atom of the right type breaks, or undefined. */
export function brokenConstraint(base: BaseType, atom: Atom): string | undefined {
  if (base.enum?.includes(atom) === false) {
    return `must be one of ${base.enum.map((member) => printValue(member)).join(', ')}`;
  }
  switch (base.type) {
    case 'integer':
      return outside(atom as number | bigint, base.minInteger, base.maxInteger);
    case 'real':
      return brokenRealRule(atom as number) ?? outside(atom as number, base.minReal, base.maxReal);
    case 'string':
      return brokenTextRule(base, atom as string);
    case 'boolean':
    case 'uuid':
      return undefined;
  }
}

/** The value that a column of this base type takes when none is given (RFC 7047 §5.2.1). */
export function defaultAtom({ type }: Pick<BaseType, 'type'>): Atom {
  switch (type) {
    case 'integer':
    case 'real':
      return 0;
    case 'boolean':
      return false;
    case 'string':
      return '';
    case 'uuid':
      return ZERO_UUID;
  }
}

/** Why an insert must give a column of this type: the rule that its default breaks. Undefined when it breaks none. */
export function brokenDefault(type: ColumnType): string | undefined {
  if (type.min === 0) return undefined;
  for (const base of type.value === undefined ? [type.key] : [type.key, type.value]) {
    const atom = defaultAtom(base);
    // The zero uuid refers to no row: the commit would fail.
    const rule = base.refTable === undefined ? brokenConstraint(base, atom) : `must refer to a row of ${base.refTable}`;
    if (rule !== undefined) return `${rule}, and its default ${printValue(atom)} is not allowed`;
  }
  return undefined;
}

// The extreme 15-digit numbers that a server reads back as what they are.
const SMALLEST_REAL = 2.22507385850721e-308;
const LARGEST_REAL = 1.79769313486231e308;

/**
 * Servers write 15 digits, also to their own database file. Nearer to the limits of a double that is a number they
 * cannot read: clients get null or are disconnected, and at the next start the server drops the record.
 */
function brokenRealRule(value: number): string | undefined {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= SMALLEST_REAL && magnitude <= LARGEST_REAL)) return undefined;
  return `must be 0 or, without its sign, between ${SMALLEST_REAL} and ${LARGEST_REAL}`;
}

type Limit = number | bigint | undefined;

function outside(value: number | bigint, min: Limit, max: Limit): string | undefined {
  if (min !== undefined && value < min) return `must be at least ${min}`;
  if (max !== undefined && value > max) return `must be at most ${max}`;
  return undefined;
}

/** Why a server would close the connection on a text, or undefined. */
export function unsendableReason(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain a NUL character';
  if (UNPAIRED_SURROGATE.test(text)) return 'must not contain an unpaired surrogate (it is not Unicode text)';
  return undefined;
}

function brokenTextRule(base: BaseType, text: string): string | undefined {
  const unsendable = unsendableReason(text);
  if (unsendable !== undefined) return unsendable;
  if (base.minLength === undefined && base.maxLength === undefined) return undefined;
  const length = codePoints(text);
  if (base.minLength !== undefined && length < base.minLength) return `must have at least ${base.minLength} characters`;
  if (base.maxLength !== undefined && length > base.maxLength) return `must have at most ${base.maxLength} characters`;
  return undefined;
}

/** Length as the server counts it: astral characters are one, where `text.length` has two. */
export function codePoints(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // The second half of a pair is counted with its first; unpaired halves have been refused.
    if (unit < 0xdc00 || unit > 0xdfff) count++;
  }
  return count;
}
