import { expect } from 'chai';

import { parseSchema } from '../../../lib/schema/schema.js';
import type { UntypedTables } from '../../../lib/schema/types.js';
import type { Uuid } from '../../../lib/schema/uuid.js';
import { Transaction, type BuiltTransaction } from '../../../lib/transaction/builder.js';

const strings = { key: 'string', min: 0, max: 'unlimited' };
const refs = (refTable: string, refType: string): object => ({
  type: { key: { type: 'uuid', refTable, refType }, min: 0, max: 'unlimited' },
});
const schema = parseSchema({
  name: 'D',
  version: '1.0.0',
  tables: {
    Shelf: {
      isRoot: true,
      columns: {
        name: { type: 'string' },
        items: refs('Item', 'strong'),
        ids: { type: { ...strings, value: 'string' } },
      },
    },
    Item: { columns: { name: { type: 'string' }, parts: refs('Item', 'strong'), friends: refs('Item', 'weak') } },
  },
});

const SHELF = 'abcdef01-2345-4789-8bcd-ef0123456789' as Uuid;
const OTHER = '00000000-2345-4789-8bcd-ef0123456789' as Uuid;

type Tx = Transaction<UntypedTables>;

function build(callback: (tx: Tx) => unknown): BuiltTransaction {
  const tx: Tx = new Transaction(schema, {});
  callback(tx);
  return tx.build();
}

describe('the guard of the row that inserted rows hang on', () => {
  const TOLD: readonly (readonly [what: string, callback: (tx: Tx) => unknown, position: number])[] = [
    ['one insert and a mutation', (tx) => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', {})] } }), 1],
    ['several inserts and a mutation', (tx) => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', {}), tx.insert('Item', {})] } }), 2],
    ['an update that overwrites', (tx) => tx.update('Shelf', SHELF, { items: [tx.insert('Item', {})], name: 'x' }), 1],
    ['two changes of the row', (tx) => { tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', {})] } }); tx.mutate('Shelf', SHELF, { ids: { set: { a: 'b' } } }); }, 2],
    ['a comment', (tx) => { tx.comment('why'); tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', {})] } }); }, 2],
    ['an insert that hangs on another one', (tx) => { const part = tx.insert('Item', {}); tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', { parts: [part] })] } }); }, 2],
    ['weak references to rows that exist', (tx) => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', { friends: [OTHER] })] } }), 1],
    ['the uuid in capitals', (tx) => tx.mutate('Shelf', SHELF.toUpperCase() as Uuid, { items: { insert: [tx.insert('Item', {})] } }), 1],
  ]; // prettier-ignore
  for (const [what, callback, position] of TOLD) {
    it(`is told by a count: ${what}`, () => {
      const { guards, tellingCount } = build(callback);
      expect(guards).to.have.lengthOf(1);
      expect(tellingCount).to.equal(position);
    });
  }

  const put = (tx: Tx): unknown => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', {})] } });
  const WAITED: readonly (readonly [what: string, callback: (tx: Tx) => unknown, guards?: number])[] = [
    ['two rows to hang on', (tx) => { put(tx); tx.mutate('Shelf', OTHER, { items: { insert: [tx.insert('Item', {})] } }); }, 2],
    ['a change of another row', (tx) => { put(tx); tx.mutate('Shelf', OTHER, { name: undefined, ids: { set: { a: 'b' } } }); }],
    ['a change of another table', (tx) => { put(tx); tx.update('Item', SHELF, { name: 'x' }); }],
    ['a change by conditions', (tx) => { put(tx); tx.update('Shelf', [['_uuid', '==', SHELF], ['name', '==', 'x']], { name: 'x' }); }],
    ['a change of all rows', (tx) => { put(tx); tx.update('Shelf', [], { name: 'x' }); }],
    ['a change of an inserted row', (tx) => { const item = tx.insert('Item', {}); tx.mutate('Shelf', SHELF, { items: { insert: [item] } }); tx.update('Item', item, { name: 'x' }); }],
    ['an insert of a root', (tx) => { put(tx); tx.insert('Shelf', {}); }],
    ['an insert under a uuid that may be taken', (tx) => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insertWithUuid('Item', OTHER, {})] } })],
    ['a strong reference that may be broken', (tx) => tx.mutate('Shelf', SHELF, { items: { insert: [tx.insert('Item', { parts: [OTHER] })] } })],
    ['a delete', (tx) => { put(tx); tx.delete('Shelf', OTHER); }],
    ['a select', (tx) => { put(tx); tx.select('Shelf', SHELF); }],
    ['a wait', (tx) => { put(tx); tx.wait('Shelf', OTHER, '==', [{ name: 'x' }]); }],
    ['an assertion of a lock', (tx) => { put(tx); tx.assert('lock'); }],
    ['a durable commit', (tx) => { put(tx); tx.commitDurably(); }],
    ['an operation as it stands', (tx) => { put(tx); tx.operation({ op: 'mutate', table: 'Shelf', where: [['_uuid', '==', ['uuid', SHELF]]], mutations: [] }); }],
  ]; // prettier-ignore
  for (const [what, callback, count = 1] of WAITED) {
    it(`is a wait: ${what}`, () => {
      const { guards, tellingCount } = build(callback);
      expect(guards).to.have.lengthOf(count);
      expect(tellingCount).to.equal(undefined);
    });
  }

  it('is neither where nothing hangs on a row, nor where the callback guards it', () => {
    for (const callback of [
      (tx: Tx): unknown => tx.update('Shelf', SHELF, { name: 'x' }),
      (tx: Tx): unknown => tx.insert('Shelf', { items: [tx.insert('Item', {})] }),
      (tx: Tx): unknown => {
        tx.ensureExists('Shelf', SHELF);
        return put(tx);
      },
    ]) {
      const { guards, tellingCount } = build(callback);
      expect(guards).to.deep.equal([]);
      expect(tellingCount).to.equal(undefined);
    }
  });
});
