/** A small database in which every rule can be met. */
import { Database, type Commit } from '../../../../lib/server/database/database.js';
import type { Json } from '../../../../lib/server/database/json-text.js';

export const SAMPLE_SCHEMA = {
  name: 'Sample',
  version: '1.2.3',
  tables: {
    Switch: {
      isRoot: true,
      maxRows: 3,
      indexes: [['name']],
      columns: {
        name: { type: 'string' },
        ports: { type: { key: { type: 'uuid', refTable: 'Port' }, min: 0, max: 'unlimited' } },
        favourite: { type: { key: { type: 'uuid', refTable: 'Port', refType: 'weak' }, min: 0, max: 1 } },
        needed: { type: { key: { type: 'uuid', refTable: 'Switch', refType: 'weak' }, min: 0, max: 'unlimited' } },
      },
    },
    Port: {
      columns: {
        name: { type: 'string', mutable: false },
        tag: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 4095 }, min: 0, max: 1 } },
        numbers: { type: { key: 'integer', min: 0, max: 3 } },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        peer: { type: { key: { type: 'uuid', refTable: 'Port' }, min: 0, max: 1 } },
        state: { type: { key: { type: 'string', enum: ['set', ['up', 'down']] }, min: 0, max: 1 }, ephemeral: true },
      },
    },
  },
};

/** See the head of this file, with what a test asks of it most. */
export class SampleDatabase {
  readonly database: Database = new Database(SAMPLE_SCHEMA);
  readonly commits: Commit[] = [];

  constructor() {
    this.database.onCommit((commit) => this.commits.push(commit));
  }

  /** The results of a transaction that does not wait. */
  transact(...operations: readonly unknown[]): Json[] {
    const outcome = this.database.execute(operations, { ownsLock: (id) => id === 'mine', elapsedMs: 0 });
    if (!outcome.done) throw new Error('the transaction waits');
    return outcome.result;
  }

  /** The uuid that an insert got. */
  insert(table: string, row: object): string {
    const [result] = this.transact({ op: 'insert', table, row }) as [{ uuid: [string, string] }];
    return result.uuid[1];
  }

  /** Some columns of all rows of a table. */
  rows(table: string, ...columns: readonly string[]): unknown {
    const [result] = this.transact({ op: 'select', table, where: [], columns }) as [{ rows: unknown }];
    return result.rows;
  }
}

/** A port on a switch of its own name, both new. */
export function portOnSwitch(name: string): readonly object[] {
  return [
    { op: 'insert', table: 'Port', 'uuid-name': 'port', row: { name } },
    { op: 'insert', table: 'Switch', row: { name, ports: ['named-uuid', 'port'] } },
  ];
}
