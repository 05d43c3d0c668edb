import { expect } from 'chai';

import { InvalidArgumentError } from '../../../lib/errors.js';
import { Database } from '../../../lib/server/database/database.js';
import { dumpDatabase } from '../../../lib/server/dump.js';
import { planSeed } from '../../../lib/server/seed.js';
import type { Seed } from '../../../lib/server/seed-types.js';
import { ROW, SCHEMA } from './small-database.js';

const NOBODY = { ownsLock: () => false, elapsedMs: 0 };

function plant(database: Database, seed: Seed): Readonly<Record<string, readonly string[]>> {
  const { operations, uuids } = planSeed(database, seed);
  const execution = database.execute(operations, NOBODY);
  expect(JSON.stringify(execution)).not.to.include('"error"');
  return uuids;
}

describe('seeding and dumping', () => {
  it('are each other’s reverse for names, sets, maps and references', () => {
    const database = new Database(SCHEMA);
    plant(database, {
      Switch: [
        { name: 'sw1', ports: ['p2', 'p1'], options: { b: '2', a: '1' }, tag: 5, on: true },
        { name: 'sw0', ports: 'p3' },
      ],
      Port: [{ name: 'p1', weight: 0.5 }, { name: 'p2', addresses: new Set(['x', 'a']) }, { name: 'p3' }], // prettier-ignore
    });
    const dump = dumpDatabase(database);
    expect(dump).to.deep.equal({
      Port: [{ name: 'p1', weight: 0.5 }, { name: 'p2', addresses: ['a', 'x'] }, { name: 'p3' }], // prettier-ignore
      Switch: [
        { name: 'sw0', ports: ['p3'] },
        { name: 'sw1', ports: ['p1', 'p2'], options: { a: '1', b: '2' }, tag: 5, on: true },
      ],
    });
    const copy = new Database(SCHEMA);
    plant(copy, dump);
    expect(dumpDatabase(copy)).to.deep.equal(dump);
  });

  it('are each other’s reverse for maps whose keys are no texts', () => {
    const map = (key: string): object => ({ type: { key, value: 'integer', min: 0, max: 'unlimited' } });
    const columns = { flags: map('boolean'), large: map('integer'), parts: map('real') };
    const schema = { name: 'Keys', version: '1.0.0', tables: { T: { columns, isRoot: true } } };
    const database = new Database(schema);
    const row = {
      flags: { false: 1, true: 2 },
      large: { '-3': 1, '9007199254740993': 2, '9223372036854775807': 9_007_199_254_740_995n },
      parts: { 0.5: 1 },
    };
    plant(database, { T: row });
    expect(dumpDatabase(database)).to.deep.equal({ T: [row] });
  });

  it('are each other’s reverse with uuids, also for rows without names', () => {
    const database = new Database(SCHEMA);
    plant(database, { Switch: { ports: ['a', 'b'] }, Port: [{ 'uuid-name': 'a', weight: 1 }, { 'uuid-name': 'b', weight: 2 }] }); // prettier-ignore
    for (const defaults of [false, true]) {
      const copy = new Database(SCHEMA);
      plant(copy, dumpDatabase(database, { uuids: true, defaults }));
      expect(dumpDatabase(copy, { uuids: true })).to.deep.equal(dumpDatabase(database, { uuids: true }));
    }
  });

  it('know rows by uuid-name, by uuid and by the names of rows that are there', () => {
    const database = new Database(SCHEMA);
    const { Switch } = plant(database, {
      Switch: { _uuid: ROW(1), name: 'sw', ports: ['mine'] },
      Port: { 'uuid-name': 'mine', name: 'p' },
    });
    expect(Switch).to.deep.equal([ROW(1)]);
    plant(database, { Switch: [{ name: 'other', ports: ['p'] }] });
    const [port] = [...database.table('Port').rows.keys()];
    expect(dumpDatabase(database, { uuids: true, tables: ['Switch'] })).to.deep.equal({
      Switch: [
        {
          _uuid: [...database.table('Switch').rows.keys()].find((uuid) => uuid !== ROW(1)),
          name: 'other',
          ports: [port],
        },
        { _uuid: ROW(1), name: 'sw', ports: [port] },
      ],
    });
  });

  it('show a uuid where a name is not one row’s alone, and defaults where they are asked for', () => {
    const database = new Database(SCHEMA);
    plant(database, { Switch: { name: 's', ports: ['a', 'b'] }, Port: [{ 'uuid-name': 'a', name: 'p' }, { 'uuid-name': 'b', name: 'p' }] }); // prettier-ignore
    const uuids = [...database.table('Port').rows.keys()].sort();
    expect(dumpDatabase(database, { tables: ['Switch'], defaults: true })).to.deep.equal({
      Switch: [{ name: 's', ports: uuids, options: {}, on: false }],
    });
    expect(() => plant(database, { Switch: { ports: 'p' } })).to.throw('has not one row of that name');
    const twice = { Switch: { ports: 'q' }, Port: [{ name: 'q' }, { name: 'q' }] };
    expect(() => plant(database, twice)).to.throw('has not one row of that name');
    expect(dumpDatabase(new Database(SCHEMA), { tables: ['Port'] })).to.deep.equal({ Port: [] });
  });

  const mistakes: readonly (readonly [string, Seed, string])[] = [
    ['an unknown table', { Swich: {} }, 'Small has no table Swich; did you mean Switch?'],
    ['an unknown column', { Switch: { nam: 'x' } }, 'table Switch has no column nam; did you mean name?'],
    ['a reference to nothing', { Switch: { ports: ['nowhere'] } }, 'Switch.ports refers to "nowhere", and Port has not one row of that name'],
    ['a value of another type', { Switch: { on: 'yes' } }, 'Switch.on is of type boolean and is given "yes"'],
    ['a map that is none', { Switch: { options: ['a'] } }, 'Switch.options is a map and is given ["a"]; give an object'],
    ['a _uuid that is none', { Switch: { _uuid: 'x' } }, 'the _uuid of a row of Switch is "x"'],
  ]; // prettier-ignore
  for (const [what, seed, why] of mistakes) {
    it(`say what is wrong with ${what}`, () => {
      expect(() => planSeed(new Database(SCHEMA), seed)).to.throw(
        InvalidArgumentError,
        `the seed cannot be planted: ${why}`,
      );
    });
  }
});
