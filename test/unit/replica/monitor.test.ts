import { expect } from 'chai';

import { Monitor } from '../../../lib/replica/monitor.js';
import { Replica, type Batch } from '../../../lib/replica/replica.js';
import type { TableRequest } from '../../../lib/replica/table.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { parseSchema, type DatabaseSchema } from '../../../lib/schema/schema.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { FakeStream } from '../rpc/fake-stream.js';

const text = { type: { key: 'string', min: 0, max: 'unlimited' } };

function schemaWith(columns: object, tables: object = {}): DatabaseSchema {
  return parseSchema({ name: 'DB', version: '1.0.0', tables: { T: { columns, isRoot: true }, ...tables } });
}

const schema = schemaWith({ name: { type: 'string' }, set: text });
const [A, B, TXN] = ['a', 'b', 'f'].map((digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`) as [
  string,
  string,
  string,
];

/** One monitor over one session after the other, all of them without a network. */
class Rig {
  readonly replica: Replica;
  readonly monitor: Monitor;
  readonly batches: Batch[] = [];
  stream = new FakeStream();
  session!: RpcSession;
  ends: Error[] = [];

  constructor(requests: readonly TableRequest[] | 'all' = [{ table: 'T' }]) {
    this.replica = new Replica(requests, (_event, error) => {
      throw error;
    });
    this.replica.events.on('batch', (batch) => this.batches.push(batch));
    this.monitor = new Monitor('DB', this.replica);
  }

  /** Starts on a new session; `answers` are those to the requests that the monitor makes, in order. */
  async start(answers: readonly object[], on: DatabaseSchema = schema): ReturnType<Monitor['start']> {
    this.stream = new FakeStream();
    this.session = new RpcSession(this.stream, {
      onNotification: (method, params) => this.monitor.handle(method, params),
      onClose: (error) => this.ends.push(error),
      probeIntervalMs: 0,
    });
    const started = this.monitor.start(this.session, on, 10_000);
    for (const [id, answer] of answers.entries()) {
      await new Promise((resolve) => setImmediate(resolve));
      this.stream.receive({ id, ...answer });
    }
    return started.finally(() => this.requests.push(...(this.stream.take() as never[])));
  }

  readonly requests: { readonly method: string; readonly params: readonly unknown[] }[] = [];

  get rows(): unknown[] {
    return [...this.replica.stores.get('T')!.rows.values()].map((row) => ({ ...row }));
  }

  #transactions = 0;

  /** Sends an update, of a transaction of its own unless told otherwise. */
  update3(
    rows: object,
    transaction = `eeeeeeee-0000-4000-8000-${String(++this.#transactions).padStart(12, '0')}`,
  ): void {
    this.stream.receive({ id: null, method: 'update3', params: [this.monitor.id, transaction, { T: rows }] });
  }
}

const found = (rows: object, transaction = TXN): object => ({ result: [true, transaction, { T: rows }], error: null });
const whole = (rows: object, transaction = TXN): object => ({ result: [false, transaction, { T: rows }], error: null });
const unknown = { result: null, error: 'unknown method' };

describe('Monitor', () => {
  it('asks from the last transaction that it saw, and takes a difference on top of what it has', async () => {
    const rig = new Rig();
    const first = await rig.start([
      whole({ [A]: { initial: { name: 'a' } }, [B]: { initial: { name: 'b', set: 'x' } } }),
    ]);
    expect(first).to.deep.equal({ method: 'monitor_cond_since', kind: 'snapshot' });
    expect(rig.requests[0]!.params).to.deep.equal([
      'DB',
      rig.monitor.id,
      { T: [{ columns: ['name', 'set'] }] },
      ZERO_UUID,
    ]);
    const next = TXN.replace('f', 'e');
    rig.update3({ [A]: { modify: { name: 'a2' } } }, next);
    rig.session.close();
    const kept = rig.replica.stores.get('T')!.rows.get(A);
    const second = await rig.start([found({ [B]: { modify: { set: ['set', ['x', 'y']] } } })]);
    expect(second.kind).to.equal('delta');
    expect(rig.requests[1]!.params[3]).to.equal(next);
    expect(rig.rows).to.deep.equal([
      { _uuid: A, name: 'a2', set: [] },
      { _uuid: B, name: 'b', set: ['y'] },
    ]);
    expect(rig.replica.stores.get('T')!.rows.get(A)).to.equal(kept);
    expect(rig.batches.map(({ cause }) => cause)).to.deep.equal(['initial', 'update', 'resync']);
  });

  it('asks for everything after an update that did not fit', async () => {
    const rig = new Rig();
    await rig.start([whole({})]);
    rig.update3({ [A]: { delete: null } });
    expect(rig.ends).to.have.lengthOf(1);
    expect(rig.session.closed).to.equal(true);
    await rig.start([whole({ [A]: { initial: {} } })]);
    expect(rig.requests[1]!.params[3]).to.equal(ZERO_UUID);
    expect(rig.replica.stores.get('T')!.rows).to.have.lengthOf(1);
  });

  it('asks for everything after a difference that did not fit', async () => {
    const rig = new Rig();
    await rig.start([whole({})]);
    const fault = await rig.start([found({ [A]: { modify: { name: 'x' } } })]).catch((error: unknown) => error);
    expect(fault).to.include({ code: 'Protocol' });
    await rig.start([whole({})]);
    expect(rig.requests.map(({ params }) => params[3])).to.deep.equal([ZERO_UUID, TXN, ZERO_UUID]);
  });

  it('refuses a difference where it asked for a snapshot', async () => {
    const rig = new Rig();
    const fault = await rig.start([found({ [A]: { insert: { name: 'a' } } })]).catch((error: unknown) => error);
    expect(fault)
      .to.include({ code: 'Protocol' })
      .and.have.property('message')
      .that.includes('a snapshot was asked for');
    expect(rig.rows).to.deep.equal([]);
    await rig.start([whole({ [A]: { initial: { name: 'a' } } })]);
    expect(rig.batches.map(({ cause }) => cause)).to.deep.equal(['initial']);
  });

  it('refuses what has no id of a transaction, before anything changes', async () => {
    const rig = new Rig();
    const fault = await rig.start([whole({ [A]: { initial: {} } }, 'x')]).catch((error: unknown) => error);
    expect(fault).to.include({ code: 'Protocol' });
    await rig.start([whole({})]);
    rig.update3({ [A]: { insert: {} } }, 'x'.repeat(1000));
    expect(rig.ends).to.have.lengthOf(1);
    expect(rig.rows).to.deep.equal([]);
  });

  it('keeps rows whose columns have other rules now, but the same contents', async () => {
    const rig = new Rig();
    const rows = { [A]: { initial: { name: 'a' } }, [B]: { initial: { name: 'b', set: 'x' } } };
    await rig.start([whole(rows)]);
    const kept = rig.replica.stores.get('T')!.rows.get(A);
    const ruled = schemaWith({ name: { type: { key: { type: 'string', maxLength: 20 } } }, set: text });
    await rig.start([whole({ ...rows, [B]: { initial: { name: 'b', set: 'y' } } })], ruled);
    expect(rig.replica.stores.get('T')!.rows.get(A)).to.equal(kept);
    expect(rig.batches.at(-1)!.changes.map(({ row }) => row._uuid)).to.deep.equal([B]);
  });

  it('asks for everything when the columns are no longer the same, also after an attempt that got no answer', async () => {
    const rig = new Rig();
    await rig.start([whole({ [A]: { initial: { name: 'a', set: ['set', ['x', 'y']] } } })]);
    const grown = schemaWith({ name: { type: 'string' }, set: text, more: text });
    const lost = rig.start([], grown).catch((error: unknown) => error);
    rig.session.close();
    expect(await lost).to.include({ code: 'Closed' });
    // What is there has the old columns; reads must not stumble over it.
    expect([...rig.replica.stores.get('T')!.matching({ more: ['z'] })]).to.deep.equal([]);
    expect([...rig.replica.stores.get('T')!.matching({ name: 'a' })]).to.have.lengthOf(1);
    await rig.start([whole({ [A]: { initial: { name: 'a', set: ['set', ['x', 'y']], more: 'z' } } })], grown);
    expect(rig.requests.map(({ params }) => params[3])).to.deep.equal([ZERO_UUID, ZERO_UUID, ZERO_UUID]);
    expect(rig.rows).to.deep.equal([{ _uuid: A, name: 'a', set: ['x', 'y'], more: ['z'] }]);
    expect(rig.batches.at(-1)!.changes).to.have.lengthOf(1);
    expect(rig.batches.at(-1)!.changes[0]).to.deep.include({ type: 'update', columns: ['more'] });
    expect([...rig.replica.stores.get('T')!.matching({ more: ['z'] })]).to.have.lengthOf(1);
  });

  it('takes leave of the rows of a table that the server no longer has', async () => {
    const rig = new Rig([{ table: 'T' }, { table: 'Gone' }]);
    const both = schemaWith({ name: { type: 'string' } }, { Gone: { columns: { x: text }, isRoot: true } });
    const answer = { result: [false, TXN, { T: {}, Gone: { [B]: { initial: {} } } }], error: null };
    await rig.start([answer], both);
    await rig.start([whole({})], schemaWith({ name: { type: 'string' } }));
    expect(rig.replica.stores.get('Gone')!.rows).to.have.lengthOf(0);
    expect(rig.batches.at(-1)!.changes).to.deep.equal([{ type: 'delete', table: 'Gone', row: { _uuid: B, x: [] } }]);
  });

  it('falls back to monitor_cond and to monitor, and starts from the newest again on the next session', async () => {
    const rig = new Rig([{ table: 'T', where: [['name', '==', 'a']] }]);
    const old = { result: { T: { [A]: { new: { name: 'a', set: ['set', []] } } } }, error: null };
    expect(await rig.start([unknown, unknown, old])).to.deep.equal({ method: 'monitor', kind: 'snapshot' });
    expect(rig.requests.map(({ method }) => method)).to.deep.equal(['monitor_cond_since', 'monitor_cond', 'monitor']);
    const where = [['name', '==', 'a']];
    expect(rig.requests.map(({ params }) => params[2])).to.deep.equal([
      { T: [{ columns: ['name', 'set'], where }] },
      { T: [{ columns: ['name', 'set'], where }] },
      { T: [{ columns: ['name', 'set'] }] },
    ]);
    expect(rig.monitor.unconditioned).to.deep.equal(['T']);
    rig.stream.receive({
      id: null,
      method: 'update',
      params: [
        rig.monitor.id,
        { T: { [A]: { old: { name: 'a' }, new: { name: 'b', set: 'x' } }, [B]: { new: { name: 'b', set: 'y' } } } },
      ],
    });
    rig.stream.receive({
      id: null,
      method: 'update',
      params: [rig.monitor.id, { T: { [A]: { old: { name: 'b', set: 'x' } } } }],
    });
    expect(rig.rows).to.deep.equal([{ _uuid: B, name: 'b', set: ['y'] }]);
    const result = { T: { [B]: { initial: { name: 'b' } } } };
    expect(await rig.start([unknown, { result, error: null }])).to.deep.equal({
      method: 'monitor_cond',
      kind: 'snapshot',
    });
    expect(rig.rows).to.deep.equal([{ _uuid: B, name: 'b', set: [] }]);
    expect(rig.monitor.unconditioned).to.deep.equal([]);
  });

  it('reports the first refusal when all three are refused', async () => {
    const refused = { result: null, error: { error: 'syntax error', details: 'no such column' } };
    const fault = await new Rig().start([refused, unknown, unknown]).catch((error: unknown) => error);
    expect(fault).to.include({
      code: 'Rpc',
      method: 'monitor_cond_since',
      error: 'syntax error',
      details: 'no such column',
    });
  });

  it('keeps updates back that come in one piece with the snapshot, before or after it', async () => {
    const rig = new Rig();
    const started = rig.start([]);
    await new Promise((resolve) => setImmediate(resolve));
    rig.stream.receive(
      { id: 0, result: [false, ZERO_UUID, { T: { [A]: { initial: { name: 'a' } } } }], error: null },
      { id: null, method: 'update3', params: [rig.monitor.id, TXN, { T: { [A]: { modify: { name: 'b' } } } }] },
      {
        id: null,
        method: 'update3',
        params: [rig.monitor.id, B, { T: { [A]: { delete: null }, [B]: { insert: {} } } }],
      },
    );
    await started;
    expect(rig.rows).to.deep.equal([{ _uuid: B, name: '', set: [] }]);
    expect(rig.batches.map(({ cause }) => cause)).to.deep.equal(['initial', 'update', 'update']);
  });

  it('asks for all rows where a condition names a column that the server lacks', async () => {
    const rig = new Rig([{ table: 'T', where: [['name', '==', 'a'], ['newer', '==', 'b']] }]); // prettier-ignore
    await rig.start([whole({})]);
    expect(rig.requests[0]!.params[2]).to.deep.equal({ T: [{ columns: ['name', 'set'] }] });
    expect(rig.monitor.unconditioned).to.deep.equal(['T']);
  });

  it('asks for all rows where the value of a condition makes no sense any more, and never where it never did', async () => {
    const where = [['kind', '==', 'c']] as const;
    const kinds = (...choices: string[]): object => ({ type: { key: { type: 'string', enum: ['set', choices] } } });
    const name = { type: 'string' };
    const [newer, older] = [
      schemaWith({ name, kind: kinds('a', 'b', 'c') }),
      schemaWith({ name, kind: kinds('a', 'b') }),
    ];
    const rig = new Rig([{ table: 'T', columns: ['name'], where }]);
    const error = await rig.start([], older).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: 'Validation' });
    await rig.start([whole({})], newer);
    rig.monitor.canceled();
    await rig.start([whole({ [A]: { initial: { name: 'a' } } })], older);
    rig.monitor.canceled();
    await rig.start([whole({})], newer);
    const requests = rig.requests.map(({ params }) => params[2]);
    const limited = { T: [{ columns: ['name'], where }] };
    expect(requests).to.deep.equal([limited, { T: [{ columns: ['name'] }] }, limited]);
    expect(rig.batches.map(({ changes }) => changes.length)).to.deep.equal([0, 1, 1]);
  });

  it('ends a session over which updates come without end before the snapshot', async () => {
    const rig = new Rig();
    const started = rig.start([]).catch((error: unknown) => error);
    await new Promise((resolve) => setImmediate(resolve));
    const update = { id: null, method: 'update3', params: [rig.monitor.id, TXN, { T: { [A]: { modify: {} } } }] };
    for (let n = 0; n <= 10_000; n++) rig.stream.receive(update);
    expect(await started).to.include({ code: 'ConnectionLost' });
    expect(rig.ends.map(({ message }) => message).join()).to.match(/more than 10000 updates before the snapshot/);
  });

  it('refuses a row update with two members', async () => {
    const rig = new Rig();
    await rig.start([whole({})]);
    rig.update3({ [A]: { insert: { name: 'a' }, delete: null } });
    expect(rig.ends.map(({ message }) => message).join()).to.match(/members "insert, delete", not just one/);
    expect(rig.rows).to.deep.equal([]);
  });

  it('refuses the update of a transaction that it has already', async () => {
    const rig = new Rig();
    await rig.start([whole({ [A]: { initial: { set: ['set', ['x']] } } })]);
    rig.update3({ [A]: { modify: { set: ['set', ['y']] } } }, B);
    rig.update3({ [A]: { modify: { set: ['set', ['y']] } } }, B);
    expect(rig.ends.map(({ message }) => message).join()).to.match(new RegExp(`update for transaction ${B} twice`));
    expect(rig.rows).to.deep.equal([{ _uuid: A, name: '', set: ['x', 'y'] }]);
  });

  it('takes updates without the id of a transaction, however many', async () => {
    const rig = new Rig();
    await rig.start([whole({ [A]: { initial: {} } }, ZERO_UUID)]);
    for (let n = 0; n < 3; n++) rig.update3({ [A]: { modify: { set: ['set', ['y']] } } }, ZERO_UUID);
    expect(rig.rows).to.deep.equal([{ _uuid: A, name: '', set: ['y'] }]);
    expect(rig.ends).to.deep.equal([]);
  });

  it('takes the rows that new conditions bring, which come under the id of the last transaction', async () => {
    const rig = new Rig([{ table: 'T', where: false }]);
    await rig.start([whole({})]);
    const changed = rig.monitor.setConditions(new Map([['T', true]]));
    rig.update3({ [A]: { insert: { name: 'a' } } }, TXN);
    rig.stream.receive({ id: 1, result: {}, error: null });
    await changed;
    expect(rig.rows).to.deep.equal([{ _uuid: A, name: 'a', set: [] }]);
    expect(rig.ends).to.deep.equal([]);
  });
});
