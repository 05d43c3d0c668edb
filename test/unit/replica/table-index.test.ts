import { expect } from 'chai';

import { Replica } from '../../../lib/replica/replica.js';
import { TableIndex } from '../../../lib/replica/table-index.js';
import { VersionedSet } from '../../../lib/replica/versioned-set.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { applySnapshot } from './apply-snapshot.js';

const schema = parseSchema({
  name: 'DB',
  version: '1.0.0',
  tables: {
    T: {
      isRoot: true,
      indexes: [['name']],
      columns: {
        name: { type: 'string' },
        number: { type: { key: 'integer', min: 0 } },
        members: { type: { key: 'string', min: 0, max: 'unlimited' } },
        ids: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
      },
    },
  },
});
const table = schema.table('T');
const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;

describe('TableIndex', () => {
  for (const [what, parts, words] of [
    ['no parts', [], 'at least one column'],
    ['an unknown column', ['nmae'], 'nmae'],
    ['a map without a key', ['ids'], 'one key'],
    ['a key of what is no map', [{ column: 'name', key: 'x' }], 'only a map'],
    ['a set beside another column', ['members', 'name'], 'single part'],
    ['a column that is not replicated', ['number'], 'not replicated'],
  ] as const) {
    it(`refuses ${what}`, () => {
      const replicated = new Map([...table.columns].filter(([name]) => name !== 'number'));
      expect(() => new TableIndex(table, parts, replicated))
        .to.throw(words)
        .with.property('code', 'Schema');
    });
  }
});

describe('a table with indexes', () => {
  function filled(count: number): Replica {
    const indexes = [['members'], ['number', 'name'], [{ column: 'ids', key: 'owner' }]];
    const replica = new Replica([{ table: 'T', indexes }], () => undefined);
    replica.adopt(schema);
    const rows = Array.from({ length: 3 }, (_, n) => [
      uuid(n),
      {
        initial: {
          name: `n${n}`,
          ...(n < 2 && { number: n }),
          members: ['set', Array.from({ length: count }, (_m, m) => `m${m + n}`)],
          ...(n === 1 && { ids: ['map', [['owner', 'me']]] }),
        },
      },
    ]);
    applySnapshot(replica, { format: 'v2', tables: { T: Object.fromEntries(rows) as object } });
    return replica;
  }

  const find = (replica: Replica, match: object): string[] =>
    [...replica.stores.get('T')!.matching(match as Record<string, unknown>)].map(({ name }) => name as string);

  it('finds by schema index, by several columns, by a key of a map and by a member of a set', () => {
    const replica = filled(3);
    expect(find(replica, { name: 'n1' })).to.deep.equal(['n1']);
    expect(find(replica, { number: 1, name: 'n1' })).to.deep.equal(['n1']);
    expect(find(replica, { number: undefined, name: 'n2' })).to.deep.equal(['n2']);
    expect(find(replica, { ids: { owner: 'me' } })).to.deep.equal(['n1']);
    expect(find(replica, { ids: { owner: 'you' } })).to.deep.equal([]);
    expect(find(replica, { members: ['m2'] })).to.have.members(['n0', 'n1', 'n2']);
    expect(find(replica, { members: ['m3', 'm1'] })).to.deep.equal(['n1']);
    expect(find(replica, { number: 1n })).to.deep.equal(['n1']);
    expect(find(replica, {})).to.have.lengthOf(3);
  });

  it('find the row as it is now, whatever changed, and whether or not others have its key', () => {
    const replica = filled(3);
    const store = replica.stores.get('T')!;
    const current = (n: number): unknown => store.rows.get(uuid(n));
    const modify = (n: number, columns: object): void =>
      replica.applyUpdates({ format: 'v2', tables: { T: { [uuid(n)]: { modify: columns } } } }, 'update');
    const expectAll = (): void => {
      for (const row of store.rows.values()) {
        const { name, number, members } = row;
        for (const match of [{ name }, { number, name }, { members }, { _uuid: row._uuid }] as object[]) {
          expect(store.matching(match as never)).to.include(row);
        }
      }
    };
    const before = current(1);
    modify(1, { members: ['set', ['new']] });
    expect(current(1)).not.to.equal(before);
    expect(store.first({ name: 'n1' })).to.equal(current(1));
    expect(store.first({ ids: { owner: 'me' } })).to.equal(current(1));
    expectAll();
    modify(0, { name: 'n1' });
    expect(store.matching({ name: 'n1' })).to.have.members([current(0), current(1)]);
    modify(1, { number: 8 });
    modify(0, { number: 7 });
    expect(store.matching({ name: 'n1' })).to.have.members([current(0), current(1)]);
    expectAll();
    modify(1, { name: 'n0' });
    modify(1, { number: 9 });
    modify(0, { number: 6 });
    expect(store.matching({ name: 'n1' })).to.deep.equal([current(0)]);
    expect(store.first({ name: 'n1' })).to.equal(current(0));
    expect(store.first({ name: 'n0' })).to.equal(current(1));
    expectAll();
  });

  it('does not look at a big set when another column of its row changes, nor copy it when it does itself', () => {
    const replica = filled(5_000);
    const { prototype } = VersionedSet;
    const toArray = Object.getOwnPropertyDescriptor(prototype, 'toArray')!;
    let reads = 0;
    Object.defineProperty(prototype, 'toArray', {
      ...toArray,
      value(this: VersionedSet) {
        reads++;
        return (toArray.value as (this: VersionedSet) => unknown).call(this);
      },
    });
    try {
      for (const modify of [{ ids: ['map', [['owner', 'x']]] }, { members: ['set', ['m0', 'new']] }, { number: 9 }]) {
        replica.applyUpdates({ format: 'v2', tables: { T: { [uuid(0)]: { modify } } } }, 'update');
      }
      expect(find(replica, { members: ['m0'] })).to.deep.equal([]);
      expect(find(replica, { members: ['new'] })).to.deep.equal(['n0']);
      expect(find(replica, { ids: { owner: 'x' } })).to.deep.equal(['n0']);
      expect(reads).to.equal(0);
    } finally {
      Object.defineProperty(prototype, 'toArray', toArray);
    }
    expect(replica.stores.get('T')!.rows.get(uuid(0))!['members']).to.have.lengthOf(5_000);
  });
});

describe('replicated rows', () => {
  it('behave like plain objects whether their sets are big or small', () => {
    for (const count of [2, 64, 65, 200]) {
      const replica = new Replica([{ table: 'T' }], () => undefined);
      replica.adopt(schema);
      const members = Array.from({ length: count }, (_, m) => `m${m}`);
      const wire = { initial: { name: 'n', members: ['set', members] } };
      applySnapshot(replica, { format: 'v2', tables: { T: { [uuid(1)]: wire } } });
      const row = replica.stores.get('T')!.rows.get(uuid(1))!;
      const plain = { _uuid: uuid(1), name: 'n', number: undefined, members, ids: {} };
      expect(Object.keys(row)).to.deep.equal(Object.keys(plain));
      expect(JSON.parse(JSON.stringify(row))).to.deep.equal(JSON.parse(JSON.stringify(plain)));
      expect({ ...row }.members).to.deep.equal(members);
      expect(row['members']).to.equal(row['members']);
      expect(Object.isFrozen(row) && Object.isFrozen(row['members'])).to.equal(true);
      expect(structuredClone({ ...row }).members).to.deep.equal(members);
    }
  });
});

describe('the indexes of a replicated table', () => {
  const replicaWith = (columns: object, indexes: readonly (readonly string[])[]): ReturnType<typeof parseSchema> =>
    parseSchema({ name: 'DB', version: '1.0.0', tables: { T: { columns, indexes, isRoot: true } } });
  const text = { type: 'string' };
  const set = { type: { key: 'string', min: 0, max: 'unlimited' } };
  const map = { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } };

  it('do without those of the schema that no look-up could use', () => {
    const replica = new Replica([{ table: 'T' }], () => undefined);
    replica.adopt(replicaWith({ name: text, set, map }, [['map'], ['set', 'name'], ['set'], ['name']]));
    applySnapshot(replica, { format: 'v2', tables: { T: { [uuid(1)]: { initial: { name: 'a', set: 'x' } } } } });
    const store = replica.stores.get('T')!;
    for (const match of [{ name: 'a' }, { set: ['x'] }, { set: ['x'], name: 'a' }, { map: {} }]) {
      expect([...store.matching(match)]).to.have.lengthOf(1);
    }
    expect([...store.matching({ set: ['x'], name: 'b' })]).to.have.lengthOf(0);
  });

  for (const [from, to] of [
    [text, set],
    [{ type: 'integer' }, set],
    [set, text],
    [map, set],
    [{ type: { key: 'integer', min: 0 } }, set],
  ] as const) {
    it(`survive a conversion of their column from ${JSON.stringify(from.type)} to ${JSON.stringify(to.type)}`, () => {
      const replica = new Replica([{ table: 'T' }], (_event, error) => {
        throw error;
      });
      const before = from.type === 'string' ? 'abc' : from === set ? ['set', ['abc', 'd']] : from === map ? ['map', [['a', 'b']]] : 7; // prettier-ignore
      replica.adopt(replicaWith({ column: from, name: text }, [['column']]));
      applySnapshot(replica, { format: 'v2', tables: { T: { [uuid(1)]: { initial: { column: before } } } } });
      expect(replica.adopt(replicaWith({ column: to, name: text }, [['column'], ['name']]))).to.equal(true);
      applySnapshot(replica, { format: 'v2', tables: { T: { [uuid(1)]: { initial: { column: 'abc' } } } } });
      const store = replica.stores.get('T')!;
      const match = (value: string): object => ({ column: to === set ? [value] : value });
      expect([...store.matching(match('abc') as never)]).to.have.lengthOf(1);
      expect([...store.matching(match('a') as never)]).to.have.lengthOf(0);
      replica.applyUpdates({ format: 'v2', tables: { T: { [uuid(1)]: { delete: null } } } }, 'update');
      expect([...store.matching(match('abc') as never)]).to.have.lengthOf(0);
    });
  }
});
