/** The replica against a model: plain maps that are copied at every step. */
import { expect } from 'chai';
import fc from 'fast-check';

import { Replica, type Batch } from '../../lib/replica/replica.js';
import { BIG_SET_SIZE, type RowData } from '../../lib/replica/row.js';
import { VersionedSet, type SetStep } from '../../lib/replica/versioned-set.js';
import { parseSchema } from '../../lib/schema/schema.js';
import type { Atom } from '../../lib/schema/types.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { applySnapshot } from '../unit/replica/apply-snapshot.js';

describe('VersionedSet', () => {
  const member = fc.integer({ min: 0, max: 40 });
  const steps = fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('toggle' as const), members: fc.uniqueArray(member, { maxLength: 12 }) }),
      fc.record({ kind: fc.constant('to' as const), members: fc.uniqueArray(member, { maxLength: 40 }) }),
      // A second successor of an old version.
      fc.record({
        kind: fc.constant('branch' as const),
        members: fc.uniqueArray(member, { maxLength: 5 }),
        from: fc.nat(),
      }),
      fc.record({ kind: fc.constant('read' as const), from: fc.nat() }),
    ),
    { maxLength: 60 },
  );

  it('keeps every version as it was, however many follow', () => {
    fc.assert(
      fc.property(fc.uniqueArray(member, { maxLength: 30 }), steps, (first, script) => {
        const versions: [VersionedSet, Set<Atom>][] = [[VersionedSet.of(first), new Set<Atom>(first)]];
        const check = ([version, model]: [VersionedSet, Set<Atom>]): void => {
          expect(version.size).to.equal(model.size);
          expect(new Set(version.toArray())).to.deep.equal(model);
          expect(version.toArray()).to.have.lengthOf(model.size);
        };
        for (const step of script) {
          const from = 'from' in step ? step.from % versions.length : versions.length - 1;
          const [version, model] = versions[from]!;
          if (step.kind === 'read') {
            check([version, model]);
            continue;
          }
          const next = new Set(step.kind === 'to' ? step.members : model);
          if (step.kind !== 'to') for (const m of step.members) if (!next.delete(m)) next.add(m);
          const change = step.kind === 'to' ? version.stepTo(step.members) : version.stepFor(step.members);
          versions.push([version.after(change), next]);
        }
        for (const [version, model] of versions) {
          for (let m = 0; m <= 40; m++) expect(version.has(m)).to.equal(model.has(m));
        }
        for (const pair of versions.reverse()) check(pair);
      }),
      { numRuns: 300 },
    );
  });

  it('changes a set of 10,000 members at the cost of the step', () => {
    const members = Array.from({ length: 10_000 }, (_, i) => `member ${i}`);
    let visited = 0;
    // A set is copied by iterating over it, whoever asks.
    const iterator = Object.getOwnPropertyDescriptor(Set.prototype, Symbol.iterator)!;
    const iterate = iterator.value as (this: Set<unknown>) => SetIterator<unknown>;
    const counting = function* (this: Set<unknown>): SetIterator<unknown> {
      for (const each of { [Symbol.iterator]: () => iterate.call(this) }) {
        visited++;
        yield each;
      }
      return undefined;
    };
    const chain: VersionedSet[] = [VersionedSet.of(members)];
    try {
      Object.defineProperty(Set.prototype, Symbol.iterator, { ...iterator, value: counting });
      for (let i = 0; i < 500; i++) {
        const latest = chain.at(-1)!;
        chain.push(latest.after(latest.stepFor([`member ${i}`, `new ${i}`])));
      }
    } finally {
      Object.defineProperty(Set.prototype, Symbol.iterator, iterator);
    }
    expect(visited).to.equal(0);
    expect(chain.at(-1)!.size).to.equal(10_000);
    expect(new Set(chain[0]!.toArray())).to.deep.equal(new Set(members));
    expect(chain[250]!.has('member 250')).to.equal(true);
    expect(chain[251]!.has('member 250')).to.equal(false);
  });

  it('copies now and then, so that a version kept for ever holds no endless chain', () => {
    const first = VersionedSet.of(Array.from({ length: 100 }, (_, i) => i));
    let latest = first;
    const steps = { read: 0 };
    const watched = (step: SetStep): SetStep => ({
      get added() {
        steps.read++;
        return step.added;
      },
      removed: step.removed,
    });
    for (let i = 0; i < 5_000; i++) latest = latest.after(watched(latest.stepFor([1000 + i, i % 100])));
    steps.read = 0;
    first.has(5);
    expect(steps.read).to.be.at.most(101);
  });
});

interface ModelRow {
  name: string;
  enabled: boolean | undefined;
  members: Set<string>;
  map: Map<string, string>;
}

const schema = parseSchema({
  name: 'Model',
  version: '1.0.0',
  tables: {
    T: {
      isRoot: true,
      columns: {
        name: { type: 'string' },
        enabled: { type: { key: 'boolean', min: 0 } },
        members: { type: { key: 'string', min: 0, max: 'unlimited' } },
        map: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
    },
  },
});

const uuidOf = (n: number): Uuid => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}` as Uuid;
const names = ['a', 'b', '__proto__', 'constructor', ''];

function plain(row: RowData | undefined): unknown {
  if (row === undefined) return undefined;
  const { name, enabled, members, map } = row;
  return {
    name,
    enabled,
    members: [...(members as readonly string[])].sort(),
    map: Object.entries(map as object).sort(),
  };
}

function plainModel(row: ModelRow | undefined): unknown {
  if (row === undefined) return undefined;
  return { ...row, members: [...row.members].sort(), map: [...row.map].sort() };
}

const emptyRow = (): ModelRow => ({ name: '', enabled: undefined, members: new Set(), map: new Map() });
const wireSet = (members: Iterable<unknown>): unknown => ['set', [...members]];

/** The row as `insert` of an update2 has it: columns that hold their default are left out. */
function wireInsert(row: ModelRow): Record<string, unknown> {
  const wire: Record<string, unknown> = {};
  if (row.name !== '') wire.name = row.name;
  if (row.enabled !== undefined) wire.enabled = row.enabled;
  if (row.members.size > 0) wire.members = wireSet(row.members);
  if (row.map.size > 0) wire.map = ['map', [...row.map]];
  return wire;
}

function wireModify(from: ModelRow, to: ModelRow): Record<string, unknown> {
  const wire: Record<string, unknown> = {};
  if (from.name !== to.name) wire.name = to.name;
  if (from.enabled !== to.enabled) wire.enabled = to.enabled === undefined ? wireSet([]) : to.enabled;
  const toggled = [
    ...[...from.members].filter((m) => !to.members.has(m)),
    ...[...to.members].filter((m) => !from.members.has(m)),
  ];
  if (toggled.length > 0) wire.members = wireSet(toggled);
  const pairs = [
    ...[...from.map].filter(([key]) => !to.map.has(key)),
    ...[...to.map].filter(([key, value]) => from.map.get(key) !== value),
  ];
  if (pairs.length > 0) wire.map = ['map', pairs];
  return wire;
}

function wireWhole(row: ModelRow): Record<string, unknown> {
  return {
    name: row.name,
    enabled: row.enabled ?? wireSet([]),
    members: wireSet(row.members),
    map: ['map', [...row.map]],
  };
}

type Change =
  | { readonly kind: 'put'; readonly row: number; readonly edit: Edit }
  | { readonly kind: 'delete'; readonly row: number };

interface Edit {
  readonly name: string | undefined;
  readonly enabled: boolean | null | undefined;
  /** Members to toggle: half of the runs lead far over the size of a big set. */
  readonly toggle: readonly number[];
  readonly clear: boolean;
  readonly pairs: readonly (readonly [string, string | undefined])[];
}

const edit: fc.Arbitrary<Edit> = fc.record({
  name: fc.option(fc.constantFrom(...names), { nil: undefined }),
  enabled: fc.constantFrom(true, false, null, undefined),
  toggle: fc.oneof(
    fc.uniqueArray(fc.nat(200), { maxLength: 5 }),
    fc.uniqueArray(fc.nat(200), { minLength: BIG_SET_SIZE - 5, maxLength: 120 }),
  ),
  clear: fc.boolean(),
  pairs: fc.array(fc.tuple(fc.constantFrom(...names), fc.option(fc.constantFrom('x', 'y', ''), { nil: undefined })), {
    maxLength: 3,
  }),
});

function edited(row: ModelRow, { name, enabled, toggle, clear, pairs }: Edit): ModelRow {
  const members = new Set(clear && toggle.length > 3 ? [] : row.members);
  for (const n of toggle) if (!members.delete(`m${n}`)) members.add(`m${n}`);
  const map = new Map(row.map);
  for (const [key, value] of pairs) {
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  return {
    name: name ?? row.name,
    enabled: enabled === undefined ? row.enabled : (enabled ?? undefined),
    members,
    map,
  };
}

type Model = ReadonlyMap<number, ModelRow>;

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), row: fc.nat(4), edit }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), row: fc.nat(4) }) },
);
const message = fc.record({
  format: fc.constantFrom('v1' as const, 'v2' as const, 'snapshot-v1' as const, 'snapshot-v2' as const),
  changes: fc.uniqueArray(change, { selector: ({ row }) => row, minLength: 1, maxLength: 4 }),
});

function modelAfter(model: Model, changes: readonly Change[]): Model {
  const next = new Map(model);
  for (const each of changes) {
    if (each.kind === 'delete') next.delete(each.row);
    else next.set(each.row, edited(next.get(each.row) ?? emptyRow(), each.edit));
  }
  return next;
}

/** What a server sends for the step from one state to another. */
function messageFor(from: Model, to: Model, format: 'v1' | 'v2'): { T: Record<string, unknown> } {
  const rows: Record<string, unknown> = {};
  for (const n of new Set([...from.keys(), ...to.keys()])) {
    const [old, row] = [from.get(n), to.get(n)];
    if (old !== undefined && row !== undefined) {
      const modify = wireModify(old, row);
      if (Object.keys(modify).length === 0) continue;
      rows[uuidOf(n)] = format === 'v2' ? { modify } : { old: { name: old.name }, new: wireWhole(row) };
    } else if (row !== undefined) {
      rows[uuidOf(n)] = format === 'v2' ? { insert: wireInsert(row) } : { new: wireWhole(row) };
    } else {
      rows[uuidOf(n)] = format === 'v2' ? { delete: null } : { old: wireWhole(old!) };
    }
  }
  return { T: rows };
}

function snapshotOf(model: Model, format: 'v1' | 'v2'): { T: Record<string, unknown> } {
  const rows = [...model].map(([n, row]) => [
    uuidOf(n),
    format === 'v2' ? { initial: wireInsert(row) } : { new: wireWhole(row) },
  ]);
  return { T: Object.fromEntries(rows) as Record<string, unknown> };
}

describe('Replica', () => {
  it('follows a model through updates and snapshots; events, old rows, identity and indexes hold', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 25 }), (script) => {
        const replica = new Replica(
          [
            {
              table: 'T',
              indexes: [['name'], ['members'], [{ column: 'map', key: '__proto__' }], ['name', 'enabled']],
            },
          ],
          (_event, error) => {
            throw error;
          },
        );
        replica.adopt(schema);
        const store = replica.stores.get('T')!;
        let model: Model = new Map();
        const fold = new Map<string, RowData>();
        /** Every row ever seen and what it held then. */
        const history: [RowData, unknown][] = [];
        const batches: Batch[] = [];
        replica.events.on('batch', (batch) => batches.push(batch));
        applySnapshot(replica, { format: 'v2', tables: {} });
        for (const { format, changes } of script) {
          const next = modelAfter(model, changes);
          const before = new Map(store.rows);
          batches.length = 0;
          if (format === 'v1' || format === 'v2') {
            replica.applyUpdates({ format, tables: messageFor(model, next, format) }, 'update');
          } else {
            const version = format === 'snapshot-v1' ? 'v1' : 'v2';
            applySnapshot(replica, { format: version, tables: snapshotOf(next, version) });
          }
          for (const event of batches.flatMap(({ changes: all }) => all)) {
            const { _uuid: uuid } = event.row;
            if (event.type === 'insert') expect(fold.has(uuid)).to.equal(false);
            if (event.type === 'update') {
              expect(fold.get(uuid)).to.equal(event.old);
              const [a, b] = [plain(event.old), plain(event.row)] as Record<string, unknown>[];
              const differing = Object.keys(a!).filter((c) => JSON.stringify(a![c]) !== JSON.stringify(b![c]));
              expect([...event.columns].sort()).to.deep.equal(differing.sort());
            }
            if (event.type === 'delete') {
              expect(fold.get(uuid)).to.equal(event.row);
              fold.delete(uuid);
            } else fold.set(uuid, event.row);
          }
          for (const [n, row] of next) {
            const same = JSON.stringify(plainModel(row)) === JSON.stringify(plainModel(model.get(n)));
            expect(store.rows.get(uuidOf(n)) === before.get(uuidOf(n))).to.equal(same);
          }
          model = next;
          expect(store.rows.size).to.equal(model.size);
          expect(fold).to.deep.equal(store.rows);
          for (const [n, row] of model) history.push([store.rows.get(uuidOf(n))!, plainModel(row)]);
          for (const match of [
            ...names.map((name) => ({ name })),
            ...names.map((name) => ({ name, enabled: true })),
            { name: 'a', enabled: undefined },
            ...[0, 7, 100].map((m) => ({ members: [`m${m}`] })),
            { members: ['m1', 'm2'] },
            { map: Object.fromEntries([['__proto__', 'x']]) },
            { map: { constructor: 'y' } },
          ]) {
            const scan = [...model].filter(([, row]) => fits(row, match)).map(([n]) => uuidOf(n));
            expect([...store.matching(match)].map(({ _uuid }) => _uuid)).to.have.members(scan);
          }
        }
        for (const [row, then] of history) expect(plain(row)).to.deep.equal(then);
      }),
      { numRuns: 150 },
    );
  });
});

function fits(row: ModelRow, match: Record<string, unknown>): boolean {
  return Object.entries(match).every(([column, wanted]) => {
    if (column === 'members') return (wanted as string[]).every((m) => row.members.has(m));
    if (column === 'map') return Object.entries(wanted as object).every(([key, value]) => row.map.get(key) === value);
    return row[column as 'name' | 'enabled'] === wanted;
  });
}
