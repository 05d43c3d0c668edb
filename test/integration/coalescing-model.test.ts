/** Random mixtures of concurrent transactions, shared and not: what is in force is what succeeded, whole, and nothing else. */
import { expect } from 'chai';
import fc from 'fast-check';

import { connectNorthbound, type NorthboundClient } from '../../lib/nb/northbound.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Transaction } from '../../lib/transaction/builder.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

const TABLES = ['Logical_Switch', 'Logical_Switch_Port', 'Address_Set'] as const;
type Selection = { readonly [T in (typeof TABLES)[number]]: Extract<keyof NorthboundTables[T], string> };
type Tx = Transaction<NorthboundTables, Selection>;

/** What one transaction does besides leaving its mark. */
type Step =
  /** Adds a port to a switch, of which the last one is gone; `name` of a few that several want, or its own. */
  | { readonly kind: 'port'; readonly on: number; readonly name: number | undefined }
  /** Needs contents that are there, or are not. */
  | { readonly kind: 'verify'; readonly holds: boolean }
  /** Counts up in a column that all share. */
  | { readonly kind: 'member' }
  /** Has to be sent alone. */
  | { readonly kind: 'alone' };

interface Plan {
  readonly steps: readonly Step[];
  readonly coalesce: boolean;
  /** Turns of the event loop to wait before. */
  readonly delay: number;
}

const SWITCHES = 3;
const plans = fc.array(
  fc.record<Plan>({
    steps: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.record({ kind: fc.constant('port' as const), on: fc.nat(SWITCHES - 1), name: fc.option(fc.nat(3), { nil: undefined }) }) },
        { weight: 2, arbitrary: fc.constant({ kind: 'port' as const, on: SWITCHES, name: undefined }) },
        { weight: 2, arbitrary: fc.record({ kind: fc.constant('verify' as const), holds: fc.boolean() }) },
        { weight: 3, arbitrary: fc.constant({ kind: 'member' as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: 'alone' as const }) },
      ),
      { maxLength: 4 },
    ),
    coalesce: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    delay: fc.nat(3),
  }),
  { minLength: 2, maxLength: 40 },
); // prettier-ignore

interface Done {
  readonly ports: readonly string[];
  readonly counts: readonly number[];
}

describe('random mixtures of coalesced transactions', function () {
  this.timeout(60_000);
  let sandbox: TestServer;
  let raw: RawClient;
  let nb: NorthboundClient<Selection>;
  let names = 0;

  before(async () => {
    sandbox = await startServer();
    raw = await RawClient.connect(sandbox.remote);
    nb = await connectNorthbound({ remotes: sandbox.remote, tables: TABLES, onWarning: () => undefined });
  });
  after(async () => {
    nb.close();
    raw[Symbol.dispose]();
    await sandbox.stop();
  });

  /** Carries the plans out, all at once, and checks what the server then holds. Returns how each ended. */
  async function play(given: readonly Plan[], mayCoalesce: boolean): Promise<(Done | undefined)[]> {
    const scene = `s${names++}`;
    const { switches, gone, set } = await nb.transact((tx) => ({
      switches: Array.from({ length: SWITCHES }, (_, n) => tx.insert('Logical_Switch', { name: `${scene}-${n}` })),
      gone: tx.insert('Logical_Switch', { name: `${scene}-gone` }),
      set: tx.insert('Address_Set', { name: scene }),
    }));
    await nb.transact((tx) => tx.delete('Logical_Switch', gone));
    const nameOf = (plan: number, step: number, name: number | undefined): string =>
      name === undefined ? `${scene}-own-${plan}-${step}` : `${scene}-wanted-${name}`;

    const run = (tx: Tx, { steps }: Plan, plan: number): object => {
      const ports: ReturnType<typeof tx.insert<'Logical_Switch_Port'>>[] = [];
      const counts = [tx.mutate('Address_Set', set, { external_ids: { insert: { [`mark-${plan}`]: 'x' } } })];
      for (const [n, step] of steps.entries()) {
        if (step.kind === 'port') {
          const port = tx.insert('Logical_Switch_Port', { name: nameOf(plan, n, step.name) });
          ports.push(port);
          counts.push(tx.mutate('Logical_Switch', switches[step.on] ?? gone, { ports: { insert: [port] } }));
        } else if (step.kind === 'verify') {
          tx.wait('Address_Set', set, '==', [{ name: step.holds ? scene : 'another' }]);
        } else if (step.kind === 'member') {
          counts.push(tx.mutate('Address_Set', set, { addresses: { insert: [`10.${plan}.${n}.1`] } }));
        } else tx.comment('not with others');
      }
      return { ports, counts };
    };
    const ended = await Promise.all(
      given.map(async (plan, n): Promise<Done | undefined> => {
        for (let i = 0; i < plan.delay; i++) await new Promise((resolve) => setImmediate(resolve));
        const options = { coalesce: mayCoalesce && plan.coalesce, retries: 2 };
        try {
          const done = (await nb.transact((tx) => run(tx, plan, n), options)) as Done;
          // The replica shows it by now.
          for (const port of done.ports)
            expect(nb.tables.Logical_Switch_Port.get(port as Uuid<'Logical_Switch_Port'>)).not.to.equal(undefined);
          return done;
        } catch (error) {
          if (!(error instanceof TransactionError)) throw error;
          expect(error.outcome).to.equal('failed');
          return undefined;
        }
      }),
    );

    // What succeeded is in force, whole; of what failed there is nothing.
    const ports = await raw.rows('Logical_Switch_Port');
    const row = (await raw.rows('Address_Set')).get(set)!;
    const holders = await raw.rows('Logical_Switch');
    const owner = new Map<string, number>();
    const expected = { ids: [] as string[], addresses: [] as string[], ports: switches.map(() => [] as string[]) };
    for (const [n, done] of ended.entries()) {
      if (done === undefined) continue;
      expected.ids.push(`mark-${n}`);
      expect(done.counts).to.deep.equal(done.counts.map(() => 1));
      const uuids = [...done.ports];
      for (const [i, step] of given[n]!.steps.entries()) {
        if (step.kind === 'member') expected.addresses.push(`10.${n}.${i}.1`);
        if (step.kind !== 'port') continue;
        const uuid = uuids.shift()!;
        const name = nameOf(n, i, step.name);
        expect(ports.get(uuid)?.['name']).to.equal(name);
        expected.ports[step.on]!.push(uuid);
        owner.set(name, n);
      }
    }
    expect((row['external_ids'] as [string, string][]).map(([key]) => key).sort()).to.deep.equal(expected.ids.sort());
    expect(row['addresses']).to.deep.equal(expected.addresses.sort());
    for (const [n, uuids] of expected.ports.entries()) {
      expect(holders.get(switches[n]!)!['ports']).to.deep.equal(uuids.sort());
    }

    // What failed had a reason of its own.
    for (const [n, { steps }] of given.entries()) {
      const wanted = steps.flatMap((step, i) => (step.kind === 'port' ? [nameOf(n, i, step.name)] : []));
      const isHopeless =
        steps.some(
          (step) => (step.kind === 'verify' && !step.holds) || (step.kind === 'port' && step.on === SWITCHES),
        ) || new Set(wanted).size < wanted.length;
      if (isHopeless) expect(ended[n], `plan ${n}`).to.equal(undefined);
      else if (ended[n] === undefined)
        expect(
          wanted.some((name) => owner.has(name)),
          `plan ${n}`,
        ).to.equal(true);
    }
    return ended;
  }

  it('leave what succeeded, whole, and nothing of what failed', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (given) => {
        await play(given, true);
      }),
      { numRuns: 60 },
    );
  });

  it('end as they do when each is sent alone, where no name is wanted by two', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (given) => {
        const apart = given.map((plan) => ({
          ...plan,
          steps: plan.steps.map((step) => (step.kind === 'port' ? { ...step, name: undefined } : step)),
        }));
        const [together, alone] = [await play(apart, true), await play(apart, false)];
        const shape = (ended: readonly (Done | undefined)[]): unknown =>
          ended.map((done) => done && { ...done, ports: done.ports.length });
        expect(shape(together)).to.deep.equal(shape(alone));
      }),
      { numRuns: 30 },
    );
  });
});
