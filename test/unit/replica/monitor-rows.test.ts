import { Buffer } from 'node:buffer';

import { expect } from 'chai';

import { ProtocolError } from '../../../lib/errors.js';
import { ArrivingRows } from '../../../lib/replica/arriving-rows.js';
import { Monitor } from '../../../lib/replica/monitor.js';
import { formatOf, METHODS, type MonitorMethod } from '../../../lib/replica/monitor-method.js';
import { Replica } from '../../../lib/replica/replica.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import { parseSchema } from '../../../lib/schema/schema.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { failure } from '../../failure.js';
import { FakeStream } from '../rpc/fake-stream.js';

const schema = parseSchema({
  name: 'DB',
  version: '1.0.0',
  tables: { T: { columns: { name: { type: 'string' }, n: { type: 'integer' } }, isRoot: true } },
});
const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
const TXN = 'ffffffff-0000-4000-8000-000000000000';
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One monitor over one session after the other, to which replies come in pieces. */
class Rig {
  readonly replica = new Replica([{ table: 'T' }], () => undefined);
  readonly monitor = new Monitor('DB', this.replica);
  readonly ends: Error[] = [];
  readonly causes: string[] = [];
  stream!: FakeStream;
  session!: RpcSession;
  readonly #method: MonitorMethod;

  /** The server knows this method, and none that is newer. */
  constructor(method: MonitorMethod) {
    this.#method = method;
    this.replica.events.on('batch', ({ cause }) => this.causes.push(cause));
  }

  /** Number of the request that the server takes. */
  get id(): number {
    return METHODS.indexOf(this.#method);
  }

  /** Starts on a new session, up to where the reply is due. */
  async start(signal?: AbortSignal): ReturnType<Monitor['start']> {
    this.stream = new FakeStream();
    this.session = new RpcSession(this.stream, {
      onNotification: (method, params) => this.monitor.handle(method, params),
      onClose: (error) => this.ends.push(error),
      probeIntervalMs: 0,
    });
    return this.monitor.start(this.session, schema, 10_000, signal);
  }

  async refuseNewer(): Promise<void> {
    for (let id = 0; id < this.id; id++) {
      await turn();
      this.stream.receive({ id, result: null, error: 'unknown method' });
    }
    await turn();
  }

  reply(rows: Record<string, unknown>, found = false): string {
    const key = this.#method === 'monitor' ? 'new' : found ? 'insert' : 'initial';
    const updates = Object.entries(rows).map(([id, row]) => [id, typeof row === 'object' ? { [key]: row } : row]);
    const tables = { T: Object.fromEntries(updates) as object };
    const result = this.#method === 'monitor_cond_since' ? [found, TXN, tables] : tables;
    return JSON.stringify({ id: this.id, result, error: null });
  }

  /** Sends a text in pieces. */
  send(text: string, size = 40): void {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) this.stream.receiveBytes(bytes.subarray(at, at + size));
  }

  /** Starts on a new session with a reply in pieces of this size. */
  async startWith(text: string, size = 40): ReturnType<Monitor['start']> {
    const started = this.start();
    await this.refuseNewer();
    this.send(text, size);
    return started;
  }

  get names(): unknown[] {
    return [...this.replica.stores.get('T')!.rows.values()].map(({ name }) => name);
  }
}

const rows = (count: number, from = 0): Record<string, { name: string }> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [uuid(from + i), { name: `n${from + i}` }]));

describe('ArrivingRows', () => {
  it('refuses differences, and takes everything else that rows may come in', () => {
    const replica = new Replica([{ table: 'T' }], () => undefined);
    replica.adopt(schema);
    const opens = (method: MonitorMethod, result: unknown): boolean =>
      new ArrivingRows(method, replica.beginSnapshot(formatOf(method))).open(result) !== undefined;
    expect(opens('monitor_cond_since', [false, TXN, { T: {} }])).to.equal(true);
    expect(opens('monitor_cond_since', [true, TXN, { T: {} }])).to.equal(false);
    expect(opens('monitor_cond_since', [{ T: {} }])).to.equal(false);
    expect(opens('monitor_cond', { T: {} })).to.equal(true);
    expect(opens('monitor', { T: {} })).to.equal(true);
  });

  it('tells of the first row that was wrong, and looks at none behind it', () => {
    const replica = new Replica([{ table: 'T' }], () => undefined);
    replica.adopt(schema);
    const arriving = new ArrivingRows('monitor', replica.beginSnapshot('v1'));
    const take = arriving.open({ T: {} })!;
    arriving.throwIfFailed();
    for (const n of ['first', 'second']) take('T', uuid(1), { new: { n } });
    expect(() => arriving.throwIfFailed()).to.throw(ProtocolError, /"first"/);
  });
});

describe('Monitor with a snapshot that comes in pieces', () => {
  for (const method of METHODS) {
    it(`takes it while it arrives, and shows it at its end, with ${method}`, async () => {
      const rig = new Rig(method);
      const started = rig.start();
      await rig.refuseNewer();
      const text = rig.reply(rows(100));
      rig.send(text.slice(0, -1));
      await turn();
      expect(rig.names).to.deep.equal([]);
      expect(rig.causes).to.deep.equal([]);
      rig.send(text.slice(-1));
      expect(await started).to.deep.equal({ method, kind: 'snapshot' });
      expect(rig.names).to.deep.equal(Array.from({ length: 100 }, (_, i) => `n${i}`));
      const kept = rig.replica.stores.get('T')!.rows.get(uuid(5));
      rig.monitor.canceled();
      await rig.startWith(rig.reply(rows(100)));
      expect(rig.causes, 'no difference').to.deep.equal(['initial']);
      expect(rig.replica.stores.get('T')!.rows.get(uuid(5))).to.equal(kept);
      rig.monitor.canceled();
      await rig.startWith(rig.reply(rows(100, 50)));
      expect(rig.causes).to.deep.equal(['initial', 'resync']);
      expect(rig.names).to.have.members(Array.from({ length: 100 }, (_, i) => `n${50 + i}`));
    });

    it(`shows nothing of one that was cut, aborted or overtaken by a cancellation, with ${method}`, async () => {
      const rig = new Rig(method);
      await rig.startWith(rig.reply(rows(3)));
      for (const stop of ['close', 'abort'] as const) {
        rig.monitor.canceled();
        const aborter = new AbortController();
        const started = failure(rig.start(aborter.signal));
        await rig.refuseNewer();
        const text = rig.reply(rows(50, 10));
        rig.send(text.slice(0, text.length / 2));
        if (stop === 'close') rig.session.close();
        else aborter.abort(new Error('not now'));
        rig.send(text.slice(text.length / 2));
        expect(await started)
          .to.have.property('message')
          .that.matches(stop === 'close' ? /closed/ : /not now/);
        expect(rig.names, stop).to.deep.equal(['n0', 'n1', 'n2']);
        expect(rig.session.closed).to.equal(stop === 'close');
        // The session has read behind it.
        if (stop === 'abort') expect(rig.session.stats).to.include({ strayReplies: 1, messagesReceived: rig.id + 1 });
      }
      await rig.startWith(rig.reply(rows(2)));
      expect(rig.names).to.deep.equal(['n0', 'n1']);
      expect(rig.causes).to.deep.equal(['initial', 'resync']);
    });

    for (const [what, update, words] of [
      ['of the wrong type', { initial: { n: 'x' }, new: { n: 'x' } }, /holds an integer/],
      ['without contents', { delete: null, old: {} }, /without the contents/],
    ] as const) {
      it(`refuses one with a row ${what} as it refuses a short one, and asks for all of it again, with ${method}`, async () => {
        const members = method === 'monitor' ? ['new', 'old'] : ['initial', 'delete'];
        const bad = Object.fromEntries(Object.entries(update).filter(([member]) => members.includes(member)));
        const faults: string[] = [];
        for (const size of [40, 1_000_000]) {
          const rig = new Rig(method);
          await rig.startWith(rig.reply(rows(3)));
          const text = rig.reply({ ...rows(100), [uuid(200)]: 'bad', ...rows(50, 300) });
          const fault = await failure(rig.startWith(text.replace('"bad"', JSON.stringify(bad)), size));
          expect(fault).to.include({ code: 'Protocol' });
          faults.push((fault as Error).message);
          expect(rig.names).to.deep.equal(['n0', 'n1', 'n2']);
          expect(rig.session.closed).to.equal(false);
          await rig.startWith(rig.reply(rows(2)));
          expect(rig.names).to.have.lengthOf(2);
          const [asked] = rig.stream.take() as { readonly params: readonly unknown[] }[];
          expect(asked!.params[3]).to.equal(ZERO_UUID);
        }
        expect(faults[0]).to.equal(faults[1]).and.to.match(words);
      });
    }
  }

  it('takes a difference in pieces as a whole', async () => {
    const rig = new Rig('monitor_cond_since');
    await rig.startWith(rig.reply(rows(3)));
    expect(await rig.startWith(rig.reply(rows(100, 10), true))).to.deep.equal({
      method: 'monitor_cond_since',
      kind: 'delta',
    });
    expect(rig.names).to.have.lengthOf(103);
    expect(rig.causes).to.deep.equal(['initial', 'resync']);
  });

  it('refuses a snapshot without the id of its transaction, of which rows were taken, and changes nothing', async () => {
    const rig = new Rig('monitor_cond_since');
    await rig.startWith(rig.reply(rows(3)));
    const fault = await failure(rig.startWith(rig.reply(rows(100, 10)).replace(TXN, 'none')));
    expect(fault).to.include({ code: 'Protocol' });
    expect(rig.names).to.deep.equal(['n0', 'n1', 'n2']);
  });

  it('puts updates that come while it arrives in force behind it', async () => {
    const rig = new Rig('monitor_cond_since');
    const started = rig.start();
    await rig.refuseNewer();
    const update = {
      id: null,
      method: 'update3',
      params: [rig.monitor.id, ZERO_UUID, { T: { [uuid(1)]: { delete: null } } }],
    };
    rig.send(rig.reply(rows(50)) + JSON.stringify(update));
    await started;
    expect(rig.names).to.have.lengthOf(49);
    expect(rig.causes).to.deep.equal(['initial', 'update']);
  });

  it('serves two monitors on one session, each with its own rows', async () => {
    const first = new Rig('monitor_cond_since');
    const started = first.start();
    const replica = new Replica([{ table: 'T' }], () => undefined);
    const second = new Monitor('DB', replica, 'second').start(first.session, schema, 10_000);
    await turn();
    first.send(first.reply(rows(50)) + first.reply(rows(60, 100)).replace('"id":0', '"id":1'));
    await Promise.all([started, second]);
    expect(first.names).to.have.lengthOf(50);
    expect([...replica.stores.get('T')!.rows.keys()]).to.deep.equal(Object.keys(rows(60, 100)));
  });
});
