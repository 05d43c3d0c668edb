import { expect } from 'chai';

import { Database } from '../../lib/server/database/database.js';
import { Sandbox } from '../../lib/testing/sandbox.js';
import { Random } from '../random.js';
import { canonical } from './comparison.js';
import { randomSchema } from './random-schema.js';
import { OWNED_LOCK } from './random-transaction.js';
import { RealServer } from './real-server.js';

const NAME = 'Checked';
const column = (type: unknown, rest: object = {}): object => ({ columns: { c: { type, ...rest } } });
const schema = (table: unknown, rest: object = {}): object => ({ name: NAME, version: '1.0.0', tables: { T: table }, ...rest }); // prettier-ignore
const plain = column('string');

const BROKEN: readonly unknown[] = [
  3,
  {},
  schema(plain, { name: '0' }),
  schema(plain, { name: 'Other' }),
  schema(plain, { version: '1' }),
  schema(plain, { version: '1.2.x' }),
  schema(plain, { version: 3 }),
  schema(plain, { extra: 1 }),
  schema(plain, { tables: [] }),
  schema(plain, { tables: { _T: plain } }),
  schema(plain, { tables: { 'T-1': plain } }),
  schema(3),
  schema({}),
  schema({ columns: {} }),
  schema({ ...plain, maxRows: 0 }),
  schema({ ...plain, maxRows: 1.5 }),
  schema({ ...plain, isRoot: 1 }),
  schema({ ...plain, extra: 1 }),
  schema({ ...plain, indexes: [[]] }),
  schema({ ...plain, indexes: [['x']] }),
  schema({ ...plain, indexes: [['c', 'c']] }),
  schema({ ...plain, indexes: ['c'] }),
  schema({ ...column('string', { ephemeral: true }), indexes: [['c']] }),
  schema({ columns: { _c: { type: 'string' } } }),
  schema({ columns: { 'c d': { type: 'string' } } }),
  schema({ columns: { c: 'string' } }),
  schema({ columns: { c: {} } }),
  schema(column('string', { mutable: 1 })),
  schema(column('string', { extra: 1 })),
  schema(column('text')),
  schema(column({ key: 'text' })),
  schema(column({ key: { type: 3 } })),
  schema(column({ key: {} })),
  schema(column({ key: 'string', extra: 1 })),
  schema(column({ key: { type: 'string', extra: 1 } })),
  schema(column({ key: { type: 'string', minInteger: 1 } })),
  schema(column({ key: { type: 'string', minLength: -1 } })),
  schema(column({ key: { type: 'string', minLength: 3, maxLength: 2 } })),
  schema(column({ key: { type: 'integer', minInteger: 3, maxInteger: 2 } })),
  schema(column({ key: { type: 'integer', minInteger: 1.5 } })),
  schema(column({ key: { type: 'real', minReal: 3, maxReal: 2.5 } })),
  schema(column({ key: { type: 'integer', enum: ['set', ['a']] } })),
  schema(column({ key: { type: 'integer', enum: ['set', []] } })),
  schema(column({ key: { type: 'integer', enum: ['set', [1, 1]] } })),
  schema(column({ key: { type: 'uuid', refTable: 'X' } })),
  schema(column({ key: 'string', value: { type: 'uuid', refTable: 'X' } })),
  schema(column({ key: { type: 'uuid', refTable: 'T', refType: 'loose' } })),
  schema(column({ key: { type: 'uuid', refTable: 3 } })),
  schema(column({ key: 'string', min: 2 })),
  schema(column({ key: 'string', min: -1 })),
  schema(column({ key: 'string', max: 0 })),
  schema(column({ key: 'string', max: 'many' })),
  schema(column({ key: 'string', max: 4294967295 })),
  schema(column({ key: 'string', max: [] })),
];

const ODD: readonly unknown[] = [
  schema(plain, { version: '01.2.3' }),
  schema(plain, { version: '' }),
  schema(plain, { cksum: '12 34' }),
  schema({ ...plain, isRoot: true, maxRows: 5000000000 }),
  schema({ ...plain, maxRows: 4294967295 }),
  schema({ ...plain, isRoot: false, mutable: false }),
  schema(column({ key: { type: 'integer', minInteger: 3, maxInteger: 3 } })),
  schema(column({ key: { type: 'string', minLength: 2, maxLength: 2 } })),
  schema(column({ key: { type: 'string', minLength: 0, maxLength: 4294967295 }, min: 1, max: 1 })),
  schema(column({ key: { type: 'uuid', refTable: 'T', refType: 'weak' }, min: 0 }, { mutable: false })),
  schema(column({ key: { type: 'uuid', refTable: 'T' }, min: 0 }, { ephemeral: true })),
  schema(column({ key: { type: 'integer', enum: ['set', [3, 1, 2]] }, value: { type: 'string', enum: 'x' }, min: 0 })),
  schema(column({ key: { type: 'real', minReal: 1, maxReal: 2.5 } })),
];

describe('the schemas of the embedded database and of ovsdb-server', function () {
  this.timeout(60_000);

  it('are refused in the same words, and printed alike', async () => {
    const first = schema(plain);
    await using sandbox = await Sandbox.start({ schemas: first as never });
    using server = await RealServer.connect(sandbox.remote, OWNED_LOCK);
    const database = new Database(first);
    const random = Array.from({ length: 50 }, (_, i) => randomSchema(new Random(i), NAME));
    for (const json of [...BROKEN, ...ODD, ...random]) {
      const reply = await server.request('convert', [NAME, json]);
      const what = JSON.stringify(json);
      expect(canonical(database.convert(json) ?? null), what).to.equal(canonical(reply.error ?? null));
      const { result } = await server.request('get_schema', [NAME]);
      expect(canonical(database.schemaJson), what).to.equal(canonical(result));
    }
  });
});
