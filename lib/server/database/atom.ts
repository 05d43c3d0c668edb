/** Single values of columns: read from JSON and checked as ovsdb-server does it (RFC 7047 §5.1). */
import { codePoints } from '../../schema/constraints.js';
import { normalizeInteger } from '../../schema/integer.js';
import type { AtomicType } from '../../schema/schema-json.js';
import type { Atom, Integer } from '../../schema/types.js';
import { isUuid } from '../../schema/uuid.js';
import { atomText } from './atom-text.js';
import { UNLIMITED, type BaseType } from './column-type.js';
import { datumText } from './datum-text.js';
import { jsonInteger, realText } from './json-text.js';
import { constraintViolation, syntaxError } from './refusal.js';
import type { SymbolTable } from './symbol-table.js';

const ID = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Reads an atom and checks it against the constraints of its type.
 * @throws Refusal
 */
export function parseAtom(base: BaseType, json: unknown, symbols: SymbolTable | undefined): Atom {
  const atom = base.type === 'uuid' ? parseUuid(json, symbols) : readAtom(base.type, json);
  if (atom === undefined) throw syntaxError(json, `expected ${base.type}`);
  checkAtom(base, atom);
  return atom;
}

function readAtom(type: AtomicType, json: unknown): Atom | undefined {
  switch (type) {
    case 'integer': {
      const integer = jsonInteger(json);
      return integer === undefined ? undefined : normalizeInteger(integer);
    }
    case 'real':
      return typeof json === 'number' || typeof json === 'bigint' ? Number(json) + 0 : undefined;
    case 'boolean':
      return typeof json === 'boolean' ? json : undefined;
    default:
      return typeof json === 'string' ? json : undefined;
  }
}

function parseUuid(json: unknown, symbols: SymbolTable | undefined): Atom {
  if (Array.isArray(json) && json.length === 2 && typeof json[1] === 'string') {
    const text: string = json[1];
    if (json[0] === 'uuid') {
      if (isUuid(text)) return text.toLowerCase();
      throw syntaxError(json, `"${text}" is not a valid UUID`);
    }
    if (json[0] === 'named-uuid' && symbols !== undefined) {
      if (!ID.test(text)) throw syntaxError(json, 'named-uuid string is not a valid <id>');
      return symbols.refer(text);
    }
  }
  throw syntaxError(json, 'expected ["uuid", <string>]');
}

/** Does an atom of the right type meet the constraints of a base type? */
export function isAllowed(base: BaseType, atom: Atom): boolean {
  if (base.enum !== undefined) return base.enum.has(base, atom);
  switch (base.type) {
    case 'integer':
      return within(atom as Integer, base.minInteger, base.maxInteger);
    case 'real':
      return within(atom as number, base.minReal, base.maxReal);
    case 'string':
      if (base.minLength === 0 && base.maxLength === UNLIMITED) return true;
      return within(codePoints(atom as string), base.minLength, base.maxLength);
    case 'boolean':
    case 'uuid':
      return true;
  }
}

function within(value: Integer, min: Integer | undefined, max: Integer | undefined): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max);
}

/**
 * Checks an atom of the right type against the constraints of a base type.
 * @throws Refusal
 */
export function checkAtom(base: BaseType, atom: Atom): void {
  if (!isAllowed(base, atom)) throw constraintViolation(brokenRule(base, atom));
}

function brokenRule(base: BaseType, atom: Atom): string {
  if (base.enum !== undefined) {
    const allowed = datumText(base.enum, { key: base, value: undefined, min: 1, max: UNLIMITED });
    return `${atomText(base.type, atom)} is not one of the allowed values (${allowed})`;
  }
  if (base.type === 'string') {
    const text = atom as string;
    const length = codePoints(text);
    return length < base.minLength
      ? `"${text}" length ${length} is less than minimum allowed length ${base.minLength}`
      : `"${text}" length ${length} is greater than maximum allowed length ${base.maxLength}`;
  }
  if (base.type === 'real') return brokenRange(atom as number, base.minReal, base.maxReal, realText);
  return brokenRange(atom as Integer, base.minInteger, base.maxInteger, String);
}

function brokenRange<T>(value: T, min: T | undefined, max: T | undefined, text: (n: T) => string): string {
  if (min !== undefined && max !== undefined) {
    return `${text(value)} is not in the valid range ${text(min)} to ${text(max)} (inclusive)`;
  }
  if (min !== undefined) return `${text(value)} is less than minimum allowed value ${text(min)}`;
  return `${text(value)} is greater than maximum allowed value ${max === undefined ? '' : text(max)}`;
}
