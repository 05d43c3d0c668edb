import { expect } from 'chai';

import { Replica } from '../../../lib/replica/replica.js';
import type { TableStore } from '../../../lib/replica/table.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { applySnapshot } from './apply-snapshot.js';

const table = { columns: { name: { type: 'string' } }, isRoot: true };
const schema = parseSchema({ name: 'D', version: '1.0.0', tables: { A: table, B: table, C: table } });
const ROW = '01234567-89ab-4cde-8f01-23456789abcd';
const NEW = '01234567-89ab-4cde-8f01-23456789abce';

/** Three tables of one row each, and an update that changes all of them. */
function replicaOf(): { replica: Replica; update: () => void; store: (name: string) => TableStore } {
  const replica = new Replica('all', (_event, error) => {
    throw error;
  });
  replica.adopt(schema);
  const rows = { [ROW]: { initial: { name: 'old' } } };
  applySnapshot(replica, { format: 'v2', tables: { A: rows, B: rows, C: rows } });
  const tables = {
    A: { [ROW]: { modify: { name: 'new' } } },
    B: { [NEW]: { insert: { name: 'new' } } },
    C: { [ROW]: { delete: null } },
  };
  return {
    replica,
    update: () => replica.applyUpdates({ format: 'v2', tables }, 'update'),
    store: (name) => replica.stores.get(name)!,
  };
}

describe('an update of several tables', () => {
  for (const [name, event, row] of [
    ['A', 'update', 'new'],
    ['B', 'insert', 'new'],
    ['C', 'delete', 'old'],
  ] as const) {
    it(`is told to the only listener there is, of ${event} in table ${name}`, () => {
      const { update, store } = replicaOf();
      const told: unknown[] = [];
      store(name).events.on(event, (...args) => {
        told.push(args[0]['name']);
      });
      update();
      expect(told).to.deep.equal([row]);
    });
  }

  for (const name of ['A', 'B']) {
    it(`is told to the only one who waits for a row, of table ${name}`, async () => {
      const { update, store } = replicaOf();
      const waiting = store(name).until((row) => row['name'] === 'new', {});
      update();
      expect(await waiting).to.include({ name: 'new' });
    });
  }

  it('is told to those who begin to listen as it is told', () => {
    const { update, store } = replicaOf();
    const told: string[] = [];
    store('A').events.on('update', () => {
      store('C').events.on('delete', () => told.push('C'));
    });
    update();
    expect(told).to.deep.equal(['C']);
  });
});
