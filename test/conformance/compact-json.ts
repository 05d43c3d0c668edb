/** JSON as the reference clients print it: no blanks, keys sorted. */
import { jsonNumber } from './number-text.js';

/** Prints a value that {@link parseJson} read. */
export function compactJson(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return jsonNumber(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(compactJson).join(',')}]`;
  const object = value as Record<string, unknown>;
  const members = Object.keys(object)
    .sort(byCodePoint)
    .map((key) => `${JSON.stringify(key)}:${compactJson(object[key])}`);
  return `{${members.join(',')}}`;
}

/** Orders texts by code point, which is not the order of JavaScript's UTF-16. */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
