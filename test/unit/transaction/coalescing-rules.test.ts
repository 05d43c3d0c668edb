import { expect } from 'chai';

import { parseSchema } from '../../../lib/schema/schema.js';
import type { UntypedTables } from '../../../lib/schema/types.js';
import type { Uuid } from '../../../lib/schema/uuid.js';
import { Transaction } from '../../../lib/transaction/builder.js';
import { MAX_SHARED_OPERATIONS, mayShare } from '../../../lib/transaction/coalescing-rules.js';

const items = { type: { key: { type: 'uuid', refTable: 'Item', refType: 'weak' }, min: 0, max: 'unlimited' } };
const schema = parseSchema({
  name: 'D',
  version: '1.0.0',
  tables: {
    Shelf: {
      isRoot: true,
      indexes: [['name', 'place']],
      columns: {
        name: { type: 'string' },
        place: { type: 'integer' },
        note: { type: 'string' },
        weight: { type: 'integer' },
        items,
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        byName: { type: { key: 'string', value: { type: 'uuid', refTable: 'Item' }, min: 0, max: 'unlimited' } },
      },
    },
    Item: { isRoot: true, columns: { name: { type: 'string' } } },
  },
});
const UUID = 'abcdef01-2345-4789-8bcd-ef0123456789' as Uuid;

type Tx = Transaction<UntypedTables>;

function shares(callback: (tx: Tx) => unknown): boolean {
  const tx: Tx = new Transaction(schema, {});
  callback(tx);
  return mayShare(tx.build(), schema);
}

describe('transactions that may share one', () => {
  const MAY: readonly (readonly [what: string, callback: (tx: Tx) => unknown])[] = [
    ['an insert', (tx) => tx.insert('Shelf', { name: 'x' })],
    ['an insert and a reference to it', (tx) => tx.mutate('Shelf', UUID, { items: { insert: [tx.insert('Item', {})] } })],
    ['members and pairs added', (tx) => tx.mutate('Shelf', UUID, { ids: { insert: { a: 'b' } }, byName: { insert: { a: UUID } } })],
    ['pairs of texts replaced and taken away', (tx) => tx.mutate('Shelf', UUID, { ids: { set: { a: 'b' }, delete: ['c'] } })],
    ['a number changed in place', (tx) => tx.mutate('Shelf', UUID, { weight: { add: 1 } })],
    ['a column overwritten', (tx) => tx.update('Shelf', UUID, { note: 'x', ids: {} })],
    ['a change of an inserted row', (tx) => tx.update('Shelf', tx.insert('Shelf', {}), { note: 'x' })],
    ['a row that must exist', (tx) => { tx.ensureExists('Shelf', UUID); tx.update('Shelf', UUID, { note: 'x' }); }],
    ['contents that must be', (tx) => { tx.wait('Shelf', UUID, '==', [{ note: 'y' }]); tx.update('Shelf', UUID, { note: 'x' }); }],
  ]; // prettier-ignore
  for (const [what, callback] of MAY) it(what, () => expect(shares(callback)).to.equal(true));
});

describe('transactions that are sent alone', () => {
  const MAY_NOT: readonly (readonly [what: string, callback: (tx: Tx) => unknown])[] = [
    ['an insert under a uuid of the caller', (tx) => tx.insertWithUuid('Shelf', UUID, {})],
    ['a delete', (tx) => tx.delete('Shelf', UUID)],
    ['a select', (tx) => tx.select('Shelf', UUID)],
    ['a mutation by conditions', (tx) => tx.mutate('Shelf', [['note', '==', 'x']], { weight: { add: 1 } })],
    ['an update by more than the uuid', (tx) => tx.update('Shelf', [['_uuid', '==', UUID], ['note', '==', 'x']], { note: 'y' })],
    ['an update of all rows but one', (tx) => tx.update('Shelf', [['_uuid', '!=', UUID]], { note: 'y' })],
    ['an update of all rows', (tx) => tx.update('Shelf', [], { note: 'y' })],
    ['a change in an index', (tx) => tx.update('Shelf', UUID, { name: 'y' })],
    ['a mutation in an index', (tx) => tx.mutate('Shelf', UUID, { place: { add: 1 } })],
    ['references taken away', (tx) => tx.mutate('Shelf', UUID, { items: { delete: [UUID] } })],
    ['references overwritten', (tx) => tx.update('Shelf', UUID, { items: [] })],
    ['references in a map replaced', (tx) => tx.mutate('Shelf', UUID, { byName: { set: { a: UUID } } })],
    ['a wait that may take time', (tx) => tx.wait('Shelf', UUID, '==', [{ note: 'y' }], { timeoutMs: 1 })],
    ['a wait for what must not be', (tx) => tx.wait('Shelf', UUID, '!=', [{ note: 'y' }])],
    ['a wait by conditions', (tx) => tx.wait('Shelf', [['note', '==', 'x']], '==', [{ note: 'x' }])],
    ['a comment', (tx) => { tx.comment('x'); tx.insert('Shelf', {}); }],
    ['an assertion of a lock', (tx) => tx.assert('x')],
    ['a durable commit', (tx) => tx.commitDurably()],
    ['an operation as it stands', (tx) => tx.operation({ op: 'insert', table: 'Shelf', row: {} })],
    ['an abort as it stands', (tx) => tx.operation({ op: 'abort' })],
    ['one that is long enough', (tx) => Array.from({ length: MAX_SHARED_OPERATIONS }, () => tx.insert('Shelf', {}))],
  ]; // prettier-ignore
  for (const [what, callback] of MAY_NOT) it(what, () => expect(shares(callback)).to.equal(false));

  it('whatever else they do', () => {
    for (const [, callback] of MAY_NOT) {
      const also = (tx: Tx): unknown => [tx.insert('Shelf', {}), callback(tx)];
      expect(shares(also)).to.equal(false);
    }
  });
});
