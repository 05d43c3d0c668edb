/** Mutations of rows (RFC 7047 §5.1). */
import type { Atom, Integer } from '../../schema/types.js';
import { computeInteger, computeReal, type ArithmeticMutator } from './arithmetic.js';
import { checkAtom } from './atom.js';
import { isScalar, plainType, typeInEnglish, UNLIMITED, type ColumnType } from './column-type.js';
import { Datum, subtract, union } from './datum.js';
import { parseDatum, sortAtoms } from './datum-parse.js';
import { constraintViolation, Refusal, syntaxError } from './refusal.js';
import type { StoredRow } from './stored-row.js';
import type { SymbolTable } from './symbol-table.js';
import type { Column, TableSchema } from './table-schema.js';

/** One `[column, mutator, value]`. */
export interface Mutation {
  readonly column: Column;
  readonly mutator: ArithmeticMutator | 'insert' | 'delete';
  readonly argument: Datum;
  /** Of a map, the argument is keys alone. */
  readonly byKey: boolean;
}

/**
 * Reads a `<mutation>`.
 * @throws Refusal
 */
export function parseMutation(table: TableSchema, json: unknown, symbols: SymbolTable): Mutation {
  if (!Array.isArray(json) || json.length !== 3 || typeof json[0] !== 'string' || typeof json[1] !== 'string') {
    throw syntaxError(json, 'Parse error in mutation.');
  }
  const [columnName, mutator, value] = json as [string, string, unknown];
  const column = table.byName.get(columnName);
  if (column === undefined) {
    throw syntaxError(json, `No column ${columnName} in table ${table.name}.`, 'unknown column');
  }
  if (!column.mutable) {
    const details = `Cannot mutate immutable column ${columnName} in table ${table.name}.`;
    throw syntaxError(json, details, 'constraint violation');
  }
  const { type } = column;
  switch (mutator) {
    case '+=':
    case '-=':
    case '*=':
    case '/=':
    case '%=': {
      const numeric = type.key.type === 'integer' || (type.key.type === 'real' && mutator !== '%=');
      if (type.value !== undefined || !numeric) throw mismatch(column, mutator, json);
      // The constraints of the column are for the result.
      const argument = parseDatum({ key: plainType(type.key.type), value: undefined, min: 1, max: 1 }, value, symbols);
      return { column, mutator, argument, byKey: false };
    }
    case 'insert':
      if (isScalar(type)) throw mismatch(column, mutator, json);
      return { column, mutator, argument: parseDatum({ ...type, min: 0 }, value, symbols), byKey: false };
    case 'delete':
      if (isScalar(type)) throw mismatch(column, mutator, json);
      return { column, mutator, ...parseDeleted({ ...type, min: 0, max: UNLIMITED }, value, symbols) };
    default:
      throw new Refusal('unknown mutator', `No mutator named ${mutator}.`);
  }
}

/** What is deleted from a map may be pairs, or keys whatever their values are. */
function parseDeleted(type: ColumnType, json: unknown, symbols: SymbolTable): Pick<Mutation, 'argument' | 'byKey'> {
  try {
    return { argument: parseDatum(type, json, symbols), byKey: type.value === undefined };
  } catch (error) {
    if (type.value === undefined || !(error instanceof Refusal)) throw error;
    return { argument: parseDatum({ ...type, value: undefined }, json, symbols), byKey: true };
  }
}

function mismatch(column: Column, mutator: string, json: unknown): Refusal {
  const details = `"${mutator}" operator may not be applied to column ${column.name} of type ${typeInEnglish(column.type)}.`;
  return syntaxError(json, `Type mismatch: ${details}`);
}

/**
 * Changes a row of which the transaction has its own copy.
 * @throws Refusal
 */
export function mutate(row: StoredRow, mutation: Mutation): void {
  const { column, mutator, argument } = mutation;
  const { type, index } = column;
  const datum = row.get(column);
  if (mutator !== 'insert' && mutator !== 'delete') {
    row.fields[index] = compute(type, datum, mutator, argument.keys[0] as Integer);
    return;
  }
  const result = mutator === 'insert' ? union(type, datum, argument) : subtract(type, datum, argument, mutation.byKey);
  if (result.size < type.min || result.size > type.max) {
    throw constraintViolation(`Attempted to store ${result.size} elements in ${typeInEnglish(type)}.`);
  }
  row.fields[index] = result;
}

function compute(type: ColumnType, datum: Datum, mutator: ArithmeticMutator, y: Integer): Datum {
  const base = type.key;
  const results = datum.keys.map((x): Atom =>
    base.type === 'integer' ? computeInteger(mutator, x as Integer, y) : computeReal(mutator, x as number, y as number),
  );
  for (const atom of results) checkAtom(base, atom);
  const duplicate = `Result of "${mutator}" operation contains duplicates.`;
  return new Datum(sortAtoms(base, results, duplicate, 'constraint violation'), undefined);
}
