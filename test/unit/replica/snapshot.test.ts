import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import { Replica, type Batch } from '../../../lib/replica/replica.js';
import type { RowData } from '../../../lib/replica/row.js';
import type { Snapshot } from '../../../lib/replica/snapshot.js';
import { parseSchema, type DatabaseSchema } from '../../../lib/schema/schema.js';

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
const text = { type: { key: 'string', min: 0, max: 'unlimited' } };

function schemaWith(columns: object): DatabaseSchema {
  return parseSchema({
    name: 'DB',
    version: '1.0.0',
    tables: {
      T: { columns: { name: { type: 'string' }, ...columns }, isRoot: true, indexes: [['name']] },
      U: { columns: { name: { type: 'string' } }, isRoot: true },
    },
  });
}

const schema = schemaWith({ tags: text });
type Rows = Record<string, Record<string, object>>;

/** A replica of two tables, and what it told. */
class Rig {
  readonly replica: Replica;
  readonly batches: Batch['cause'][] = [];

  constructor(first?: Rows) {
    this.replica = new Replica([{ table: 'T', indexes: [['tags']] }, { table: 'U' }], (_event, error) => {
      throw error;
    });
    this.replica.adopt(schema);
    if (first !== undefined) this.take(first);
    this.replica.events.on('batch', ({ cause }) => this.batches.push(cause));
  }

  begin(): Snapshot {
    return this.replica.beginSnapshot('v2');
  }

  /** Takes a snapshot row by row. */
  take(tables: Rows): void {
    const snapshot = this.begin();
    for (const [table, rows] of Object.entries(tables)) {
      snapshot.addAll({ [table]: {} });
      for (const [key, initial] of Object.entries(rows)) snapshot.add(table, key, { initial });
    }
    this.replica.applySnapshot(snapshot);
  }

  rows(table = 'T'): ReadonlyMap<string, RowData> {
    return this.replica.stores.get(table)!.rows;
  }

  find(match: Record<string, unknown>): unknown[] {
    return [...this.replica.stores.get('T')!.matching(match)].map(({ name }) => name);
  }

  /** Everything that a reader can see. */
  state(): unknown {
    const looks = ['a', 'b', 'c', 'd'].map((name) => [this.find({ name }), this.find({ tags: [name] })]);
    return [this.replica.version, [...this.rows().values()], [...this.rows('U').values()], looks];
  }
}

const FIRST = { T: { [uuid(1)]: { name: 'a', tags: ['set', ['b', 'c']] }, [uuid(2)]: { name: 'b' } } };

describe('a snapshot on its way', () => {
  for (const [which, first] of [
    ['the first', undefined],
    ['a later', FIRST],
  ] as const) {
    describe(`as ${which} one`, () => {
      it('shows nothing, in rows, indexes or events, before it is applied', () => {
        const rig = new Rig(first);
        const before = rig.state();
        const snapshot = rig.begin();
        snapshot.add('T', uuid(1), { initial: { name: 'c', tags: 'd' } });
        snapshot.add('U', uuid(1), { initial: { name: 'c' } });
        expect(rig.state()).to.deep.equal(before);
        expect(rig.batches).to.deep.equal([]);
        rig.replica.applySnapshot(snapshot);
        expect([...rig.rows().keys()]).to.deep.equal([uuid(1)]);
        expect(rig.find({ name: 'c' })).to.deep.equal(['c']);
        expect(rig.find({ tags: ['d'] })).to.deep.equal(['c']);
        expect(rig.find({ name: 'a' })).to.deep.equal([]);
        expect(rig.find({ tags: ['b'] })).to.deep.equal([]);
        expect(rig.rows('U')).to.have.lengthOf(1);
      });

      for (const [what, table, key, update] of [
        ['of the wrong type', 'T', uuid(2), { initial: { name: 5 } }],
        ['that is no object', 'T', uuid(2), 5],
        ['that is an array', 'T', uuid(2), []],
        ['without contents', 'T', uuid(2), { delete: null }],
        ['with two members', 'T', uuid(2), { initial: {}, modify: {} }],
        ['whose id is no uuid', 'T', 'x', { initial: {} }],
        ['that came before', 'T', uuid(1), { initial: {} }],
        ['of a table that was not asked for', '__proto__', uuid(1), { initial: {} }],
      ] as const) {
        it(`refuses a row ${what}, and leaves replica and indexes as they were for the next one`, () => {
          const rig = new Rig(first);
          const before = rig.state();
          const snapshot = rig.begin();
          snapshot.add('U', uuid(9), { initial: { name: 'u' } });
          snapshot.add('T', uuid(1), { initial: { name: 'd', tags: 'd' } });
          expect(() => snapshot.add(table, key, update)).to.throw(ProtocolError);
          expect(rig.state()).to.deep.equal(before);
          rig.take({ T: { [uuid(3)]: { name: 'c' } } });
          expect(rig.find({})).to.deep.equal(['c']);
          expect(rig.find({ name: 'd' })).to.deep.equal([]);
          expect(rig.batches).to.deep.equal([first === undefined ? 'initial' : 'resync']);
        });
      }
    });
  }

  it('may have the same uuid in two tables, and come in turns of tables', () => {
    for (const first of [undefined, FIRST]) {
      const rig = new Rig(first);
      const snapshot = rig.begin();
      for (const [n, table] of ['T', 'U', 'T', 'U'].entries()) snapshot.add(table, uuid(n >> 1), { initial: {} });
      expect(() => snapshot.add('T', uuid(0), { initial: {} })).to.throw(ProtocolError, /twice in one snapshot/);
    }
  });

  it('takes tables as a whole besides rows, also those without a row', () => {
    const rig = new Rig();
    const snapshot = rig.begin();
    snapshot.add('T', uuid(1), { initial: { name: 'a' } });
    snapshot.addAll({ T: {}, U: { [uuid(2)]: { initial: { name: 'u' } } } });
    rig.replica.applySnapshot(snapshot);
    expect([rig.rows().size, rig.rows('U').size]).to.deep.equal([1, 1]);
    for (const tables of [null, [], 5, { T: [] }, { X: {} }]) {
      expect(() => rig.begin().addAll(tables), JSON.stringify(tables)).to.throw(ProtocolError);
    }
  });
});

describe('the first snapshot', () => {
  it('is told as inserts to those who listen to the batch, and counted', () => {
    const rig = new Rig();
    let told: Batch | undefined;
    rig.replica.events.on('batch', ({ cause, changes }) => (told = { cause, changes }));
    rig.take({ ...FIRST, U: { [uuid(3)]: { name: 'u' } } });
    const [a, b] = [...rig.rows().values()];
    expect(told).to.deep.equal({
      cause: 'initial',
      changes: [
        { type: 'insert', table: 'T', row: a },
        { type: 'insert', table: 'T', row: b },
        { type: 'insert', table: 'U', row: rig.rows('U').get(uuid(3)) },
      ],
    });
    expect(told!.changes[0]!.row).to.equal(a);
    expect(rig.replica.lastBatch).to.include({ inserts: 3, updates: 0, deletes: 0 });
    expect(rig.replica.version).to.equal(1);
    expect(['T', 'U'].map((table) => rig.replica.changedSince(0, table))).to.deep.equal([true, true]);
  });

  it('gives every listener the same changes', () => {
    const rig = new Rig();
    const seen: unknown[] = [];
    rig.replica.events.on('batch', (batch) => seen.push(batch.changes));
    rig.replica.events.on('batch', (batch) => seen.push(batch.changes));
    rig.take(FIRST);
    expect(seen[0]).to.have.lengthOf(2);
    expect(seen[0]).to.equal(seen[1]);
  });

  it('makes no changes for listeners that look at none', () => {
    const rig = new Rig();
    let batch: Batch | undefined;
    rig.replica.events.on('batch', (each) => (batch = each));
    rig.take(FIRST);
    expect(Object.getOwnPropertyDescriptor(batch, 'changes')).to.have.property('get').that.is.a('function');
  });

  it('is told row by row to the listeners of tables, and to those who wait for a row', async () => {
    const rig = new Rig();
    const store = rig.replica.stores.get('T')!;
    const inserted: string[] = [];
    store.events.on('insert', (row) => {
      // All of it is in force by then.
      expect(rig.rows()).to.have.lengthOf(2);
      inserted.push(row.name as string);
    });
    const awaited = store.until(({ name }) => name === 'b', {});
    rig.take(FIRST);
    expect(inserted).to.deep.equal(['a', 'b']);
    expect(await awaited).to.equal(rig.rows().get(uuid(2)));
  });

  it('is a batch also when it is empty', () => {
    const rig = new Rig();
    rig.take({ T: {} });
    expect(rig.batches).to.deep.equal(['initial']);
    expect(rig.replica.version).to.equal(1);
    expect(rig.replica.lastBatch).to.include({ inserts: 0, updates: 0, deletes: 0 });
    expect(rig.replica.changedSince(0, 'T')).to.equal(false);
  });
});

describe('a later snapshot', () => {
  it('without a difference makes no batch and keeps the identity of every row', () => {
    const rig = new Rig(FIRST);
    const before = [...rig.rows().values()];
    // The order of a set's members, and defaults that are left out, make no difference.
    rig.take({
      T: { [uuid(2)]: { name: 'b', tags: ['set', []] }, [uuid(1)]: { name: 'a', tags: ['set', ['c', 'b']] } },
    });
    expect(rig.batches).to.deep.equal([]);
    expect(rig.replica.version).to.equal(1);
    for (const row of before) expect(rig.rows().get(row._uuid)).to.equal(row);
  });

  it('is told and counted as its differences', () => {
    const rig = new Rig({ ...FIRST, U: { [uuid(7)]: { name: 'u' } } });
    const kept = rig.rows().get(uuid(1));
    let told: Batch | undefined;
    rig.replica.events.on('batch', (batch) => (told = batch));
    rig.take({ T: { ...FIRST.T, [uuid(2)]: { name: 'c' }, [uuid(3)]: { name: 'b' } } });
    expect(told!.cause).to.equal('resync');
    expect(told!.changes.map(({ type, table, row }) => [type, table, row.name])).to.have.deep.members([
      ['update', 'T', 'c'],
      ['insert', 'T', 'b'],
      ['delete', 'U', 'u'],
    ]);
    expect(rig.replica.lastBatch).to.include({ inserts: 1, updates: 1, deletes: 1 });
    expect(rig.rows().get(uuid(1))).to.equal(kept);
    expect(rig.find({ name: 'b' })).to.deep.equal(['b']);
  });

  it('brings reshaped tables up to date, and leaves them reshaped when it fails', () => {
    const rig = new Rig(FIRST);
    const grown = schemaWith({ tags: text, more: { type: 'integer' } });
    expect(rig.replica.adopt(grown)).to.equal(true);
    expect(() => rig.begin().add('T', uuid(1), { initial: { more: 'x' } })).to.throw(ProtocolError);
    expect(rig.replica.adopt(grown), 'still to be brought up to date').to.equal(true);
    const changes: (readonly string[])[] = [];
    rig.replica.events.on('batch', (batch) => {
      for (const change of batch.changes) changes.push(change.type === 'update' ? change.columns : [change.type]);
    });
    const [one, two] = [FIRST.T[uuid(1)]!, FIRST.T[uuid(2)]!];
    rig.take({ T: { [uuid(1)]: { ...one, more: 5 }, [uuid(2)]: two } });
    expect(changes).to.deep.equal([['more'], ['more']]);
    expect(rig.replica.adopt(grown)).to.equal(false);
    expect(rig.find({ more: 5 })).to.deep.equal(['a']);
    expect(rig.find({ tags: ['c'] })).to.deep.equal(['a']);
  });
});
