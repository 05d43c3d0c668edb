/** A schema with a column of every kind, atomic type and constraint, for the tests of the codec. */
import { parseSchema } from '../../../lib/schema/schema.js';
import type { ColumnSchema, DatabaseSchema } from '../../../lib/schema/schema.js';
import type { DatabaseSchemaJson } from '../../../lib/schema/types.js';

export const everyColumnSchema: DatabaseSchemaJson = {
  name: 'EveryColumn',
  version: '1.2.3',
  tables: {
    Every: {
      isRoot: true,
      columns: {
        integer: { type: 'integer' },
        integer_range: { type: { key: { type: 'integer', minInteger: -5, maxInteger: 10 } } },
        integer_min: { type: { key: { type: 'integer', minInteger: 1 }, min: 0 } },
        integer_enum: { type: { key: { type: 'integer', enum: ['set', [0, 5, 7]] } } },
        integer_set: { type: { key: 'integer', min: 0, max: 3 } },
        real: { type: 'real' },
        real_range: { type: { key: { type: 'real', minReal: -1.5, maxReal: 2.5 } } },
        real_optional: { type: { key: 'real', min: 0 } },
        real_set: { type: { key: 'real', min: 0, max: 'unlimited' } },
        boolean: { type: 'boolean' },
        boolean_optional: { type: { key: 'boolean', min: 0, max: 1 } },
        boolean_set: { type: { key: 'boolean', min: 0, max: 2 } },
        string: { type: 'string' },
        string_length: { type: { key: { type: 'string', minLength: 2, maxLength: 3 }, min: 0 } },
        string_enum: { type: { key: { type: 'string', enum: ['set', ['', 'a', 'b']] } } },
        string_set: { type: { key: 'string', min: 0, max: 'unlimited' } },
        string_some: { type: { key: 'string', min: 1, max: 4 } },
        uuid: { type: 'uuid' },
        uuid_optional: { type: { key: 'uuid', min: 0 } },
        strong: { type: { key: { type: 'uuid', refTable: 'Target' }, min: 0 } },
        strong_set: { type: { key: { type: 'uuid', refTable: 'Target' }, min: 0, max: 'unlimited' } },
        weak_set: { type: { key: { type: 'uuid', refTable: 'Target', refType: 'weak' }, min: 0, max: 'unlimited' } },
        map: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        map_integer_boolean: { type: { key: 'integer', value: 'boolean', min: 0, max: 2 } },
        map_single: {
          type: { key: 'string', value: { type: 'integer', minInteger: 1, maxInteger: 9 }, min: 0, max: 1 },
        },
        map_real_real: { type: { key: 'real', value: 'real', min: 0, max: 'unlimited' } },
        map_boolean_string: { type: { key: 'boolean', value: 'string', min: 0, max: 'unlimited' } },
        map_uuid_strong: {
          type: { key: 'uuid', value: { type: 'uuid', refTable: 'Target' }, min: 0, max: 'unlimited' },
        },
        immutable: { type: 'integer', mutable: false },
        ephemeral: { type: { key: 'string', min: 0 }, ephemeral: true },
      },
    },
    Target: { columns: { name: { type: 'string' } }, indexes: [['name']], maxRows: 100000 },
    Demanding: {
      isRoot: true,
      columns: {
        positive: { type: { key: { type: 'integer', minInteger: 1 } } },
        choice: { type: { key: { type: 'string', enum: ['set', ['x', 'y']] } } },
        owner: { type: { key: { type: 'uuid', refTable: 'Target' } } },
        remark: { type: 'string' },
      },
    },
  },
};

const parsed: DatabaseSchema = parseSchema(everyColumnSchema);

/** A column of the table `Every`. */
export function every(name: string): ColumnSchema {
  return parsed.table('Every').column(name);
}
