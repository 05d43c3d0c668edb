import { getEventListeners } from 'node:events';

import { expect } from 'chai';

import { ChangeFeed, type ChangesOptions, type ChangesOverflow } from '../../../lib/replica/changes.js';
import { NetChanges } from '../../../lib/replica/net-changes.js';
import { Replica, type Batch, type RowChange } from '../../../lib/replica/replica.js';
import { RowShape, type RowData } from '../../../lib/replica/row.js';
import { VersionedSet } from '../../../lib/replica/versioned-set.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import type { Uuid } from '../../../lib/schema/uuid.js';
import { applySnapshot } from './apply-snapshot.js';

const schema = parseSchema({
  name: 'DB',
  version: '1.0.0',
  tables: {
    T: {
      isRoot: true,
      columns: {
        name: { type: 'string' },
        note: { type: { key: 'string', min: 0 } },
        members: { type: { key: 'string', min: 0, max: 'unlimited' } },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
    },
  },
});
const uuidOf = (n: number): Uuid => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}` as Uuid;
const [A, B, C] = [1, 2, 3].map(uuidOf) as [Uuid, Uuid, Uuid];

/** A replica without a server, and what its feed and its listeners tell. */
class Rig {
  readonly replica = new Replica([{ table: 'T' }], (_event, error) => this.faults.push(error));
  readonly overflows: ChangesOverflow[] = [];
  readonly faults: unknown[] = [];
  readonly feed = new ChangeFeed(this.replica, (overflow) => this.overflows.push(overflow));

  constructor() {
    this.replica.adopt(schema);
  }

  snapshot(rows: object): void {
    applySnapshot(this.replica, { format: 'v2', tables: { T: rows } });
  }

  update(rows: object): void {
    this.replica.applyUpdates({ format: 'v2', tables: { T: rows } }, 'update');
  }

  consumer(options?: ChangesOptions): AsyncIterator<Batch> {
    return this.feed.iterate(options)[Symbol.asyncIterator]();
  }

  get listeners(): number {
    return this.replica.events.listenerCount('batch');
  }
}

const initial = (name: string): object => ({ initial: { name } });
const rename = (name: string): object => ({ modify: { name } });

async function take(iterator: AsyncIterator<Batch>): Promise<Batch> {
  const result = await iterator.next();
  if (result.done === true) expect.fail('the stream is done');
  return result.value;
}

/** A batch in a few words. */
function told({ cause, changes }: Batch): string[] {
  return [cause, ...changes.map(({ type, row }) => `${type} ${row.name as string}`)];
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error,
  );
}

describe('ChangeFeed', () => {
  it('starts with what is there, and goes on with every batch in order', async () => {
    const rig = new Rig();
    rig.snapshot({ [A]: initial('a'), [B]: initial('b') });
    const iterator = rig.consumer();
    // Before the first batch is asked for: part of what is there.
    rig.update({ [C]: { insert: { name: 'c' } } });
    expect(told(await take(iterator))).to.deep.equal(['initial', 'insert a', 'insert b', 'insert c']);
    rig.update({ [A]: rename('a2') });
    rig.update({ [B]: { delete: null } });
    expect(told(await take(iterator))).to.deep.equal(['update', 'update a2']);
    expect(told(await take(iterator))).to.deep.equal(['update', 'delete b']);
    rig.snapshot({ [A]: initial('a3') });
    expect(told(await take(iterator))).to.deep.equal(['resync', 'update a3', 'delete c']);
    expect(rig.overflows).to.deep.equal([]);
  });

  it('starts with an empty batch when there are no rows', async () => {
    const rig = new Rig();
    rig.snapshot({});
    expect(await take(rig.consumer())).to.deep.equal({ cause: 'initial', changes: [] });
  });

  it('waits for the first snapshot, and tells it once', async () => {
    const rig = new Rig();
    const iterator = rig.consumer();
    const [first, second] = [iterator.next(), iterator.next()];
    rig.snapshot({ [A]: initial('a') });
    rig.update({ [A]: rename('a2') });
    expect(told((await first).value as Batch)).to.deep.equal(['initial', 'insert a']);
    expect(told((await second).value as Batch)).to.deep.equal(['update', 'update a2']);
  });

  it('waits for the first snapshot also when that has no rows', async () => {
    const rig = new Rig();
    const first = rig.consumer().next();
    rig.snapshot({});
    expect((await first).value).to.deep.equal({ cause: 'initial', changes: [] });
  });

  it('does not tell a batch again to a consumer that begins in a listener of that batch', async () => {
    const rig = new Rig();
    rig.snapshot({});
    const iterator = rig.consumer();
    let first: Promise<IteratorResult<Batch>> | undefined;
    rig.replica.stores.get('T')!.events.once('insert', () => {
      first = iterator.next();
    });
    rig.update({ [A]: { insert: { name: 'a' } } });
    rig.update({ [A]: rename('a2') });
    expect(told((await first!).value as Batch)).to.deep.equal(['initial', 'insert a']);
    expect(told(await take(iterator))).to.deep.equal(['update', 'update a2']);
  });

  it('gives each consumer everything, however slow another one is or what it throws', async () => {
    const rig = new Rig();
    rig.snapshot({ [A]: initial('a') });
    const changes = rig.feed.iterate({ maxBatches: 2 });
    const slow = changes[Symbol.asyncIterator]();
    await take(slow);
    const failing = failureOf(
      (async (): Promise<void> => {
        for await (const { cause } of changes) if (cause === 'update') throw new Error('a fault of the consumer');
      })(),
    );
    const names: string[] = [];
    const reading = (async (): Promise<void> => {
      for await (const batch of changes) names.push(...told(batch));
    })();
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      rig.update({ [A]: rename(`a${i}`) });
    }
    expect(await failing).to.include({ message: 'a fault of the consumer' });
    rig.feed.end();
    await reading;
    expect(names).to.deep.equal(['initial', 'insert a', ...[0, 1, 2, 3, 4].flatMap((i) => ['update', `update a${i}`])]);
    expect(told(await take(slow))).to.deep.equal(['overflow', 'update a4']);
    expect(rig.faults).to.deep.equal([]);
  });

  it('replaces more than maxBatches by their net difference, and says so once', async () => {
    const rig = new Rig();
    rig.snapshot({ [A]: initial('a'), [B]: initial('b') });
    const iterator = rig.consumer({ maxBatches: 3 });
    const seen = new Map((await take(iterator)).changes.map(({ row }) => [row._uuid, row]));
    rig.update({ [A]: rename('a2') });
    rig.update({ [C]: { insert: { name: 'c' } } });
    rig.update({ [B]: rename('b2') });
    expect(rig.overflows).to.deep.equal([]);
    rig.update({ [B]: { delete: null }, [C]: rename('c2') });
    expect(rig.overflows).to.deep.equal([{ batches: 4, changes: 5 }]);
    rig.update({ [A]: { modify: { note: 'x' } } });
    expect(rig.overflows).to.have.lengthOf(1);
    const { cause, changes } = await take(iterator);
    expect(cause).to.equal('overflow');
    const { rows } = rig.replica.stores.get('T')!;
    expect(changes).to.deep.equal([
      { type: 'delete', table: 'T', row: seen.get(B) },
      { type: 'update', table: 'T', row: rows.get(A), old: seen.get(A), columns: ['name', 'note'] },
      { type: 'insert', table: 'T', row: rows.get(C) },
    ]);
    // Caught up: the next batches come one by one again, and the next overflow is told again.
    for (let i = 0; i < 3; i++) rig.update({ [A]: rename(`n${i}`) });
    expect(told(await take(iterator))).to.deep.equal(['update', 'update n0']);
    for (let i = 3; i < 6; i++) rig.update({ [A]: rename(`n${i}`) });
    expect(rig.overflows).to.have.lengthOf(2);
    expect(told(await take(iterator))).to.deep.equal(['overflow', 'update n5']);
  });

  it('replaces more than maxChanges, but never a single batch', async () => {
    const rig = new Rig();
    rig.snapshot({});
    const iterator = rig.consumer({ maxChanges: 2 });
    await take(iterator);
    rig.update({ [A]: { insert: {} }, [B]: { insert: {} }, [C]: { insert: {} } });
    expect(rig.overflows).to.deep.equal([]);
    expect((await take(iterator)).cause).to.equal('update');
    rig.update({ [A]: rename('a'), [B]: rename('b') });
    rig.update({ [C]: rename('c') });
    expect(rig.overflows).to.deep.equal([{ batches: 2, changes: 3 }]);
    expect(told(await take(iterator))).to.deep.equal(['overflow', 'update a', 'update b', 'update c']);
  });

  it('tells an overflow in the stream although nothing differs in the end', async () => {
    const rig = new Rig();
    rig.snapshot({ [A]: initial('a') });
    const iterator = rig.consumer({ maxBatches: 1 });
    await take(iterator);
    rig.update({ [A]: rename('b') });
    rig.update({ [A]: rename('a') });
    expect(await take(iterator)).to.deep.equal({ cause: 'overflow', changes: [] });
  });

  it('stops listening when the loop is left', async () => {
    const rig = new Rig();
    const controller = new AbortController();
    rig.snapshot({});
    expect(rig.listeners).to.equal(0);
    for await (const batch of rig.feed.iterate({ signal: controller.signal })) {
      expect(batch.cause).to.equal('initial');
      expect([rig.listeners, rig.feed.consumers]).to.deep.equal([1, 1]);
      break;
    }
    expect([rig.listeners, rig.feed.consumers]).to.deep.equal([0, 0]);
    expect(getEventListeners(controller.signal, 'abort')).to.deep.equal([]);
  });

  it('is done after return(), also for calls of next() that wait', async () => {
    const rig = new Rig();
    const iterator = rig.consumer();
    const waiting = iterator.next();
    await iterator.return!();
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
    expect(await iterator.next()).to.deep.equal({ done: true, value: undefined });
    const unused = rig.consumer();
    await unused.return!();
    rig.snapshot({});
    expect(await unused.next()).to.deep.equal({ done: true, value: undefined });
    expect(rig.listeners).to.equal(0);
  });

  for (const [when, prepare] of [
    ['before the first batch is asked for', (): unknown => undefined],
    ['while batches wait', (iterator: AsyncIterator<Batch>): unknown => iterator.next()],
  ] as const) {
    it(`throws the signal's reason once when it is aborted ${when}`, async () => {
      const rig = new Rig();
      rig.snapshot({});
      const controller = new AbortController();
      const iterator = rig.consumer({ signal: controller.signal });
      await prepare(iterator);
      rig.update({ [A]: { insert: {} } });
      controller.abort(new Error('enough'));
      expect(await failureOf(iterator.next())).to.equal(controller.signal.reason);
      expect(await iterator.next()).to.deep.equal({ done: true, value: undefined });
      expect([rig.listeners, rig.feed.consumers]).to.deep.equal([0, 0]);
    });
  }

  it("throws the signal's reason to a loop that waits", async () => {
    const rig = new Rig();
    rig.snapshot({});
    const controller = new AbortController();
    const looping = (async (): Promise<void> => {
      for await (const { cause } of rig.feed.iterate({ signal: controller.signal })) expect(cause).to.equal('initial');
    })();
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    expect(await failureOf(looping)).to.equal(controller.signal.reason);
    expect(rig.listeners).to.equal(0);
  });

  it('delivers what waits when it ends, and is done then', async () => {
    const rig = new Rig();
    rig.snapshot({});
    const [waiting, behind] = [rig.consumer(), rig.consumer({ maxBatches: 1 })];
    await take(waiting);
    await take(behind);
    rig.update({ [A]: { insert: { name: 'a' } } });
    rig.update({ [A]: rename('a2') });
    rig.feed.end();
    rig.update({ [A]: rename('too late') });
    expect([rig.listeners, rig.feed.consumers]).to.deep.equal([0, 0]);
    expect(told(await take(waiting))).to.deep.equal(['update', 'insert a']);
    expect(told(await take(waiting))).to.deep.equal(['update', 'update a2']);
    expect(await waiting.next()).to.deep.equal({ done: true, value: undefined });
    expect(told(await take(behind))).to.deep.equal(['overflow', 'insert a2']);
    expect(await behind.next()).to.deep.equal({ done: true, value: undefined });
  });

  it('throws the error that it ended with, once, after what waits', async () => {
    const rig = new Rig();
    rig.snapshot({});
    const [waiting, idle] = [rig.consumer(), rig.consumer()];
    await take(waiting);
    await take(idle);
    const pending = failureOf(idle.next());
    const reason = new Error('given up');
    rig.feed.end(reason);
    expect(await pending).to.equal(reason);
    expect(await idle.next()).to.deep.equal({ done: true, value: undefined });
    expect(await failureOf(waiting.next())).to.equal(reason);
    expect(await waiting.next()).to.deep.equal({ done: true, value: undefined });
  });

  it('shows late consumers what is there, and ends', async () => {
    const rig = new Rig();
    const never = rig.consumer();
    const pending = never.next();
    const closed = new Rig();
    closed.snapshot({ [A]: initial('a') });
    for (const each of [rig, closed]) each.feed.end();
    expect(await pending).to.deep.equal({ done: true, value: undefined });
    expect(await rig.consumer().next()).to.deep.equal({ done: true, value: undefined });
    const late = closed.consumer();
    expect(told(await take(late))).to.deep.equal(['initial', 'insert a']);
    expect(await late.next()).to.deep.equal({ done: true, value: undefined });
    expect(closed.listeners).to.equal(0);
  });

  it('refuses bounds that are none', () => {
    const { feed } = new Rig();
    for (const options of [{ maxBatches: 0 }, { maxBatches: NaN }, { maxChanges: -1 }]) {
      expect(() => feed.iterate(options)).to.throw(/changes: max\w+ is (0|NaN|-1); give 1 or more/);
    }
  });
});

describe('NetChanges', () => {
  const table = schema.table('T');
  const shape = new RowShape(table, table.columns.values());
  const row = (n: number, wire: object): RowData => shape.create(uuidOf(n), wire);
  const insert = (r: RowData): RowChange => ({ type: 'insert', table: 'T', row: r });
  const remove = (r: RowData): RowChange => ({ type: 'delete', table: 'T', row: r });
  const update = (old: RowData, r: RowData, ...columns: string[]): RowChange => ({
    type: 'update',
    table: 'T',
    row: r,
    old,
    columns,
  });
  const net = (...changes: RowChange[]): RowChange[] => {
    const all = new NetChanges();
    for (const change of changes) all.add([change]);
    return all.toChanges();
  };
  const [a1, a2, a3] = [
    row(1, { name: 'a1' }),
    row(1, { name: 'a2' }),
    row(1, { name: 'a2', members: ['set', ['m', 'n']] }),
  ] as [RowData, RowData, RowData];

  it('makes one change of each row of what came one after the other', () => {
    expect(net(insert(a1), update(a1, a2, 'name'))).to.deep.equal([insert(a2)]);
    expect(net(insert(a1), remove(a1))).to.deep.equal([]);
    expect(net(insert(a1), remove(a1), insert(a2))).to.deep.equal([insert(a2)]);
    expect(net(update(a1, a2, 'name'), update(a2, a3, 'members'))).to.deep.equal([update(a1, a3, 'name', 'members')]);
    expect(net(update(a1, a2, 'name'), remove(a2))).to.deep.equal([remove(a1)]);
    expect(net(remove(a1), insert(a3))).to.deep.equal([update(a1, a3, 'name', 'members')]);
    expect(net(update(a1, a2, 'name'), remove(a2), insert(a3), update(a3, a2, 'members'))).to.deep.equal([
      update(a1, a2, 'name'),
    ]);
  });

  it('leaves out columns and rows that hold again what they held', () => {
    expect(net(update(a1, a2, 'name'), update(a2, a1, 'name'))).to.deep.equal([]);
    const swapped = row(1, { name: 'a2', members: ['set', ['n', 'm']] });
    expect(net(remove(a3), insert(swapped))).to.deep.equal([]);
    const [x, y] = ['x', 'y'].map((value) => row(1, { ids: ['map', [['k', value]]] })) as [RowData, RowData];
    expect(net(remove(x), insert(row(1, { ids: ['map', [['k', 'x']]] })))).to.deep.equal([]);
    expect(net(remove(x), insert(y))).to.deep.equal([update(x, y, 'ids')]);
    expect(net(remove(a3), insert(row(1, { name: 'a2', members: ['set', ['m', 'o']] })))).to.have.lengthOf(1);
  });

  it('tells rows that went before rows that came, so that a unique name is never there twice', () => {
    const twin = row(2, { name: 'a1' });
    expect(net(insert(twin), remove(a1))).to.deep.equal([remove(a1), insert(twin)]);
  });

  it('keeps nothing of rows that come and go', () => {
    const all = new NetChanges();
    for (let n = 0; n < 100; n++) all.add([insert(row(n, {})), remove(row(n, {}))]);
    expect(all.size).to.equal(0);
  });

  it('compares columns across a change of the schema', () => {
    const smaller = parseSchema({
      name: 'DB',
      version: '1.1.0',
      tables: { T: { columns: { name: { type: 'string' }, more: { type: 'integer' } } } },
    }).table('T');
    const other = new RowShape(smaller, smaller.columns.values()).create(A, { name: 'a2', more: 7 });
    expect(net(update(a1, a2, 'name'), remove(a2), insert(other))).to.deep.equal([
      update(a1, other, 'name', 'members', 'ids', 'more'),
    ]);
  });

  it('compares big sets without making their arrays', () => {
    const members = Array.from({ length: 10_000 }, (_, i) => `m${i}`);
    const steps = [row(1, { members: ['set', members] })];
    const changes: RowChange[] = [];
    for (let i = 0; i < 200; i++) {
      const old = steps.at(-1)!;
      // Every other step takes back the one before.
      const next = shape.build(old, shape.decodeDiff(old, { members: ['set', [`extra${i >> 1}`]] }));
      steps.push(next);
      changes.push(update(old, next, 'members'));
    }
    const original = Object.getOwnPropertyDescriptor(VersionedSet.prototype, 'toArray')!;
    let made = 0;
    const counting = function (this: VersionedSet): unknown {
      made++;
      return (original.value as (this: VersionedSet) => unknown).call(this);
    };
    Object.defineProperty(VersionedSet.prototype, 'toArray', { ...original, value: counting });
    try {
      expect(net(...changes)).to.have.lengthOf(0);
      expect(net(...changes.slice(0, -1))).to.have.lengthOf(1);
      expect(net(remove(steps[0]!), insert(steps[200]!))).to.have.lengthOf(0);
      expect(made).to.equal(0);
      expect(steps[0]!.members).to.have.lengthOf(10_000);
      expect(made, 'the counter counts').to.equal(1);
    } finally {
      Object.defineProperty(VersionedSet.prototype, 'toArray', original);
    }
  });

  it('compares a big set with one that never was big', () => {
    const many = Array.from({ length: 70 }, (_, i) => `m${i}`);
    const big = row(1, { members: ['set', many] });
    const few = shape.build(big, shape.decodeDiff(big, { members: ['set', many.slice(2)] }));
    expect(net(remove(few), insert(row(1, { members: ['set', ['m1', 'm0']] })))).to.have.lengthOf(0);
    for (const other of [['m1', 'm2'], ['m0']]) {
      expect(net(remove(few), insert(row(1, { members: ['set', other] })))).to.have.lengthOf(1);
      expect(net(remove(row(1, { members: ['set', other] })), insert(few))).to.have.lengthOf(1);
    }
  });
});
