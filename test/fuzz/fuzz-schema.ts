/**
 * The database that the fuzz corpus is recorded from: a column of every kind, type and constraint, names that every
 * JavaScript object has as names of tables and columns, a set that is kept as versions, and a table that nobody
 * monitors, which makes the database big enough for a clustered server to keep a history.
 */
import type { DatabaseSchemaJson } from '../../lib/schema/types.js';
import { everyColumnSchema } from '../unit/schema/every-column.js';

const text = { type: { key: 'string', min: 0, max: 'unlimited' } } as const;
const map = { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } } as const;

export const fuzzSchema: DatabaseSchemaJson = {
  name: 'Fuzz',
  version: '1.0.0',
  tables: {
    ...everyColumnSchema.tables,
    constructor: {
      isRoot: true,
      columns: {
        toString: { type: 'string' },
        hasOwnProperty: map,
        valueOf: text,
        then: { type: { key: 'integer', min: 0 } },
      },
      indexes: [['toString']],
    },
    Switch: {
      isRoot: true,
      columns: {
        name: { type: 'string' },
        tag: { type: { key: 'integer', min: 0 } },
        members: text,
        ports: { type: { key: { type: 'uuid', refTable: 'Target' }, min: 0, max: 'unlimited' } },
        external_ids: map,
      },
      indexes: [['name', 'tag']],
    },
    Padding: { isRoot: true, columns: { text } },
  },
};

/** The tables of {@link fuzzSchema} that the recorded monitors ask for. */
export const monitoredTables: readonly string[] = Object.keys(fuzzSchema.tables).filter((name) => name !== 'Padding');
