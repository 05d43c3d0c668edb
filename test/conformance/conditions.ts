/** Conditions as cases write them, in the JSON of the wire. */
import type { DatabaseSchema } from '../../lib/schema/schema.js';
import type { ConditionFunction } from '../../lib/schema/types.js';
import { compactJson } from './compact-json.js';
import { FatalError } from './output.js';
import { parseArray } from './raw-connection.js';

/** A condition of one table in the library's form: clauses, all rows or none. */
export type TableConditions = boolean | (readonly [column: string, fn: ConditionFunction, value: unknown])[];

/** One table's new condition. */
export interface ConditionChange {
  readonly table: string;
  readonly conditions: TableConditions;
  /** Equal for conditions that are written alike. */
  readonly text: string;
}

/** Reads `condition TABLE JSON[;TABLE JSON...]`. */
export function parseConditionCommand(command: string, schema: DatabaseSchema): ConditionChange[] {
  return command
    .slice('condition '.length)
    .split(';')
    .map((part) => {
      const [name, json, ...more] = part.split(' ');
      const table = schema.tables.get(name ?? '');
      if (table === undefined || json === undefined || more.length > 0) {
        throw new FatalError(`"${part}" is not a table and a condition without blanks`);
      }
      const clauses = parseArray(json);
      const conditions = clauses.includes(true)
        ? true
        : clauses
            .filter((clause) => clause !== false)
            .map((clause) => {
              const [column, fn, value] = clause as [string, ConditionFunction, unknown];
              return [column, fn, table.column(column).decode(value)] as const;
            });
      const text = compactJson(clauses.length === 0 ? [false] : clauses);
      return { table: table.name, conditions: conditions === true || conditions.length > 0 ? conditions : false, text };
    });
}
