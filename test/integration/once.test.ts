/** Transactions whose replies or requests are lost, and that are sent again: they take effect once, come what may. */
import { randomUUID } from 'node:crypto';

import { expect } from 'chai';

import type { NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import { transactOnce, type Fence } from '../../lib/transaction/once.js';
import { ClientProxy, type Fate } from '../faults/client-proxy.js';
import type { ClientMessage } from '../faults/scripted-server.js';
import { failure } from '../failure.js';
import { startProxiedClient, type ProxiedClient } from './proxied-client.js';
import { eventually, RawClient, type RawResult } from './raw-client.js';

const TABLES = { Logical_Switch: true, Address_Set: true, NB_Global: { columns: ['nb_cfg'] } } as const;
interface Selection {
  readonly Logical_Switch: Extract<keyof NorthboundTables['Logical_Switch'], string>;
  readonly Address_Set: Extract<keyof NorthboundTables['Address_Set'], string>;
  readonly NB_Global: 'nb_cfg';
}
type Tx = Transaction<NorthboundTables, Selection>;

describe('transactOnce', () => {
  let scene: ProxiedClient<typeof TABLES>;
  let raw: RawClient;
  let proxy: ClientProxy;
  let nb: NorthboundClient<Selection>;
  let fence: Fence<NorthboundTables, 'Logical_Switch'>;
  let runs: number;

  before(async () => {
    scene = await startProxiedClient(TABLES);
    ({ raw, proxy, nb } = scene);
  });

  after(() => scene.stop());

  beforeEach(async () => {
    runs = 0;
    await raw.commit(
      { op: 'delete', table: 'NB_Global', where: [] },
      { op: 'insert', table: 'NB_Global', row: { nb_cfg: 0 } },
    );
    const uuid = await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'fence', external_ids: { a: 'b' } }));
    fence = { table: 'Logical_Switch', uuid, key: 'test:fence' };
  });

  afterEach(() => proxy.passAll());

  /** What would show if it took effect twice. */
  const add = (tx: Tx): string => {
    runs++;
    tx.mutate('NB_Global', [], { nb_cfg: { add: 1 } });
    return 'added';
  };
  const count = async (): Promise<unknown> => [...(await raw.rows('NB_Global')).values()][0]?.['nb_cfg'];
  const operationsOf = ({ params = [] }: ClientMessage): object[] => params.slice(1) as object[];

  /** Decides on the transactions one after the other; those beyond pass. */
  function onTransacts(...fates: readonly ((message: ClientMessage) => Fate)[]): void {
    let next = 0;
    proxy.onRequest = (message) => (message.method === 'transact' ? (fates[next++]?.(message) ?? 'pass') : 'pass');
  }
  /** Cuts the connection instead of handing on the reply of the next transaction. */
  function loseReplyTo({ id }: ClientMessage): 'pass' {
    proxy.onReply = (reply) => {
      if (reply.id !== id || reply.method !== undefined) return 'pass';
      proxy.onReply = () => 'pass';
      return 'cut';
    };
    return 'pass';
  }
  /** Carries out something while a transaction waits, and hands it to the server after that. */
  function holdBack(meanwhile: () => Promise<unknown>): (message: ClientMessage) => Fate {
    return (message) => {
      void meanwhile().then(() => {
        proxy.sendLate(message);
      });
      return 'drop';
    };
  }
  /** Loses a request, which arrives at the server whenever `arrive` is called. */
  function straggler(): { readonly lose: (message: ClientMessage) => Fate; arrive(): Promise<readonly unknown[]> } {
    let operations: object[] = [];
    return {
      lose: (message) => {
        operations = operationsOf(message);
        return 'cut';
      },
      arrive: () => raw.transact(...operations),
    };
  }
  const errorsIn = (results: readonly unknown[]): unknown[] =>
    (results as readonly (RawResult | null)[]).flatMap((result) => result?.error ?? []);

  for (const marked of [false, true]) {
    describe(marked ? 'on a fence that has a mark' : 'on a fence that has no mark yet', () => {
      beforeEach(async () => {
        if (marked) await transactOnce(nb, fence, () => undefined);
      });

      it('resolves with the value when all goes well, and leaves another mark each time', async () => {
        const marks = new Set<unknown>();
        for (let i = 1; i <= 3; i++) {
          expect(await transactOnce(nb, fence, add)).to.deep.equal({ reply: 'received', value: 'added' });
          expect(await count()).to.equal(i);
          marks.add(nb.tables.Logical_Switch.get(fence.uuid)?.external_ids[fence.key]);
        }
        expect(marks.size).to.equal(3);
        expect(nb.tables.Logical_Switch.get(fence.uuid)?.external_ids['a']).to.equal('b');
      });

      it('finds what is in force when the reply is lost', async () => {
        onTransacts(loseReplyTo);
        expect(await transactOnce(nb, fence, add)).to.deep.equal({ reply: 'lost' });
        expect([runs, await count()]).to.deep.equal([1, 1]);
      });

      it('does it again when the request is lost, and the lost one fails whenever it arrives after that', async () => {
        const late = straggler();
        onTransacts(late.lose);
        expect(await transactOnce(nb, fence, add)).to.deep.equal({ reply: 'received', value: 'added' });
        expect(runs).to.equal(2);
        expect(errorsIn(await late.arrive())).to.deep.equal(['timed out']);
        expect(await count()).to.equal(1);
      });

      it('finds the lost one that arrives after the client is in sync again and before the fence is moved', async () => {
        const late = straggler();
        onTransacts(
          late.lose,
          holdBack(async () => expect(errorsIn(await late.arrive())).to.deep.equal([])),
        );
        expect(await transactOnce(nb, fence, add)).to.deep.equal({ reply: 'lost' });
        expect([runs, await count()]).to.deep.equal([1, 1]);
      });

      it('keeps out the lost one that arrives when the second has been sent', async () => {
        const late = straggler();
        let errors: unknown;
        onTransacts(
          late.lose,
          () => 'pass',
          holdBack(async () => (errors = errorsIn(await late.arrive()))),
        );
        expect(await transactOnce(nb, fence, add)).to.include({ reply: 'received' });
        expect(errors).to.deep.equal(['timed out']);
        expect([runs, await count()]).to.deep.equal([2, 1]);
      });

      it('goes on when the reply to the move of the fence is lost as well', async () => {
        const late = straggler();
        onTransacts(late.lose, loseReplyTo);
        expect(await transactOnce(nb, fence, add)).to.include({ reply: 'received' });
        expect(errorsIn(await late.arrive())).to.deep.equal(['timed out']);
        expect([runs, await count()]).to.deep.equal([2, 1]);
      });

      it('goes on when the move of the fence is lost as well, and arrives last', async () => {
        const [late, move] = [straggler(), straggler()];
        onTransacts(late.lose, move.lose);
        expect(await transactOnce(nb, fence, add)).to.include({ reply: 'received' });
        expect(errorsIn(await move.arrive())).to.deep.equal(['timed out']);
        expect(errorsIn(await late.arrive())).to.deep.equal(['timed out']);
        expect([runs, await count()]).to.deep.equal([2, 1]);
      });

      for (const [when, options] of [
        ['', {}],
        [', also of the last run allowed', { retries: 0 }],
      ] as const) {
        it(`finds what is in force although the server reports a failure${when}`, async () => {
          onTransacts((message) => {
            proxy.onReply = ({ id, method }) => {
              if (id !== message.id || method !== undefined) return 'pass';
              proxy.onReply = () => 'pass';
              return { result: operationsOf(message).map((_, i) => (i === 0 ? { error: 'timed out' } : null)) };
            };
            return 'pass';
          });
          expect(await transactOnce(nb, fence, add, options)).to.deep.equal({ reply: 'lost' });
          expect([runs, await count()]).to.deep.equal([1, 1]);
        });
      }

      it('finds it with the last run allowed, whoever is faster with the fence meanwhile', async () => {
        const late = straggler();
        onTransacts(
          late.lose,
          holdBack(async () => expect(errorsIn(await late.arrive())).to.deep.equal([])),
        );
        expect(await transactOnce(nb, fence, add, { retries: 0 })).to.deep.equal({ reply: 'lost' });
        expect([runs, await count()]).to.deep.equal([1, 1]);
      });

      it('is certain of what the callback says the second time', async () => {
        const late = straggler();
        onTransacts(late.lose);
        const changed = new Error('changed my mind');
        const error = failure(
          transactOnce(nb, fence, (tx) => {
            add(tx);
            if (runs > 1) throw changed;
          }),
        );
        expect(await error).to.equal(changed);
        expect(errorsIn(await late.arrive())).to.deep.equal(['timed out']);
        expect(await count()).to.equal(0);
      });
    });
  }

  it('keeps its mark when the callback writes the whole column', async () => {
    onTransacts(loseReplyTo);
    const rewrite = (tx: Tx): void => {
      add(tx);
      tx.update('Logical_Switch', fence.uuid, { external_ids: { c: 'd' } });
    };
    expect(await transactOnce(nb, fence, rewrite)).to.deep.equal({ reply: 'lost' });
    expect(await count()).to.equal(1);
  });

  it('stays in doubt when somebody else has moved the fence since', async () => {
    const move = { op: 'mutate', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', fence.uuid]]] };
    const stranger = { ...move, mutations: [['external_ids', 'insert', ['map', [[fence.key, 'theirs']]]]] };
    onTransacts((message) => {
      void raw.transact(stranger);
      return straggler().lose(message);
    });
    const error = await failure(transactOnce(nb, fence, add));
    expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
    expect(error.message).to.match(/could not be found out: test:fence in external_ids .* was moved by somebody else/);
    expect(error['sent']).to.have.property('operations').with.lengthOf(3);
    expect(runs).to.equal(1);
  });

  it('stays in doubt when the row of the fence is gone since', async () => {
    const remove = { op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', fence.uuid]]] };
    onTransacts((message) => {
      void raw.transact(remove);
      return straggler().lose(message);
    });
    expect(await failure(transactOnce(nb, fence, add))).to.include({ outcome: 'unknown' });
  });

  it('stays in doubt when the time is over', async () => {
    onTransacts((message) => {
      proxy.refusing = true;
      return straggler().lose(message);
    });
    const error = await failure(transactOnce(nb, fence, add, { timeoutMs: 100 }));
    await eventually(() => proxy.refusing, 'the end of the connection');
    proxy.refusing = false;
    expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
    await nb.synced();
  });

  it('rejects with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    onTransacts((message) => {
      controller.abort(reason);
      return straggler().lose(message);
    });
    expect(await failure(transactOnce(nb, fence, add, { signal: controller.signal }))).to.equal(reason);
    await nb.synced();
  });

  it('refuses a fence that there is not', async () => {
    const sent = proxy.transactions.length;
    const absent = { ...fence, uuid: randomUUID() as Uuid<'Logical_Switch'> };
    expect(await failure(transactOnce(nb, absent, add))).to.include({ code: 'InvalidArgument' });
    const noMap = { ...fence, column: 'name' as const };
    expect(await failure(transactOnce(nb, noMap, add))).to.include({ code: 'InvalidArgument' });
    const [global] = nb.tables.NB_Global;
    const notThere = { table: 'NB_Global' as const, uuid: global!._uuid, key: 'x' };
    expect(await failure(transactOnce(nb, notThere, add))).to.include({ code: 'NotMonitored' });
    expect(await failure(transactOnce(nb, fence, add, { timeoutMs: NaN }))).to.include({ code: 'InvalidArgument' });
    expect(proxy.transactions).to.have.lengthOf(sent);
    expect(runs).to.equal(0);
  });

  describe('in place of it, an insert under a uuid of the caller', () => {
    const insert = (uuid: Uuid<'Address_Set'>) => (tx: Tx) =>
      tx.insertWithUuid('Address_Set', uuid, { name: `set-${uuid}` });

    it('fails as a duplicate when the first one is in force, before or after the second was sent', async () => {
      for (const arrival of ['before', 'after'] as const) {
        const uuid = randomUUID() as Uuid<'Address_Set'>;
        const late = straggler();
        onTransacts(
          late.lose,
          holdBack(async () => {
            if (arrival === 'before') await late.arrive();
          }),
        );
        const lost = await failure(nb.transact(insert(uuid)));
        expect(lost).to.include({ outcome: 'unknown' });
        expect(lost['sent']).to.have.property('chosenUuids').that.deep.equals([uuid]);
        if (arrival === 'before') {
          expect(await failure(nb.transact(insert(uuid)))).to.include({ error: 'duplicate uuid', outcome: 'failed' });
        } else {
          expect(await nb.transact(insert(uuid))).to.equal(uuid);
          expect(errorsIn(await late.arrive())).to.deep.equal(['duplicate uuid']);
        }
        expect(await raw.rows('Address_Set', [['name', '==', `set-${uuid}`]])).to.have.lengthOf(1);
      }
    });
  });
});
