import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { Differential } from './differential.js';
import { OWNED_LOCK } from './random-transaction.js';
import { RealServer } from './real-server.js';

type Row = Readonly<Record<string, unknown>>;

const weak = { type: 'uuid', refTable: 'A', refType: 'weak' };
const ints = { type: { key: 'integer', min: 0, max: 2 } };
const SCHEMA = {
  name: 'Cases',
  version: '1.0.0',
  tables: {
    A: {
      isRoot: true,
      indexes: [['x', 'y']],
      columns: {
        x: { type: 'string' },
        y: { type: 'string' },
        n: { type: 'integer' },
        r: { type: 'real' },
        likes: { type: { key: weak, min: 0, max: 'unlimited' } },
        ints,
      },
    },
    Three: {
      isRoot: true,
      indexes: [['a', 'b', 'c']],
      columns: { a: { type: 'string' }, b: { type: 'integer' }, c: { type: 'boolean' } },
    },
    Leaf: { columns: { name: { type: 'string' } }, maxRows: 1 },
    Holder: {
      isRoot: true,
      columns: { leaf: { type: { key: { type: 'uuid', refTable: 'Leaf' }, min: 0, max: 'unlimited' } } },
    },
    Fan: { isRoot: true, columns: { idol: { type: { key: weak } }, name: { type: 'string' } } },
    Fans: { isRoot: true, columns: { idols: { type: { key: 'string', value: weak, min: 1, max: 2 } } } },
    Reals: {
      isRoot: true,
      columns: {
        r: { type: 'real' },
        some: { type: { key: 'real', min: 0, max: 1 } },
        map: { type: { key: 'string', value: 'real', min: 0, max: 'unlimited' } },
      },
    },
  },
};
const { Reals } = SCHEMA.tables;
const realsWith = (columns: Row): typeof SCHEMA => ({
  ...SCHEMA,
  tables: { ...SCHEMA.tables, Reals: { ...Reals, columns: { ...Reals.columns, ...columns } } },
});

const U = (n: number): string => `abcdef00-0000-4000-8000-00000000000${n}`;
const ref = (n: number): readonly [string, string] => ['uuid', U(n)];
const insert = (table: string, n: number, row: Row = {}): Row => ({ op: 'insert', table, uuid: U(n), row });
const is = (n: number): readonly unknown[] => [['_uuid', '==', ref(n)]];
const update = (table: string, n: number, row: Row): Row => ({ op: 'update', table, where: is(n), row });
const remove = (table: string, n: number): Row => ({ op: 'delete', table, where: is(n) });
const mutate = (table: string, n: number, ...mutations: unknown[]): Row => ({ op: 'mutate', table, where: is(n), mutations }); // prettier-ignore
const a = (n: number, row: Row = {}): Row => insert('A', n, { x: `a${n}`, r: n, ...row });
const MAX = 9223372036854775807n;

/** Steps upon the same empty database each: transactions, or schemas to convert to. */
const CASES: Readonly<Record<string, readonly (readonly Row[] | typeof SCHEMA)[]>> = {
  'a chosen uuid in capitals': [[{ ...a(1), uuid: U(1).toUpperCase() }], [a(1, { x: 'again' })]],
  'a uuid that was inserted and deleted in the same transaction': [[a(1), remove('A', 1), a(1)]],
  'a uuid that was deleted in the same transaction': [[a(1)], [remove('A', 1), a(1)]],
  'a row meant by its uuid that another clause excludes': [
    [a(1)],
    [{ op: 'select', table: 'A', where: [...is(1), ['n', '==', 5]] }],
    [{ op: 'select', table: 'A', where: [...is(1), ...is(2)] }],
  ],
  'more members to be included than a column may have': [
    [{ op: 'select', table: 'A', where: [['ints', 'includes', ['set', [1, 2, 3]]]] }],
    [{ op: 'select', table: 'A', where: [['ints', 'excludes', ['set', [1, 2, 3]]]] }],
  ],
  'values of an index that are alike when they are put side by side': [
    [a(1, { x: '1', y: '=2' }), a(2, { x: '1=', y: '2' }), a(3, { x: '1=2', y: '' })],
  ],
  'an index of three columns': [[insert('Three', 1)], [insert('Three', 2, { a: 'x' }), update('Three', 2, { a: '' })]],
  'both zeros of reals': [
    [insert('Reals', 1), insert('Reals', 2)],
    [mutate('Reals', 1, ['r', '*=', -1], ['map', 'insert', ['map', [['k', 1]]]])],
    [{ op: 'select', table: 'Reals', where: [['r', '==', 0]], columns: ['r'] }],
  ],
  'a remainder that is a negative zero': [
    [a(1, { n: -4 }), a(2, { n: 0 })],
    [mutate('A', 1, ['n', '%=', 2])],
    [{ op: 'select', table: 'A', where: [], columns: ['n'] }],
  ],
  'products at the end of the range': [
    [a(1, { n: MAX })],
    [mutate('A', 1, ['n', '*=', 1])],
    [update('A', 1, { n: MAX - 1n }), mutate('A', 1, ['n', '*=', 1])],
  ],
  'divisions by zero': [
    [a(1, { n: 3, r: 0.5 })],
    [mutate('A', 1, ['n', '/=', 0])],
    [mutate('A', 1, ['n', '%=', 0])],
    [mutate('A', 1, ['r', '/=', 0])],
  ],
  'rows of no root beyond the limit, to which nobody refers': [
    [insert('Leaf', 1), insert('Leaf', 2), insert('Holder', 3, { leaf: ref(1) })],
    [insert('Leaf', 4), insert('Holder', 5, { leaf: ref(4) })],
    [insert('Leaf', 6), update('Holder', 3, { leaf: ref(6) })],
  ],
  'a row that is written without a change and loses a reference': [
    [a(1, { likes: ref(2) }), a(2)],
    [update('A', 1, { n: 0 }), remove('A', 2)],
  ],
  'a version that is read before the commit': [
    [a(1), { op: 'select', table: 'A', where: is(1), columns: ['n', 'likes'] }],
    [{ op: 'wait', table: 'A', where: is(1), columns: ['_version'], until: '==', rows: [{}], timeout: 0 }],
  ],
  'weak references that must not be missing': [
    [insert('Fan', 1)],
    [insert('Fans', 1)],
    [insert('Fans', 1, { idols: ['map', [['a', ref(9)]]] })],
    [a(2), insert('Fan', 1, { idol: ref(2) }), insert('Fans', 3, { idols: ['map', [['a', ref(2)]]] })],
    [update('Fan', 1, { idol: ['uuid', '00000000-0000-0000-0000-000000000000'] })],
    [remove('Fans', 3), remove('A', 2)],
  ],
  'reals that are to be integers': [
    [insert('Reals', 1)],
    realsWith({ some: { type: { key: 'integer', min: 0, max: 1 } } }),
    realsWith({ r: { type: 'integer' } }),
    SCHEMA,
    [update('Reals', 1, { map: ['map', [['a', 2]]] })],
    realsWith({ map: { type: { key: 'string', value: 'integer', min: 0, max: 'unlimited' } } }),
  ],
};

/** Of two rows with equal values either may be named first. */
const NAME_TWO_ROWS = new Set(['an index of three columns']);

describe('the embedded database and ovsdb-server, case by case', function () {
  this.timeout(30_000);
  let sandbox: Sandbox;
  const schemas = Object.keys(CASES).map((_, i) => ({ ...SCHEMA, name: `${SCHEMA.name}${i}` }));

  before(async () => {
    sandbox = await Sandbox.start({ schemas });
  });

  after(() => sandbox.stop());

  for (const [i, [what, steps]] of Object.entries(CASES).entries()) {
    it(`agree on ${what}`, async () => {
      const schema = schemas[i]!;
      using server = await RealServer.connect(sandbox.remote, OWNED_LOCK);
      const differential = new Differential(server, schema);
      for (const step of steps) {
        const difference = await differential.step(
          'tables' in step ? { schema: { ...step, name: schema.name } } : { operations: step },
        );
        expect(difference).to.equal(undefined);
      }
      if (!NAME_TWO_ROWS.has(what)) expect(differential.figures.byOrder).to.equal(0);
    });
  }
});
