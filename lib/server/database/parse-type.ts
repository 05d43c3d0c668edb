/** Column types from the JSON of a schema and back (RFC 7047 §3.2), refused in the words of ovsdb-server. */
import { isJsonObject } from '../../schema/base-type.js';
import type { AtomicType } from '../../schema/schema-json.js';
import type { Integer } from '../../schema/types.js';
import { hasConstraints, isScalar, plainType, UNLIMITED, type BaseType, type ColumnType } from './column-type.js';
import { parseDatum } from './datum-parse.js';
import { datumJson } from './datum-text.js';
import { jsonInteger, realJson, type Json } from './json-text.js';
import { MemberParser } from './member-parser.js';
import { syntaxError } from './refusal.js';

const ATOMIC_TYPES: ReadonlySet<unknown> = new Set<AtomicType>(['integer', 'real', 'boolean', 'string', 'uuid']);

/**
 * Reads a `<type>`.
 * @throws Refusal
 */
export function parseType(json: unknown): ColumnType {
  if (typeof json === 'string') return { key: parseBaseType(json), value: undefined, min: 1, max: 1 };
  if (!isJsonObject(json)) throw syntaxError(json, 'ovsdb type expected');
  const parser = new MemberParser(json, 'ovsdb type');
  const key = parser.required('key', 'string', 'object');
  const value = parser.optional('value', 'string', 'object');
  const min = parser.optional('min', 'integer');
  const max = parser.optional('max', 'integer', 'string');
  parser.finish();
  const type = {
    key: parseBaseType(key),
    value: value === undefined ? undefined : parseBaseType(value),
    min: parseCount(min),
    max: max === 'unlimited' ? UNLIMITED : parseCount(max),
  };
  if (type.min > 1 || type.max < 1) throw syntaxError(json, 'ovsdb type fails constraint checks');
  return type;
}

function parseCount(json: unknown): number {
  if (json === undefined) return 1;
  const count = jsonInteger(json);
  if (typeof count === 'number' && count >= 0 && count < UNLIMITED) return count;
  throw syntaxError(json, 'bad min or max value');
}

function parseBaseType(json: unknown): BaseType {
  if (typeof json === 'string') return plainType(parseAtomicType(json));
  const parser = new MemberParser(json, 'ovsdb type');
  const typeName = parser.required('type', 'string');
  parser.check();
  const type = parseAtomicType(typeName);
  const base = { ...plainType(type), ...parseConstraints(type, parser, json) };
  parser.finish();
  return base;
}

function parseAtomicType(json: unknown): AtomicType {
  if (ATOMIC_TYPES.has(json)) return json as AtomicType;
  throw syntaxError(json, `"${String(json)}" is not an atomic-type`);
}

function parseConstraints(type: AtomicType, parser: MemberParser, json: unknown): Partial<BaseType> {
  const members = parser.optional('enum', 'any');
  if (members !== undefined) {
    return { enum: parseDatum({ key: plainType(type), value: undefined, min: 1, max: UNLIMITED }, members) };
  }
  switch (type) {
    case 'integer': {
      const minInteger = jsonInteger(parser.optional('minInteger', 'integer'));
      const maxInteger = jsonInteger(parser.optional('maxInteger', 'integer'));
      if (exceeds(minInteger, maxInteger)) throw syntaxError(json, 'minInteger exceeds maxInteger');
      return { minInteger, maxInteger };
    }
    case 'real': {
      const minReal = asReal(parser.optional('minReal', 'number'));
      const maxReal = asReal(parser.optional('maxReal', 'number'));
      if (exceeds(minReal, maxReal)) throw syntaxError(json, 'minReal exceeds maxReal');
      return { minReal, maxReal };
    }
    case 'string': {
      const minLength = parseLength(parser, 'minLength') ?? 0;
      const maxLength = parseLength(parser, 'maxLength') ?? UNLIMITED;
      if (exceeds(minLength, maxLength)) throw syntaxError(json, 'minLength exceeds maxLength');
      return { minLength, maxLength };
    }
    case 'uuid': {
      const refTable = parser.optional('refTable', 'id') as string | undefined;
      if (refTable === undefined) return {};
      const refType = (parser.optional('refType', 'id') as string | undefined) ?? 'strong';
      if (refType !== 'strong' && refType !== 'weak') {
        throw syntaxError(json, `refType must be "strong" or "weak" (not "${refType}")`);
      }
      return { refTable, refType };
    }
    case 'boolean':
      return {};
  }
}

function exceeds(min: Integer | undefined, max: Integer | undefined): boolean {
  return min !== undefined && max !== undefined && min > max;
}

function asReal(json: unknown): number | undefined {
  return json === undefined ? undefined : Number(json);
}

function parseLength(parser: MemberParser, member: string): number | undefined {
  const json = parser.optional(member, 'integer');
  if (json === undefined) return undefined;
  const length = jsonInteger(json);
  if (typeof length === 'number' && length >= 0 && length <= UNLIMITED) return length;
  throw syntaxError(json, `${member} out of valid range 0 to ${UNLIMITED}`);
}

/** A type as `get_schema` prints it: nothing that would be understood anyway. */
export function typeJson(type: ColumnType): Json {
  if (isScalar(type) && !hasConstraints(type.key)) return type.key.type;
  return {
    key: baseTypeJson(type.key),
    ...(type.value !== undefined && { value: baseTypeJson(type.value) }),
    ...(type.min !== 1 && { min: type.min }),
    ...(type.max === UNLIMITED ? { max: 'unlimited' } : type.max !== 1 && { max: type.max }),
  };
}

function baseTypeJson(base: BaseType): Json {
  if (!hasConstraints(base)) return base.type;
  const enumType = { key: plainType(base.type), value: undefined, min: 1, max: UNLIMITED };
  return {
    type: base.type,
    ...(base.enum !== undefined && { enum: datumJson(base.enum, enumType) }),
    ...(base.minInteger !== undefined && { minInteger: base.minInteger }),
    ...(base.maxInteger !== undefined && { maxInteger: base.maxInteger }),
    ...(base.minReal !== undefined && { minReal: realJson(base.minReal) }),
    ...(base.maxReal !== undefined && { maxReal: realJson(base.maxReal) }),
    ...(base.minLength !== 0 && { minLength: base.minLength }),
    ...(base.maxLength !== UNLIMITED && { maxLength: base.maxLength }),
    ...(base.refTable !== undefined && { refTable: base.refTable }),
    ...(base.refType === 'weak' && { refType: base.refType }),
  };
}
