/** Streams of changes, read at random moments, against the replica that they tell of. */
import { expect } from 'chai';
import fc from 'fast-check';

import { ChangeFeed } from '../../lib/replica/changes.js';
import { Replica, type Batch, type RowChange } from '../../lib/replica/replica.js';
import { BIG_SET_SIZE, type RowData } from '../../lib/replica/row.js';
import { parseSchema } from '../../lib/schema/schema.js';
import { applySnapshot } from '../unit/replica/apply-snapshot.js';

const text = { type: { key: 'string', min: 0, max: 'unlimited' } };
const schema = parseSchema({
  name: 'Model',
  version: '1.0.0',
  tables: {
    T: { isRoot: true, columns: { name: { type: 'string' }, note: { type: 'string' }, members: text } },
    U: { isRoot: true, columns: { name: { type: 'string' }, note: { type: 'string' }, members: text } },
  },
});
const CONSUMERS = 3;
const uuidOf = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
const wireSet = (members: readonly number[]): unknown => ['set', members.map((m) => `m${m}`)];

const target = { table: fc.constantFrom('T', 'U'), row: fc.nat(3) };
const members = fc.oneof(
  fc.uniqueArray(fc.nat(120), { maxLength: 3 }),
  fc.uniqueArray(fc.nat(120), { minLength: BIG_SET_SIZE - 2, maxLength: 90 }),
);
const contents = fc.record({ name: fc.constantFrom('a', 'b'), note: fc.constantFrom('', 'x'), members });
const put = fc.record({ kind: fc.constant('put' as const), ...target, contents });
const toggle = fc.record({
  kind: fc.constant('toggle' as const),
  ...target,
  members: fc.uniqueArray(fc.nat(120), { minLength: 1, maxLength: 3 }),
});
const remove = fc.record({ kind: fc.constant('delete' as const), ...target });
const snapshot = fc.record({
  kind: fc.constant('snapshot' as const),
  rows: fc.uniqueArray(fc.record({ ...target, contents }), { selector: ({ table, row }) => `${table}${row}` }),
});
const read = fc.record({ kind: fc.constant('read' as const), consumer: fc.nat(CONSUMERS - 1) });
const leave = fc.record({ kind: fc.constant('leave' as const), consumer: fc.nat(CONSUMERS - 1) });
const action = fc.oneof(
  { weight: 6, arbitrary: put },
  { weight: 4, arbitrary: toggle },
  { weight: 3, arbitrary: remove },
  { weight: 1, arbitrary: snapshot },
  { weight: 6, arbitrary: read },
  { weight: 1, arbitrary: leave },
);
type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;
type Server = Exclude<Action, { kind: 'read' | 'leave' }>;

function wire({ name, note, members: set }: { name: string; note: string; members: readonly number[] }): object {
  return { name, note, members: wireSet(set) };
}

/** Does to the replica what a server's message would. */
function apply(replica: Replica, step: Server): void {
  if (step.kind === 'snapshot') {
    const tables: Record<string, Record<string, unknown>> = {};
    for (const { table, row, contents: each } of step.rows) {
      (tables[table] ??= {})[uuidOf(row)] = { initial: wire(each) };
    }
    applySnapshot(replica, { format: 'v2', tables });
    return;
  }
  const uuid = uuidOf(step.row);
  const present = replica.stores.get(step.table)!.rows.has(uuid);
  const send = (format: 'v1' | 'v2', update: object): void =>
    replica.applyUpdates({ format, tables: { [step.table]: { [uuid]: update } } }, 'update');
  if (step.kind === 'put') send('v1', present ? { old: {}, new: wire(step.contents) } : { new: wire(step.contents) });
  else if (!present) return;
  else if (step.kind === 'delete') send('v2', { delete: null });
  else send('v2', { modify: { members: wireSet(step.members) } });
}

function plain({ _uuid, name, note, members: set }: RowData): object {
  return { _uuid, name, note, members: (set as readonly string[]).toSorted() };
}

/** Applies changes to what a consumer knows, and checks that each makes sense there. */
function fold(known: Map<string, RowData>, changes: readonly RowChange[]): void {
  for (const change of changes) {
    const { table, row } = change;
    const key = `${table} ${row._uuid}`;
    const seen = known.get(key);
    if (change.type === 'insert') expect(seen).to.equal(undefined);
    if (change.type === 'delete') expect(plain(row)).to.deep.equal(plain(seen!));
    if (change.type === 'update') {
      expect(plain(change.old)).to.deep.equal(plain(seen!));
      const [old, now] = [plain(change.old), plain(row)] as Record<string, unknown>[];
      const differing = Object.keys(old!).filter((name) => JSON.stringify(old![name]) !== JSON.stringify(now![name]));
      expect([...change.columns].sort()).to.deep.equal(differing.sort());
    }
    if (change.type === 'delete') known.delete(key);
    else known.set(key, row);
  }
}

function contentsOf(rows: Iterable<readonly [string, RowData]>): object {
  return Object.fromEntries(
    [...rows].map(([key, row]): [string, object] => [key, plain(row)]).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe('ChangeFeed', () => {
  it('leads every consumer to exactly what the replica holds, whenever it reads and however far it falls behind', async () => {
    let overflowed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 80, size: 'max' }),
        fc.record({ maxBatches: fc.constantFrom(1, 2, 5, 1000), maxChanges: fc.constantFrom(1, 4, 100_000) }),
        async (script, limits) => {
          const replica = new Replica([{ table: 'T' }, { table: 'U' }], (_event, error) => {
            throw error;
          });
          replica.adopt(schema);
          let overflows = 0;
          const feed = new ChangeFeed(replica, () => overflows++);
          const begin = (): { iterator: AsyncIterator<Batch, undefined>; results: Promise<Batch | undefined>[] } => ({
            iterator: feed.iterate(limits)[Symbol.asyncIterator]() as AsyncIterator<Batch, undefined>,
            results: [],
          });
          const consumers = Array.from({ length: CONSUMERS }, begin);
          for (const [i, step] of script.entries()) {
            if (step.kind === 'leave') {
              void consumers[step.consumer]!.iterator.return!();
              consumers[step.consumer] = begin();
            } else if (step.kind === 'read') {
              const { iterator, results } = consumers[step.consumer]!;
              results.push(iterator.next().then(({ value }) => value));
            } else if (step.kind === 'snapshot' || replica.version > 0) apply(replica, step);
            // Some consumers are there before the first snapshot.
            if (i === 5 && replica.version === 0) applySnapshot(replica, { format: 'v2', tables: {} });
          }
          if (replica.version === 0) applySnapshot(replica, { format: 'v2', tables: {} });
          const told = overflows;
          // Those that never read begin now; the end leaves what waits for the others.
          for (const { iterator, results } of consumers) {
            if (results.length === 0) results.push(iterator.next().then(({ value }) => value));
          }
          feed.end();
          expect(feed.consumers).to.equal(0);
          expect(replica.events.listenerCount('batch')).to.equal(0);
          const rows = [...replica.stores].flatMap(([table, store]) =>
            [...store.rows.values()].map((row) => [`${table} ${row._uuid}`, row] as const),
          );
          for (const { iterator, results } of consumers) {
            const batches: Batch[] = [];
            for (const each of results) {
              const batch = await each;
              if (batch !== undefined) batches.push(batch);
            }
            for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
              batches.push(next.value);
            }
            expect(batches.map(({ cause }) => cause === 'initial')).to.deep.equal(batches.map((_batch, i) => i === 0));
            const known = new Map<string, RowData>();
            for (const { changes } of batches) fold(known, changes);
            expect(contentsOf(known)).to.deep.equal(contentsOf(rows));
          }
          overflowed += told;
        },
      ),
      { numRuns: 300 },
    );
    expect(overflowed, 'overflows in all runs').to.be.above(100);
  });
});
