import { expect } from 'chai';

import { SampleDatabase, portOnSwitch } from './sample-database.js';

describe('the operations of the embedded database', () => {
  it('insert fills in defaults, and select shows sets, maps and single values as a server prints them', () => {
    const db = new SampleDatabase();
    db.transact(...portOnSwitch('a'));
    db.transact({ op: 'mutate', table: 'Port', where: [], mutations: [['numbers', 'insert', ['set', [3, -1, 2]]]] });
    expect(db.rows('Port', 'name', 'tag', 'numbers', 'ids')).to.deep.equal([
      { name: 'a', tag: ['set', []], numbers: ['set', [-1, 2, 3]], ids: ['map', []] },
    ]);
  });

  it('reports the first error with what is wrong, null for what was not run, and changes nothing', () => {
    const db = new SampleDatabase();
    const results = db.transact(
      { op: 'insert', table: 'Switch', row: { name: 'a' } },
      { op: 'insert', table: 'Switch', row: { name: 7 } },
      { op: 'comment', comment: 'not reached' },
    );
    expect(results[1]).to.deep.equal({ error: 'syntax error', details: 'expected string', syntax: '7' });
    expect(results[2]).to.equal(null);
    expect(db.rows('Switch', 'name')).to.deep.equal([]);
    expect(db.commits).to.deep.equal([]);
  });

  const refusals: readonly (readonly [string, unknown, object])[] = [
    ['an unknown operation', { op: 'nothing' }, { error: 'syntax error', details: 'Parsing ovsdb operation 1 of 1 failed: No operation "nothing"', syntax: '{"op":"nothing"}' }],
    ['what is no object', 3, { error: 'syntax error', details: 'Parsing ovsdb operation 1 of 1 failed: Object expected.' }],
    ['a missing member', { op: 'delete', table: 'Port' }, { error: 'syntax error', details: "Parsing ovsdb operation 1 of 1 failed: Required 'where' member is missing.", syntax: '{"op":"delete","table":"Port"}' }],
    ['an unknown member', { op: 'abort', a: 1, b: 2, c: 3 }, { error: 'syntax error', details: "Parsing ovsdb operation 1 of 1 failed: Member 'a' and 2 other members are present but not allowed here.", syntax: '{"a":1,"b":2,"c":3,"op":"abort"}' }],
    ['two unknown members', { op: 'abort', a: 1, b: 2 }, { error: 'syntax error', details: "Parsing ovsdb operation 1 of 1 failed: Member 'a' and 1 other member are present but not allowed here.", syntax: '{"a":1,"b":2,"op":"abort"}' }],
    ['an unknown table', { op: 'delete', table: 'Nowhere', where: [] }, { error: 'syntax error', details: 'Parsing ovsdb operation 1 of 1 failed: No table named Nowhere.', syntax: '{"op":"delete","table":"Nowhere","where":[]}' }],
    ['an unknown column', { op: 'update', table: 'Port', where: [], row: { nothing: 1 } }, { error: 'unknown column', details: 'No column nothing in table Port.', syntax: '{"nothing":1}' }],
    ['an immutable column', { op: 'mutate', table: 'Port', where: [], mutations: [['name', 'insert', 'x']] }, { error: 'constraint violation', details: 'Cannot mutate immutable column name in table Port.', syntax: '["name","insert","x"]' }],
    ['a mutator that does not fit', { op: 'mutate', table: 'Port', where: [], mutations: [['ids', '+=', 1]] }, { error: 'syntax error', details: 'Type mismatch: "+=" operator may not be applied to column ids of type map of (string, string) pairs.', syntax: '["ids","+=",1]' }],
    ['a function that does not fit', { op: 'select', table: 'Port', where: [['name', '<', 'x']] }, { error: 'syntax error', details: 'Type mismatch: "<" operator may not be applied to column name of type string.', syntax: '["name","<","x"]' }],
    ['a value out of range', { op: 'insert', table: 'Port', row: { tag: 4096 } }, { error: 'constraint violation', details: '4096 is not in the valid range 0 to 4095 (inclusive)' }],
    ['a value that no enum has', { op: 'insert', table: 'Port', row: { state: 'lost' } }, { error: 'constraint violation', details: 'lost is not one of the allowed values ([down, up])' }],
    ['too many values', { op: 'insert', table: 'Port', row: { numbers: ['set', [1, 2, 3, 4]] } }, { error: 'syntax error', details: 'set must have 0 to 3 members but 4 are present', syntax: '["set",[1,2,3,4]]' }],
    ['a repeated value', { op: 'insert', table: 'Port', row: { numbers: ['set', [1, 1]] } }, { error: 'ovsdb error', details: 'set contains duplicate' }],
    ['a lock that is not held', { op: 'assert', lock: 'theirs' }, { error: 'not owner', details: 'Asserted lock theirs not held.' }],
    ['an abort', { op: 'abort' }, { error: 'aborted', details: 'aborted by request' }],
  ]; // prettier-ignore
  for (const [what, operation, error] of refusals) {
    it(`refuse ${what} in a server's words`, () => {
      expect(new SampleDatabase().transact(operation)).to.deep.equal([error]);
    });
  }

  it('take a uuid that the client chooses, once', () => {
    const db = new SampleDatabase();
    const uuid = '11111111-2222-4333-8444-555555555555';
    const insert = { op: 'insert', table: 'Switch', row: { name: 'a' }, uuid };
    expect(db.transact(insert)).to.deep.equal([{ uuid: ['uuid', uuid] }]);
    expect(db.transact({ ...insert, row: { name: 'b' } })[0]).to.include({ error: 'duplicate uuid' });
    const [, again] = db.transact({ op: 'delete', table: 'Switch', where: [] }, insert);
    expect(again).to.include({ error: 'duplicate uuid' });
  });

  it('know a named row before and after the insert that names it', () => {
    const db = new SampleDatabase();
    const [before, row] = db.transact(
      { op: 'insert', table: 'Switch', row: { name: 'a', ports: ['named-uuid', 'later'] } },
      { op: 'insert', table: 'Port', 'uuid-name': 'later', row: { name: 'p' } },
      { op: 'update', table: 'Port', where: [['_uuid', '==', ['named-uuid', 'later']]], row: { tag: 5 } },
    ) as [object, { uuid: string[] }];
    expect(before).to.have.property('uuid');
    expect(db.rows('Switch', 'ports')).to.deep.equal([{ ports: row.uuid }]);
    expect(db.rows('Port', 'tag')).to.deep.equal([{ tag: 5 }]);
  });

  it('wait until rows are as expected, or until the time is over', () => {
    const { database } = new SampleDatabase();
    const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '==', rows: [{ name: 'a' }] };
    const context = { ownsLock: () => false, elapsedMs: 0 };
    expect(database.execute([wait], context)).to.deep.equal({ done: false, waitMs: Infinity });
    const limited = [{ ...wait, timeout: 10 }];
    expect(database.execute(limited, { ...context, elapsedMs: 4 })).to.deep.equal({ done: false, waitMs: 6 });
    expect(database.execute(limited, { ...context, elapsedMs: 12 })).to.deep.equal({
      done: true,
      result: [{ error: 'timed out', details: '"wait" timed out after 12 ms' }],
    });
    database.execute([{ op: 'insert', table: 'Switch', row: { name: 'a' } }], context);
    expect(database.execute([wait], context)).to.deep.equal({ done: true, result: [{}] });
  });

  it('are refused where only reading is allowed, those that only read excepted', () => {
    const { database } = new SampleDatabase();
    const context = { ownsLock: () => false, elapsedMs: 0, readOnly: true };
    const insert = { op: 'insert', table: 'Switch', row: {} };
    const commit = database.execute([{ op: 'commit', durable: true }], context);
    expect(commit).to.have.nested.property('result[0].error', 'not allowed');
    expect(database.execute([{ op: 'select', table: 'Switch', where: [] }, insert], context)).to.deep.equal({
      done: true,
      result: [
        { rows: [] },
        {
          error: 'not allowed',
          details: 'insert operation not allowed when database server is in read only mode',
        },
      ],
    });
  });
});
