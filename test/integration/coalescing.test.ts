/** Transactions that share one on the wire, on a real server, with rivals and faults in the way. */
import { expect } from 'chai';

import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import type { TransactionError } from '../../lib/transaction/transaction-error.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { failure } from '../failure.js';
import { startProxiedClient, type ProxiedClient } from './proxied-client.js';
import { eventually, outOfSync, RawClient } from './raw-client.js';
import type { TestServer } from './test-server.js';

const TABLES = ['Logical_Switch', 'Logical_Switch_Port', 'Address_Set', 'Load_Balancer'] as const;
type Selection = { readonly [T in (typeof TABLES)[number]]: Extract<keyof NorthboundTables[T], string> };
type Client = NorthboundClient<Selection>;
type Tx = Transaction<NorthboundTables, Selection>;
type SwitchUuid = Uuid<'Logical_Switch'>;

const SHARED = { coalesce: true };

describe('coalesced transactions', () => {
  let scene: ProxiedClient<typeof TABLES>;
  let sandbox: TestServer;
  let raw: RawClient;
  let proxy: ClientProxy;
  let nb: Client;
  let names = 0;
  const fresh = (): string => `n${names++}`;

  before(async () => {
    scene = await startProxiedClient(TABLES);
    ({ sandbox, raw, proxy, nb } = scene);
  });
  after(() => scene.stop());
  afterEach(() => proxy.passAll());

  const connect = (
    options: { coalesceTransactions?: boolean; maxTransactionsInFlight?: number } = {},
    via = proxy,
  ): Promise<Client> =>
    connectNorthbound({
      remotes: via.remote,
      tables: TABLES,
      backoff: { minMs: 20, maxMs: 50 },
      onWarning: () => undefined,
      ...options,
    });
  const addSwitch = (): Promise<SwitchUuid> => nb.transact((tx) => tx.insert('Logical_Switch', { name: fresh() }));
  const addPort = (tx: Tx, ls: SwitchUuid, name = fresh()): ReturnType<typeof tx.insert<'Logical_Switch_Port'>> => {
    const port = tx.insert('Logical_Switch_Port', { name });
    tx.mutate('Logical_Switch', ls, { ports: { insert: [port] } });
    return port;
  };
  /** How many transactions `during` takes on the wire. */
  async function sentBy(during: () => Promise<unknown>, via = proxy): Promise<number> {
    const before = via.transactions.length;
    await during();
    return via.transactions.length - before;
  }
  /** Keeps the next transaction from the server until `release` is called; `held` resolves when it has come. */
  function hold(): { held: Promise<void>; release: () => void } {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      proxy.onRequest = (message) => {
        if (message.method !== 'transact') return 'pass';
        proxy.onRequest = () => 'pass';
        release = () => proxy.sendLate(message);
        resolve();
        return 'drop';
      };
    });
    return { held, release: () => release() };
  }

  it('create rows of independent callers, each with its own uuid, and the replica shows them', async () => {
    const ls = await addSwitch();
    const wanted = Array.from({ length: 200 }, fresh);
    const missing: string[] = [];
    const sent = await sentBy(() =>
      Promise.all(
        wanted.map(async (name) => {
          const port = await nb.transact((tx) => addPort(tx, ls, name), SHARED);
          if (nb.tables.Logical_Switch_Port.get(port)?.name !== name) missing.push(name);
          if (nb.tables.Logical_Switch.find({ ports: [port] })?._uuid !== ls) missing.push(name);
        }),
      ),
    );
    expect(missing).to.deep.equal([]);
    expect(nb.tables.Logical_Switch.get(ls)?.ports).to.have.lengthOf(200);
    expect(sent).to.be.at.most(8);
  });

  it('count each for itself, to the caller as to the metrics', async () => {
    const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
    const { committed } = nb.metrics().transactions;
    const results = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        nb.transact((tx) => tx.mutate('Address_Set', set, { addresses: { insert: [`10.0.0.${n}`] } }), SHARED),
      ),
    );
    expect(results).to.deep.equal(Array(30).fill(1));
    expect(nb.metrics().transactions.committed).to.equal(committed + 30);
    expect(nb.metrics().transactions.inFlight).to.equal(0);
    expect(nb.tables.Address_Set.get(set)?.addresses).to.have.lengthOf(30);
  });

  it('are sent alone unless they are told to share, by the call or by the client', async () => {
    await using other = await ClientProxy.start(sandbox.remote);
    const burst = (client: Client, options?: { coalesce: boolean }): Promise<number> => {
      const insert = (tx: Tx): unknown => tx.insert('Address_Set', { name: fresh() });
      const all = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 10 }, () => client.transact(insert, options)));
      return sentBy(all, client === nb ? proxy : other);
    };
    expect(await burst(nb)).to.equal(10);
    expect(await burst(nb, { coalesce: false })).to.equal(10);
    expect(await burst(nb, { coalesce: true })).to.equal(1);
    await using sharing = await connect({ coalesceTransactions: true }, other);
    expect(await burst(sharing)).to.equal(1);
    expect(await burst(sharing, { coalesce: false })).to.equal(10);
  });

  it('keep the order of a caller that awaits one before it asks for the next', async () => {
    const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
    await Promise.all(
      Array.from({ length: 20 }, async (_, caller) => {
        const key = `k${caller}`;
        for (let n = 0; n < 5; n++) {
          await nb.transact((tx) => {
            const row = tx.tables.Address_Set.get(set);
            expect(row?.external_ids[key]).to.equal(n === 0 ? undefined : String(n - 1));
            return tx.mutate('Address_Set', set, { external_ids: { set: { [key]: String(n) } } });
          }, SHARED);
        }
      }),
    );
    expect(Object.values(nb.tables.Address_Set.get(set)?.external_ids ?? {})).to.deep.equal(Array(20).fill('4'));
  });

  describe('of which some fail', () => {
    it('leave the others in force, and give each its own error', async () => {
      const taken = fresh();
      await nb.transact((tx) => tx.insert('Address_Set', { name: taken }));
      const settled = await Promise.allSettled(
        Array.from({ length: 12 }, (_, n) =>
          nb.transact(
            (tx) => [
              tx.insert('Address_Set', { name: fresh() }),
              tx.insert('Address_Set', { name: n % 4 === 1 ? taken : fresh() }),
            ],
            SHARED,
          ),
        ),
      );
      for (const [n, result] of settled.entries()) {
        if (n % 4 !== 1) {
          expect(result.status).to.equal('fulfilled');
          continue;
        }
        expect((result as PromiseRejectedResult).reason).to.include({
          code: 'TransactionFailed',
          outcome: 'failed',
          table: 'Address_Set',
          column: 'name',
          error: 'constraint violation',
        });
      }
    });

    it('may all fail', async () => {
      const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
      const before = await raw.rows('Address_Set');
      let runs = 0;
      const errors = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          failure(
            nb.transact(
              (tx) => {
                runs++;
                tx.update('Address_Set', set, { external_ids: { n: String(n) } });
                tx.wait('Address_Set', set, '==', [{ name: 'another' }]);
              },
              { ...SHARED, retries: 1 },
            ),
          ),
        ),
      );
      for (const error of errors) expect(error).to.include({ code: 'Conflict', operationIndex: 1, error: 'timed out' });
      expect(runs).to.equal(10);
      expect(await raw.rows('Address_Set')).to.deep.equal(before);
    });

    it('run the callback again of the one whose row has changed, and of no other', async () => {
      const [moved, kept] = await nb.transact((tx) => [
        tx.insert('Address_Set', { name: fresh() }),
        tx.insert('Address_Set', { name: fresh() }),
      ]);
      const runs: Record<string, number> = {};
      const { held, release } = hold();
      const verified = [moved, kept].map((set) =>
        nb.transact((tx) => {
          runs[set] = (runs[set] ?? 0) + 1;
          const row = tx.tables.Address_Set.get(set)!;
          tx.verify('Address_Set', row, ['addresses']);
          return tx.update('Address_Set', set, { addresses: [...row.addresses, '10.0.0.9'] });
        }, SHARED),
      );
      await held;
      const where = [['_uuid', '==', ['uuid', moved]]];
      await raw.commit({ op: 'update', table: 'Address_Set', where, row: { addresses: '10.0.0.1' } });
      release();
      await Promise.all(verified);
      expect(runs).to.deep.equal({ [moved]: 2, [kept]: 1 });
      expect(nb.tables.Address_Set.get(moved)?.addresses).to.have.members(['10.0.0.1', '10.0.0.9']);
      expect(nb.tables.Address_Set.get(kept)?.addresses).to.deep.equal(['10.0.0.9']);
    });

    it('lose no port to a switch that goes while they are on their way', async () => {
      const [gone, there] = [await addSwitch(), await addSwitch()];
      const { held, release } = hold();
      const ports = Array.from({ length: 6 }, (_, n) =>
        nb.transact((tx) => {
          const ls = n % 2 === 0 ? gone : there;
          return tx.tables.Logical_Switch.get(ls) === undefined ? 'gone' : addPort(tx, ls);
        }, SHARED),
      );
      await held;
      await raw.commit({ op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', gone]]] });
      const sent = await sentBy(async () => {
        release();
        const results = await Promise.all(ports);
        expect(results.filter((_, n) => n % 2 === 0)).to.deep.equal(['gone', 'gone', 'gone']);
        expect(nb.tables.Logical_Switch.get(there)?.ports).to.have.members(results.filter((_, n) => n % 2 === 1));
      });
      // The others did not even have to be sent again.
      expect(sent).to.equal(0);
    });

    it('throw at the line of the callback, and send the others', async () => {
      const settled = await Promise.allSettled([
        nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }), SHARED),
        nb.transact((tx) => tx.insert('Address_Set', { name: 5 as never }), SHARED),
        nb.transact(() => { throw new RangeError('mine'); }, SHARED),
        nb.transact((tx) => tx.insert('Logical_Switch_Port', { name: fresh() }), SHARED),
      ]); // prettier-ignore
      expect(
        settled.map((result) => (result.status === 'rejected' ? (result.reason as Error).name : 'done')),
      ).to.deep.equal(['done', 'ValidationError', 'RangeError', 'TransactionError']);
    });
  });

  it('that do more than add are sent alone, and at once', async () => {
    const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
    const alone: readonly ((tx: Tx) => unknown)[] = [
      (tx) => tx.select('Address_Set', set),
      (tx) => tx.mutate('Address_Set', [['name', '==', 'none']], { addresses: { insert: ['10.0.0.1'] } }),
      (tx) => {
        tx.comment('why');
        tx.mutate('Address_Set', set, { addresses: { insert: ['10.0.0.1'] } });
      },
      (tx) => {
        tx.commitDurably();
        tx.mutate('Address_Set', set, { addresses: { insert: ['10.0.0.2'] } });
      },
      (tx) => tx.operation({ op: 'insert', table: 'Address_Set', row: { name: fresh() } }),
      (tx) => tx.delete('Address_Set', set),
    ];
    const shared = [1, 2, 3].map(() => (tx: Tx) => tx.insert('Address_Set', { name: fresh() }));
    const before = proxy.transactions.length;
    await Promise.all([...shared, ...alone].map((callback) => nb.transact((tx) => callback(tx), SHARED)));
    const lengths = proxy.transactions.slice(before).map(({ length }) => length);
    expect(lengths.slice().sort()).to.deep.equal([1, 1, 1, 1, 2, 2, 3]);
  });

  describe('when the line is cut', () => {
    it('after they were sent: unknown to each, all or none in force, and none sent again', async () => {
      const wanted = Array.from({ length: 10 }, fresh);
      const back = outOfSync(nb);
      proxy.onReply = (message) => (Array.isArray(message.result) && message.method === undefined ? 'cut' : 'pass');
      const sent = await sentBy(async () => {
        const errors = await Promise.all(
          wanted.map((name) => failure(nb.transact((tx) => tx.insert('Address_Set', { name }), SHARED))),
        );
        proxy.onReply = () => 'pass';
        for (const [n, error] of errors.entries()) {
          expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
          const { operations } = (error as unknown as TransactionError).sent!;
          expect(operations).to.have.lengthOf(1);
          expect(operations[0]).to.deep.include({ row: { name: wanted[n] } });
        }
        await back;
        await nb.synced();
      });
      expect(sent).to.equal(1);
      expect(wanted.filter((name) => nb.tables.Address_Set.find({ name }) !== undefined)).to.have.lengthOf(10);
    });

    it('before they were answered, and while others are gathered: those are sent once, on the next', async () => {
      const written = Array.from({ length: 150 }, fresh);
      const gathered = Array.from({ length: 10 }, fresh);
      const add = (name: string): Promise<string> => nb.transact((tx) => tx.insert('Address_Set', { name }), SHARED);
      proxy.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
      const before = proxy.transactions.length;
      const lost = Promise.all(written.map((name) => failure(add(name))));
      await eventually(() => proxy.transactions.length === before + 2);
      const done = Promise.all(gathered.map(add));
      await new Promise((resolve) => setImmediate(resolve));
      proxy.onRequest = () => 'pass';
      proxy.cut();
      for (const error of await lost) expect(error).to.include({ code: 'OutcomeUnknown' });
      await done;
      expect(gathered.filter((name) => nb.tables.Address_Set.find({ name }) === undefined)).to.deep.equal([]);
      expect(written.filter((name) => nb.tables.Address_Set.find({ name }) !== undefined)).to.deep.equal([]);
    });

    it('for good, by close: unknown to those that were sent, and not sent are the others', async () => {
      await using other = await ClientProxy.start(sandbox.remote);
      const client = await connect({}, other);
      other.onRequest = ({ method }) => (method === 'transact' ? 'drop' : 'pass');
      const add = (): Promise<Error> =>
        failure(client.transact((tx) => tx.insert('Address_Set', { name: fresh() }), SHARED));
      const sent = Promise.all(Array.from({ length: 150 }, add));
      await eventually(() => other.transactions.length === 2);
      const waiting = Promise.all(Array.from({ length: 5 }, add));
      await new Promise((resolve) => setImmediate(resolve));
      client.close();
      for (const error of await sent) expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      for (const error of await waiting) expect(error).to.include({ code: 'NotSent', outcome: 'not-sent' });
    });
  });

  it('drop out when their signal aborts, and go on without those', async () => {
    const ls = await addSwitch();
    const reason = new Error('changed my mind');
    const [early, late] = [new AbortController(), new AbortController()];
    const add = (signal?: AbortSignal): Promise<unknown> => nb.transact((tx) => addPort(tx, ls), { ...SHARED, signal });
    const before = nb.metrics().transactions;
    const { held, release } = hold();
    const others = [add(), add()];
    const dropped = failure(add(early.signal));
    const given = failure(add(late.signal));
    // After the callbacks have run, and before the turn is over.
    await Promise.resolve().then(() => early.abort(reason));
    await held;
    late.abort(reason);
    expect(await dropped).to.equal(reason);
    expect(await given).to.equal(reason);
    release();
    await Promise.all(others);
    expect(proxy.methods.at(-1)).to.equal('transact');
    expect(nb.tables.Logical_Switch.get(ls)?.ports).to.have.lengthOf(3);
    const { notSent, unknown } = nb.metrics().transactions;
    expect({ notSent, unknown }).to.deep.equal({ notSent: before.notSent + 1, unknown: before.unknown + 1 });
  });

  it('are not sent where the signal aborts before or while the callback runs', async () => {
    const reason = new Error('changed my mind');
    const wanted = [fresh(), fresh()];
    const [before, within] = [new AbortController(), new AbortController()];
    const add = (tx: Tx, name = fresh()): unknown => tx.insert('Address_Set', { name });
    const others = [1, 2].map(() => nb.transact((tx) => add(tx), SHARED));
    const given = [
      failure(nb.transact((tx) => add(tx, wanted[0]), { ...SHARED, signal: before.signal })),
      failure(
        nb.transact(
          (tx) => {
            within.abort(reason);
            return add(tx, wanted[1]);
          },
          { ...SHARED, signal: within.signal },
        ),
      ),
    ];
    before.abort(reason);
    expect(await Promise.all(given)).to.deep.equal([reason, reason]);
    await Promise.all(others);
    expect(wanted.filter((name) => nb.tables.Address_Set.find({ name }) !== undefined)).to.deep.equal([]);
  });

  it('are sent alone when they are tried again after a conflict: the company of the first time suffers once', async () => {
    const set = await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }));
    let runs = 0;
    const hopeless = (tx: Tx): void => {
      runs++;
      tx.wait('Address_Set', set, '==', [{ name: 'another' }]);
    };
    const before = proxy.transactions.length;
    let isOver = false;
    const doomed = failure(nb.transact(hopeless, { ...SHARED, retries: 5 })).finally(() => (isOver = true));
    const steady = Array.from({ length: 3 }, async () => {
      while (!isOver) await nb.transact((tx) => tx.insert('Address_Set', { name: fresh() }), SHARED);
    });
    expect(await doomed).to.include({ code: 'Conflict' });
    await Promise.all(steady);
    expect(runs).to.equal(6);
    const isDoomed = (operation: unknown): boolean => (operation as { op: string }).op === 'wait';
    const lengths = proxy.transactions.slice(before).flatMap((sent) => (sent.some(isDoomed) ? [sent.length] : []));
    expect(lengths).to.deep.equal([4, ...Array<number>(6).fill(1)]);
  });

  it('wait for their turn like others where only so many may be under way', async () => {
    await using other = await ClientProxy.start(sandbox.remote);
    await using limited = await connect({ maxTransactionsInFlight: 3 }, other);
    const added = await Promise.all(
      Array.from({ length: 20 }, () => limited.transact((tx) => tx.insert('Address_Set', { name: fresh() }), SHARED)),
    );
    expect(new Set(added).size).to.equal(20);
  });
});
