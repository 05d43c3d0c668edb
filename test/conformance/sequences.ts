/** Sub-commands that are fixed sequences of inserts and of partial updates of sets and maps. */
import { randomUUID } from 'node:crypto';

import type { RowData } from '../../lib/replica/row.js';
import type { Atom, UntypedTables } from '../../lib/schema/types.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import type { CaseTransaction } from './commit.js';
import type { IdlClient } from './idl-client.js';
import { FatalError } from './output.js';

type Tx = Transaction<UntypedTables>;
type Sequence = (transaction: CaseTransaction, client: IdlClient) => void;

const ADDED_FIRST = '001e43d2-dd3f-4616-ab6a-83a490bb0991';
const ADDED_TWICE = '0026b3ba-571b-4729-8227-d860a5210ab8';
const ADDED_LAST = ['b6272353-af9c-40b7-90fe-32a43e6518a1', '1d6a71a2-dffb-426e-b2fa-b727091f9901'];

/** The sequences by name. */
export const SEQUENCES: Readonly<Record<string, Sequence | undefined>> = {
  linktest: (transaction) => {
    transaction.addStep((tx) => {
      const [first, second] = [randomUUID() as Uuid, randomUUID() as Uuid];
      tx.insertWithUuid('link1', first, { i: 1, k: first, ka: [first] });
      tx.insertWithUuid('link1', second, { i: 2, k: first, ka: [first, second] });
    });
  },
  getattrtest: (transaction) => {
    transaction.addStep((tx) => {
      const uuid = randomUUID() as Uuid;
      tx.insertWithUuid('link1', uuid, { i: 2, k: uuid });
    });
  },
  partialmapinsertelement: onRow('simple2', 'myString1', (tx, { _uuid }) => {
    tx.update('simple2', _uuid, { name: 'String2' });
    tx.mutate('simple2', _uuid, { smap: { set: { key1: 'myList1' } }, imap: { set: { 3: 'myids2' } } });
  }),
  partialmapinsertmultipleelements: onRow('simple2', 'String2', (tx, { _uuid }) => {
    tx.mutate('simple2', _uuid, { smap: { set: { key2: 'myList2', key3: 'myList3', key4: 'myList4' } } });
  }),
  partialmapdelelements: onRow('simple2', 'String2', (tx, row) => {
    const map = row['smap'] as Readonly<Record<string, Atom>>;
    // These two go only if they have the value that is expected of them.
    const expected = { key1: 'myList1', key2: 'wrongvalue' };
    const matching = Object.entries(expected).flatMap(([key, value]) => (map[key] === value ? [key] : []));
    tx.mutate('simple2', row._uuid, { smap: { delete: [...matching, 'key3', 'key4'] } });
  }),
  partialmapmutatenew: (transaction) => {
    transaction.addStep((tx) => {
      const row = tx.insert('simple2', { name: 'String2New' });
      tx.mutate('simple2', row, { smap: { insert: { key1: 'newList1', key2: 'newList2' } } });
    });
  },
  partialrenamesetadd: onRow('simple3', 'mySet1', (tx, { _uuid }) => {
    tx.update('simple3', _uuid, { name: 'String2' });
    tx.mutate('simple3', _uuid, { uset: { insert: [ADDED_FIRST] } });
  }),
  partialduplicateadd: onRow('simple3', 'String2', (tx, { _uuid }) => {
    tx.mutate('simple3', _uuid, { uset: { insert: [ADDED_TWICE] } });
    tx.mutate('simple3', _uuid, { uset: { insert: [ADDED_TWICE] } });
  }),
  partialsetdel: onRow('simple3', 'String2', (tx, { _uuid }) => {
    tx.mutate('simple3', _uuid, { uset: { delete: [ADDED_FIRST] } });
  }),
  partialsetref: onRow('simple3', 'String2', (tx, { _uuid }) => {
    tx.mutate('simple3', _uuid, { uref: { insert: [tx.insert('simple4', { name: 'test' })] } });
  }),
  // What is written as a whole replaces the partial updates before it.
  partialsetoverrideops: onRow('simple3', 'String2', (tx, { _uuid }) => {
    tx.update('simple3', _uuid, { uset: [ADDED_TWICE] });
  }),
  partialsetadddelete: onRow('simple3', 'String2', (tx, { _uuid }) => {
    tx.mutate('simple3', _uuid, { uset: { insert: ADDED_LAST, delete: [ADDED_TWICE] } });
  }),
  partialsetmutatenew: (transaction) => {
    transaction.addStep((tx) => {
      // Nothing keeps the first row alive, on purpose, which the library would refuse to build.
      const [target, row] = ['new_row41', 'new_row3'];
      tx.operation({ op: 'insert', table: 'simple4', row: { name: target }, 'uuid-name': target });
      tx.operation({ op: 'insert', table: 'simple3', row: { name: 'String3' }, 'uuid-name': row });
      const mutations = [['uset', 'insert', ['set', [['named-uuid', target]]]]];
      tx.operation({ op: 'mutate', table: 'simple3', where: [['_uuid', '==', ['named-uuid', row]]], mutations });
    });
  },
  partialmapmutateirefmap: (transaction, client) => {
    const target = named(client, 'simple3', 'myString1');
    const { _uuid } = named(client, 'simple5', 'myString2');
    transaction.addStep((tx) => void tx.mutate('simple5', _uuid, { irefmap: { set: { 1: target._uuid } } }));
  },
};

function onRow(table: string, name: string, step: (tx: Tx, row: RowData) => void): Sequence {
  return (transaction, client) => {
    const row = named(client, table, name);
    transaction.addStep((tx) => step(tx, row));
  };
}

function named(client: IdlClient, table: string, name: string): RowData {
  for (const row of client.rows(table)) if (row['name'] === name) return row;
  throw new FatalError(`there is no row of ${table} named "${name}"`);
}
