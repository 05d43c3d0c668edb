import { expect } from 'chai';

import { Database, type RowChange } from '../../../../lib/server/database/database.js';
import { SampleDatabase, portOnSwitch } from './sample-database.js';

describe('a commit of the embedded database', () => {
  it('adds what is wrong with the whole as one more result, and undoes everything', () => {
    const db = new SampleDatabase();
    const results = db.transact(
      { op: 'insert', table: 'Switch', row: { name: 'a' } },
      { op: 'insert', table: 'Switch', row: { name: 'a' } },
    );
    expect(results).to.have.lengthOf(3);
    expect(results[2]).to.have.property('error', 'constraint violation');
    expect((results[2] as { details: string }).details).to.match(
      /^Transaction causes multiple rows in "Switch" table to have identical values \(a\) for index on column "name"\. {2}First row, with UUID [0-9a-f-]{36}, was inserted by this transaction\. {2}Second row, with UUID [0-9a-f-]{36}, was inserted by this transaction\.$/,
    );
    expect(db.rows('Switch', 'name')).to.deep.equal([]);
  });

  it('names the rows that have the same values in an order that their contents give', () => {
    const port = { op: 'insert', table: 'Port', row: { name: 'p' }, 'uuid-name': 'p' };
    const bare = { op: 'insert', table: 'Switch', row: { name: 'a' } };
    const full = { op: 'insert', table: 'Switch', row: { name: 'a', ports: ['named-uuid', 'p'] } };
    for (const rows of [
      [bare, full],
      [full, bare],
    ]) {
      const results = new SampleDatabase().transact(port, ...rows) as { uuid: [string, string]; details: string }[];
      const greater = results[1 + rows.indexOf(full)]!.uuid[1];
      expect(results[3]!.details).to.include(`First row, with UUID ${greater},`);
    }
    // By what they hold now, also in columns that no index has.
    const db = new SampleDatabase();
    const [, first] = db.transact(port, { ...bare, uuid: '00000000-0000-4000-8000-000000000001' }) as {
      uuid: [string, string];
    }[];
    db.transact(port, { op: 'update', table: 'Switch', where: [], row: { ports: ['named-uuid', 'p'] } });
    expect((db.transact(bare)[1] as { details: string }).details).to.include(`First row, with UUID ${first!.uuid[1]},`);
  });

  it('tells 0 and -0 apart in an index, also where one took the place of the other', () => {
    const columns = { size: { type: 'real' }, note: { type: 'string' } };
    const database = new Database({
      name: 'Sizes',
      version: '1.0.0',
      tables: { Size: { columns, indexes: [['size']] } },
    });
    const transact = (...operations: object[]): unknown =>
      database.execute(operations, { ownsLock: () => false, elapsedMs: 0 });
    const insertZero = { op: 'insert', table: 'Size', row: { size: 0 } };
    const negate = { op: 'mutate', table: 'Size', where: [], mutations: [['size', '*=', -1]] };
    const note = { op: 'update', table: 'Size', where: [], row: { note: 'changed' } };
    transact(insertZero);
    // -0 is no change, but is there with one.
    transact(negate, note);
    expect(transact(insertZero)).to.have.nested.property('result.length', 1);
    expect(transact(insertZero)).to.have.nested.property('result[1].error', 'constraint violation');
  });

  it('lets rows swap their unique values, and keeps the index right', () => {
    const db = new SampleDatabase();
    const [a, b] = [db.insert('Switch', { name: 'a' }), db.insert('Switch', { name: 'b' })];
    const rename = (uuid: string, name: string): object => ({
      op: 'update',
      table: 'Switch',
      where: [['_uuid', '==', ['uuid', uuid]]],
      row: { name },
    });
    expect(db.transact(rename(a, 'b'), rename(b, 'a'))).to.deep.equal([{ count: 1 }, { count: 1 }]);
    expect(db.transact({ op: 'insert', table: 'Switch', row: { name: 'a' } })[1]).to.include({
      error: 'constraint violation',
    });
    db.transact({ op: 'delete', table: 'Switch', where: [['name', '==', 'a']] });
    expect(db.transact({ op: 'insert', table: 'Switch', row: { name: 'a' } })).to.have.lengthOf(1);
  });

  it('refuses more rows than a table may have', () => {
    const db = new SampleDatabase();
    const insert = (name: string): object => ({ op: 'insert', table: 'Switch', row: { name } });
    const results = db.transact(...['a', 'b', 'c', 'd'].map(insert));
    expect(results[4]).to.deep.equal({
      error: 'constraint violation',
      details: 'transaction causes "Switch" table to contain 4 rows, greater than the schema-defined limit of 3 row(s)',
    });
  });

  it('refuses a strong reference to a row that is not there, and the deletion of one that is referred to', () => {
    const db = new SampleDatabase();
    const nobody = '11111111-2222-4333-8444-555555555555';
    const [uuid, error] = db.transact({ op: 'insert', table: 'Switch', row: { ports: ['uuid', nobody] } }) as [
      { uuid: [string, string] },
      unknown,
    ];
    expect(error).to.deep.equal({
      error: 'referential integrity violation',
      details: `Table Switch column ports row ${uuid.uuid[1]} references nonexistent row ${nobody} in table Port.`,
    });
    const [port] = db.transact(...portOnSwitch('a')) as [{ uuid: [string, string] }];
    expect(db.transact({ op: 'delete', table: 'Port', where: [] })).to.deep.equal([
      { count: 1 },
      {
        error: 'referential integrity violation',
        details: `cannot delete Port row ${port.uuid[1]} because of 1 remaining reference(s)`,
      },
    ]);
    expect(db.rows('Port', 'name')).to.deep.equal([{ name: 'a' }]);
  });

  it('deletes rows that nobody refers to any more, along the whole chain', () => {
    const db = new SampleDatabase();
    const chain = Array.from({ length: 5000 }, (_, i) => ({
      op: 'insert',
      table: 'Port',
      'uuid-name': `p${i}`,
      row: { name: `p${i}`, peer: i === 0 ? ['set', []] : ['named-uuid', `p${i - 1}`] },
    }));
    db.transact(...chain, { op: 'insert', table: 'Switch', row: { name: 'a', ports: ['named-uuid', 'p4999'] } });
    expect(db.database.table('Port').rows.size).to.equal(5000);
    db.transact({ op: 'update', table: 'Switch', where: [], row: { ports: ['set', []] } });
    expect(db.database.table('Port').rows.size).to.equal(0);
    expect(db.commits.at(-1)?.changes.get('Port')?.size).to.equal(5000);
  });

  it('does not keep a row of no root table that comes without a reference, nor tell of it', () => {
    const db = new SampleDatabase();
    expect(db.transact({ op: 'insert', table: 'Port', row: { name: 'p' } })).to.have.lengthOf(1);
    expect(db.rows('Port', 'name')).to.deep.equal([]);
    expect(db.commits).to.deep.equal([]);
  });

  it('drops weak references to rows that go or never were', () => {
    const db = new SampleDatabase();
    const a = db.insert('Switch', { name: 'a' });
    const gone = '11111111-2222-4333-8444-555555555555';
    const needed = ['set', [['uuid', a], ['uuid', gone]]]; // prettier-ignore
    db.insert('Switch', { name: 'b', needed });
    expect(db.rows('Switch', 'needed')).to.deep.equal([{ needed: ['set', []] }, { needed: ['uuid', a] }]);
    db.transact({ op: 'delete', table: 'Switch', where: [['name', '==', 'a']] });
    expect(db.rows('Switch', 'needed')).to.deep.equal([{ needed: ['set', []] }]);
    const changes = [...db.commits.at(-1)!.changes.get('Switch')!.values()];
    expect(changes.map(({ changed }) => [...changed].map(({ name }) => name))).to.have.deep.members([[], ['needed']]);
  });

  it('tells listeners the rows before and after, and which columns changed, with a new version', () => {
    const db = new SampleDatabase();
    db.transact(...portOnSwitch('a'));
    const [first] = db.commits;
    expect([...first!.changes.keys()]).to.have.members(['Port', 'Switch']);
    db.transact({ op: 'update', table: 'Port', where: [], row: { tag: 7, numbers: ['set', []] } });
    const [[uuid, change]] = [...db.commits[1]!.changes.get('Port')!] as [[string, RowChange]];
    const { before, after, changed } = change;
    expect([...changed].map(({ name }) => name)).to.deep.equal(['tag']);
    expect([before?.uuid, after?.uuid]).to.deep.equal([uuid, uuid]);
    expect(before?.toJson()).to.deep.include({ tag: ['set', []] });
    expect(after?.toJson()).to.deep.include({ tag: 7 });
    expect(after?.version).to.not.equal(before?.version);
  });

  it('gives a row that is inserted one version', () => {
    const db = new SampleDatabase();
    const versions = { op: 'select', table: 'Switch', where: [], columns: ['_version'] };
    const [, during] = db.transact({ op: 'insert', table: 'Switch', row: {} }, versions);
    expect(db.transact(versions)).to.deep.equal([during]);
  });

  it('says nothing of a transaction that changes nothing', () => {
    const db = new SampleDatabase();
    db.transact(...portOnSwitch('a'));
    db.transact({ op: 'update', table: 'Switch', where: [], row: { name: 'a' } });
    db.transact(
      { op: 'update', table: 'Switch', where: [], row: { name: 'b' } },
      { op: 'update', table: 'Switch', where: [], row: { name: 'a' } },
    );
    expect(db.commits).to.have.lengthOf(1);
  });
});
