import { inspect } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { ValidationError } from '../../lib/errors.js';
import { RpcSession } from '../../lib/rpc/session.js';
import { encodeColumn, encodeCondition, encodeMutation } from '../../lib/schema/codec.js';
import type { Mutator } from '../../lib/schema/codec.js';
import { parseSchema } from '../../lib/schema/schema.js';
import type { Atom, ColumnValue, ConditionFunction } from '../../lib/schema/types.js';
import { parseRemote } from '../../lib/wire/remote.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import { valueOf } from '../property/column-values.js';
import { every, everyColumnSchema } from '../unit/schema/every-column.js';
import { startServer, type TestServer } from './test-server.js';

const columns = [...parseSchema(everyColumnSchema).table('Every').columns.values()];

interface OperationResult {
  readonly error?: string;
  readonly details?: string;
  readonly rows?: readonly Record<string, unknown>[];
}

describe('the codec and ovsdb-server', () => {
  let sandbox: TestServer;
  let session: RpcSession;

  async function connect(): Promise<RpcSession> {
    const stream = await connectStream(parseRemote(sandbox.remote));
    return new RpcSession(stream, { onNotification: () => undefined, onClose: () => undefined });
  }

  /** The results of operations that are taken back, so that references need not exist. */
  async function tryOut(...operations: unknown[]): Promise<OperationResult[]> {
    const params = [everyColumnSchema.name, ...operations, { op: 'abort' }];
    return (await session.request('transact', params, { timeoutMs: 5000 })) as OperationResult[];
  }

  const insert = (row: Record<string, unknown>): unknown => ({ op: 'insert', table: 'Every', row, 'uuid-name': 'row' });
  const where = [['_uuid', '==', ['named-uuid', 'row']]];

  before(async () => {
    sandbox = await startServer({ schemas: everyColumnSchema });
    session = await connect();
  });
  after(async () => {
    session.close();
    await sandbox.stop();
  });

  /** Servers print 15 digits of a real; one that has no more comes back as it is, however ties are rounded. */
  const shortened = (atom: Atom): Atom => (typeof atom === 'number' ? Number(atom.toPrecision(15)) : atom);
  const withShortReals = (value: ColumnValue): ColumnValue => {
    if (Array.isArray(value)) return [...new Set((value as readonly Atom[]).map(shortened))];
    if (typeof value !== 'object') return value === undefined ? undefined : shortened(value);
    const pairs = Object.entries(value as Record<string, Atom>);
    return Object.fromEntries(pairs.map(([key, atom]) => [String(shortened(Number(key))), shortened(atom)]));
  };
  /** The order of a set's members has no meaning. */
  const comparable = (value: ColumnValue): unknown => {
    if (Array.isArray(value)) return new Set(value as readonly Atom[]);
    return typeof value === 'object' ? new Map(Object.entries(value as Record<string, Atom>)) : value;
  };

  for (const column of columns) {
    it(`agree on valid values: ${column.name} of type ${column.kind} of ${column.type.key.type}`, async () => {
      const isReal = column.type.key.type === 'real';
      for (const sample of fc.sample(valueOf(column), 25)) {
        const value = isReal ? withShortReals(sample) : sample;
        const row = { [column.name]: encodeColumn(column, value) };
        const select = { op: 'select', table: 'Every', where, columns: [column.name] };
        const results = await tryOut(insert(row), select);
        const answer = results[1]?.rows?.[0];
        expect(answer, inspect([value, results])).to.have.property(column.name);
        expect(comparable(column.decode(answer?.[column.name]))).to.deep.equal(comparable(value));
      }
    });
  }

  const wrong: [string, unknown, unknown][] = [
    ['integer', 1.5, 1.5],
    ['integer', '1', '1'],
    ['integer', 2n ** 63n, 2n ** 63n],
    ['integer_range', 11, 11],
    ['integer_range', -6, -6],
    ['integer_enum', 6, 6],
    ['integer_set', [1, 2, 3, 4], ['set', [1, 2, 3, 4]]],
    ['integer_set', [1, 1], ['set', [1, 1]]],
    ['real_range', 2.6, 2.6],
    ['real_set', [0, -0], ['set', [0, 0]]],
    ['boolean', 1, 1],
    ['string', 5, 5],
    ['string', null, null],
    ['string_length', 'a', 'a'],
    ['string_length', '😀😀😀😀', '😀😀😀😀'],
    ['string_enum', 'c', 'c'],
    ['string_some', [], ['set', []]],
    ['uuid', 'abc', ['uuid', 'abc']],
    ['map', { a: 1 }, ['map', [['a', 1]]]],
    ['map_integer_boolean', { 1: true, 2: true, 3: true }, ['map', [[1, true], [2, true], [3, true]]]], // prettier-ignore
    ['map_single', { a: 10 }, ['map', [['a', 10]]]],
  ];
  for (const [name, value, json] of wrong) {
    it(`both refuse ${inspect(value)} for ${name}`, async () => {
      expect(() => encodeColumn(every(name), value)).to.throw(ValidationError);
      const [result] = await tryOut(insert({ [name]: json }));
      expect(result).to.have.property('error');
    });
  }

  const fatal: [string, unknown][] = [
    ['string', 'a\0b'],
    ['string', '\ud800'],
    ['real', 5e-324],
    ['real', -1e-310],
  ];
  for (const [name, value] of fatal) {
    it(`${JSON.stringify(value)} for ${name}, over which the server closes the connection, is refused before`, async () => {
      expect(() => encodeColumn(every(name), value)).to.throw(ValidationError);
      const victim = await connect();
      try {
        const params = [everyColumnSchema.name, insert({ [name]: value })];
        const failure: unknown = await victim.request('transact', params, { timeoutMs: 5000 }).catch((e: unknown) => e);
        expect(failure).to.have.property('code', 'ConnectionLost');
      } finally {
        victim.close();
      }
    });
  }

  const functions: ConditionFunction[] = ['==', '!=', '<', '<=', '>', '>=', 'includes', 'excludes'];
  const mutators: Mutator[] = ['+=', '-=', '*=', '%=', 'insert', 'delete'];
  const operands: unknown[] = [1, 0.5, 'ab', true, [], [1, 2, 3, 4], ['ab', 'cd'], [true], {}, { ab: 'x' }, { 1: true }, undefined]; // prettier-ignore

  it('agree on every condition that is accepted', async () => {
    let accepted = 0;
    for (const column of columns) {
      for (const fn of functions) {
        for (const operand of operands) {
          let clause;
          try {
            clause = encodeCondition(column, fn, operand);
          } catch (error) {
            expect(error).to.be.instanceOf(ValidationError);
            continue;
          }
          const [result] = await tryOut({ op: 'select', table: 'Every', where: [clause], columns: [] });
          expect(result, JSON.stringify(clause)).not.to.have.property('error');
          accepted++;
        }
      }
    }
    expect(accepted).to.be.greaterThan(200);
  });

  it('agree on every mutation that is accepted', async () => {
    let accepted = 0;
    for (const column of columns) {
      for (const mutator of mutators) {
        for (const operand of operands) {
          let mutation;
          try {
            mutation = encodeMutation(column, mutator, operand);
          } catch (error) {
            expect(error).to.be.instanceOf(ValidationError);
            continue;
          }
          // Of no row: what a result may be is for the server alone to say.
          const none = [['_uuid', '==', ['uuid', '00000000-0000-0000-0000-000000000000']]];
          const [result] = await tryOut({ op: 'mutate', table: 'Every', where: none, mutations: [mutation] });
          expect(result, JSON.stringify(mutation)).not.to.have.property('error');
          accepted++;
        }
      }
    }
    expect(accepted).to.be.greaterThan(60);
  });

  it('agree that columns without a usable default must be given', async () => {
    const demanding = parseSchema(everyColumnSchema).table('Demanding');
    const good = { positive: 1, choice: 'x', remark: 'r' };
    const target = { op: 'insert', table: 'Target', row: { name: 't' }, 'uuid-name': 'target' };
    const row: Record<string, unknown> = { ...good, owner: ['named-uuid', 'target'] };
    const transact = async (given: Record<string, unknown>): Promise<OperationResult[]> => {
      const params = [everyColumnSchema.name, target, { op: 'insert', table: 'Demanding', row: given }];
      return (await session.request('transact', params, { timeoutMs: 5000 })) as OperationResult[];
    };
    for (const column of demanding.columns.values()) {
      const rest = Object.fromEntries(Object.entries(row).filter(([name]) => name !== column.name));
      const refused = (await transact(rest)).some((result) => result.error !== undefined);
      expect(refused, column.name).to.equal(column.requiredBecause !== undefined);
    }
  });
});
