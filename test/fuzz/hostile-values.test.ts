/** The layers one by one, with values, schemas and bytes that no server sends. */
import { Buffer } from 'node:buffer';

import { expect } from 'chai';
import fc from 'fast-check';

import { OvsdbError, ProtocolError, SchemaError } from '../../lib/errors.js';
import { Replica } from '../../lib/replica/replica.js';
import { classifyMessage } from '../../lib/rpc/messages.js';
import { applyDiff, decodeAtoms, decodeColumn } from '../../lib/schema/codec.js';
import { parseSchema, type ColumnSchema, type DatabaseSchema } from '../../lib/schema/schema.js';
import { decodeUtf8, Framer } from '../../lib/wire/framer.js';
import { parseJson } from '../../lib/wire/json.js';
import { valueOf } from '../property/column-values.js';
import { readCorpus } from './corpus.js';
import { fuzzSchema } from './fuzz-schema.js';
import { fits } from './invariants.js';
import { copyTree, printTree, readTree } from './json-tree.js';
import { mutateBytes } from './mutate-bytes.js';
import { DANGEROUS_NAMES, mutateTree } from './mutate-tree.js';
import { changedPrototypes } from './prototypes.js';
import { Random } from '../random.js';
import { applySnapshot } from '../unit/replica/apply-snapshot.js';

const corpus = readCorpus();
const columns = [...parseSchema(fuzzSchema).tables.values()].flatMap((table) => [...table.columns.values()]);
const UUID = '01234567-89ab-4cde-8f01-23456789abcd';

const atom = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -0, 0.5, Infinity, 2 ** 53, 2n ** 53n, 2n ** 63n, -(2n ** 63n), ['uuid', UUID], ['uuid', UUID.toUpperCase()], ['uuid', 'x'.repeat(36)]), // prettier-ignore
  fc.constantFrom(...DANGEROUS_NAMES, ''),
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3 },
    atom,
    fc.tuple(
      fc.constantFrom('set', 'map', 'uuid', 'named-uuid'),
      fc.array(fc.oneof(atom, tie('json')), { maxLength: 5 }),
    ),
    fc.tuple(fc.constant('map'), fc.array(fc.tuple(atom, atom), { maxLength: 5 })),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...DANGEROUS_NAMES), tie('json'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

afterEach(() => {
  expect(changedPrototypes()).to.deep.equal([]);
});

/** What `run` gives, or undefined when it refuses as it should. */
function unlessRefused<T>(column: ColumnSchema, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    expect(error).to.be.instanceOf(ProtocolError);
    expect((error as Error).message)
      .to.include(`${column.table}.${column.name}`)
      .and.have.length.below(400);
    return undefined;
  }
}

describe('the codec with values that no server sends', () => {
  it('gives a value of the type of the column, or refuses', () => {
    fc.assert(
      fc.property(fc.constantFrom(...columns), json, (column, given) => {
        const refused = Symbol('refused');
        const value = unlessRefused(column, () => decodeColumn(column, given)) ?? refused;
        if (value !== refused) expect(fits(column, value)).to.equal(true);
        unlessRefused(column, () => decodeAtoms(column, given));
      }),
      { numRuns: 3000 },
    );
  });

  it('makes a value of the type of the column from any difference that it accepts, and leaves the old one', () => {
    const scenario = fc
      .constantFrom(...columns)
      .chain((column) => fc.tuple(fc.constant(column), valueOf(column), json));
    fc.assert(
      fc.property(scenario, ([column, old, diff]) => {
        if (typeof old === 'object') Object.freeze(old);
        const value = unlessRefused(column, () => applyDiff(column, old, diff));
        // A difference that empties an optional column gives undefined as well.
        if (value !== undefined && value !== old) expect(fits(column, value)).to.equal(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('keeps dangerous keys of a map as plain data', () => {
    for (const column of columns.filter(
      ({ kind, type }) => kind === 'map' && type.key.type === 'string' && type.max > 1,
    )) {
      const pairs = DANGEROUS_NAMES.map((name): [string, string] => [name, `value of ${name}`]);
      const value = decodeColumn(column, ['map', pairs]) as Record<string, unknown>;
      expect(Object.entries(value)).to.deep.equal(pairs);
      const without = applyDiff(column, value as never, ['map', pairs.slice(1)]);
      expect(Object.entries(without as object)).to.deep.equal(pairs.slice(0, 1));
      expect(applyDiff(column, without, ['map', pairs.slice(0, 1)])).to.not.have.property('toString');
    }
  });
});

describe('schemas that no server sends', () => {
  const replies = Object.values(corpus.schemas).map(readTree);

  it('are refused with a SchemaError, or a replica can follow them', () => {
    let followed = 0;
    fc.assert(
      fc.property(fc.nat(), fc.nat(replies.length - 1), (seed, which) => {
        const tree = copyTree(replies[which]!);
        mutateTree(new Random(seed, 0), tree, { trees: replies, rows: new Map() });
        let schema: DatabaseSchema;
        const replica = new Replica('all', () => undefined);
        try {
          schema = parseSchema((JSON.parse(printTree(tree)) as { result?: unknown }).result);
          replica.adopt(schema);
        } catch (error) {
          if (error instanceof SyntaxError) return;
          expect(error).to.be.instanceOf(SchemaError);
          expect((error as Error).message).to.have.length.below(4000);
          return;
        }
        followed++;
        for (const { database, method, snapshot } of corpus.scenes) {
          if (method !== 'monitor' || database !== schema.name) continue;
          const tables = (JSON.parse(snapshot) as { result: unknown }).result;
          try {
            applySnapshot(replica, { format: 'v1', tables });
          } catch (error) {
            expect(error).to.be.instanceOf(ProtocolError);
          }
        }
      }),
      { numRuns: 300 },
    );
    expect(followed).to.be.above(10);
  });

  it('may use the names that every object has for tables and columns, but not __proto__', () => {
    for (const name of DANGEROUS_NAMES) {
      const columnsOf = (key: string): object => JSON.parse(`{${JSON.stringify(key)}:{"type":"string"}}`) as object;
      const tables = JSON.parse(`{${JSON.stringify(name)}:{}}`) as Record<string, unknown>;
      Object.defineProperty(tables, name, { value: { columns: columnsOf(name), isRoot: true }, enumerable: true });
      const schema = { name, version: '1.0.0', tables };
      if (name.startsWith('_')) {
        expect(() => parseSchema(schema)).to.throw(SchemaError, 'underscore');
        continue;
      }
      const replica = new Replica('all', () => undefined);
      replica.adopt(parseSchema(schema));
      const row = `{"${name}":{"${UUID}":{"initial":{"${name}":"${name}"}}}}`;
      applySnapshot(replica, { format: 'v2', tables: JSON.parse(row) });
      expect(replica.stores.get(name)!.rows.get(UUID)).to.deep.equal({ _uuid: UUID, [name]: name });
      for (const wrong of DANGEROUS_NAMES.filter((other) => other !== name)) {
        const tablesOf = JSON.parse(`{"${wrong}":{"${UUID}":{"insert":{}}}}`) as unknown;
        expect(() => replica.applyUpdates({ format: 'v2', tables: tablesOf }, 'update')).to.throw(ProtocolError);
        const rows = JSON.parse(`{"${name}":{"${wrong}":{"insert":{}}}}`) as unknown;
        expect(() => replica.applyUpdates({ format: 'v2', tables: rows }, 'update')).to.throw(ProtocolError);
      }
    }
  });
});

describe('bytes that no server sends', () => {
  const genuine = [...corpus.others, ...corpus.scenes.flatMap(({ updates }) => updates)];

  /** What comes of the bytes, cut into pieces of this size: the kinds of the messages and how it ended. */
  function outcomeOf(bytes: Buffer, size: number): string[] {
    const outcome: string[] = [];
    const framer = new Framer({ maxMessageBytes: 20_000, maxDepth: 50 });
    try {
      for (let at = 0; at < bytes.length; at += size) {
        framer.push(Buffer.from(bytes.subarray(at, at + size)), (frame) => {
          const value = parseJson(decodeUtf8(frame.bytes), frame.mayHoldUnsafeIntegers);
          outcome.push(classifyMessage(value).kind);
        });
      }
    } catch (error) {
      expect(error instanceof OvsdbError || error instanceof SyntaxError, String(error)).to.equal(true);
      outcome.push((error as Error).name);
    }
    return outcome;
  }

  it('have the same outcome in one piece, in bytes, and in any pieces', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(genuine.length - 1), fc.integer({ min: 2, max: 500 }), (seed, from, size) => {
        const bytes = mutateBytes(new Random(seed, 1), Buffer.from(genuine.slice(from, from + 12).join('')));
        const outcome = outcomeOf(bytes, bytes.length + 1);
        expect(outcomeOf(bytes, 1)).to.deep.equal(outcome);
        expect(outcomeOf(bytes, size)).to.deep.equal(outcome);
      }),
      { numRuns: 300 },
    );
  });
});
