/** JSON as ovsdb-server reads and prints it in messages: sorted members, 15 digits, integers of 64 bits. */
import { isInt64 } from '../../schema/integer.js';
import type { Integer } from '../../schema/types.js';

/** A JSON value; integers beyond ±(2^53−1) are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [member: string]: Json };

const TWO_TO_63 = 2 ** 63;

/** The integer that a JSON value is for the server: a number without a fraction that has 64 bits. Else undefined. */
export function jsonInteger(json: unknown): Integer | undefined {
  if (typeof json === 'bigint') return isInt64(json) ? json : undefined;
  if (typeof json !== 'number') return undefined;
  // Adding 0 turns -0 into 0: the server has no negative zero among its integers.
  if (Number.isSafeInteger(json)) return json + 0;
  return Number.isInteger(json) && json >= -TWO_TO_63 && json < TWO_TO_63 ? BigInt(json) : undefined;
}

/** A number as the server prints it: 15 significant digits, as `%.15g` of C. */
export function realText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponentText = ''] = value.toExponential(14).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 15) return withoutTrailingZeros(value.toFixed(14 - exponent));
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** A real as a JSON number that has no more digits than the server prints. */
export function realJson(value: number): number {
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? value : Number(value.toPrecision(15));
}

/** A JSON value as the server quotes it in the member `syntax` of an error. */
export function jsonText(json: unknown): string {
  if (json === null || json === undefined) return 'null';
  if (typeof json === 'string') return JSON.stringify(json);
  if (typeof json === 'boolean') return String(json);
  if (typeof json === 'number' || typeof json === 'bigint') {
    const integer = jsonInteger(json);
    return integer === undefined ? realText(Number(json)) : integer.toString();
  }
  if (Array.isArray(json)) return `[${json.map(jsonText).join(',')}]`;
  const members = Object.entries(json as Record<string, unknown>).sort(([a], [b]) => compareText(a, b));
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${jsonText(value)}`).join(',')}}`;
}

/** The order of texts by the bytes of their UTF-8: negative, 0 or positive. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const end = Math.min(a.length, b.length);
  for (let i = 0; i < end; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byCodePoint(x) - byCodePoint(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all that one unit holds. */
function byCodePoint(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function withoutTrailingZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
