/** The same monitors on the embedded server and on a real ovsdb-server: what they say must be the same. */
import { Sandbox } from '../../lib/testing/sandbox.js';
import { stringifyJson } from '../../lib/wire/json.js';
import { randomSchema, type SchemaJson } from '../differential/random-schema.js';
import { OWNED_LOCK, TransactionMaker } from '../differential/random-transaction.js';
import { Random } from '../random.js';
import { Twin, type Mismatch } from './embedded-twin.js';
import { MonitorMaker, type Requests } from './random-monitors.js';

const SEED = Number(process.env['EMBEDDED_SEED'] ?? 3);
const STEPS = Number(process.env['EMBEDDED_STEPS'] ?? 250);
const SCHEMAS = Number(process.env['EMBEDDED_SCHEMAS'] ?? 6);
const ZERO = '00000000-0000-0000-0000-000000000000';
const METHODS = ['monitor', 'monitor_cond', 'monitor_cond_since'] as const;

describe('the embedded server beside ovsdb-server', function () {
  this.timeout(120_000);
  let sandbox: Sandbox;
  const schemas = Array.from({ length: SCHEMAS }, (_, i) => randomSchema(new Random(SEED, 2 * i), `monitored${i}`));

  before(async () => {
    sandbox = await Sandbox.start({ schemas });
  });

  after(() => sandbox.stop());

  for (const [i, schema] of schemas.entries()) {
    it(`says the same to monitors of random tables, columns, events and conditions (schema ${i}, seed ${SEED})`, async () => {
      using twin = new Twin(sandbox.remote, schema);
      try {
        await play(twin, schema, new Random(SEED, 2 * i + 1));
        await twin.request('writer', 'unlock', [OWNED_LOCK]);
      } catch (error) {
        // It takes a moment until it is known that a process has died.
        await new Promise((resolve) => setTimeout(resolve, 300));
        // Columns that a condition adds to a monitor which others share can crash ovsdb-server 3.1.
        if (sandbox.pid !== undefined) throw error;
        await sandbox.restart();
      }
    });
  }
});

async function play(twin: Twin, schema: SchemaJson, random: Random): Promise<void> {
  const maker = new TransactionMaker(random, twin.database);
  const monitors = new MonitorMaker(random, twin.database);
  const running: { client: string; id: unknown; requests: Requests }[] = [];
  const steps: string[] = [];
  const check = (mismatch: Mismatch | undefined): void => {
    if (mismatch === undefined) return;
    const { what, ours, theirs } = mismatch;
    const show = (value: unknown): string => (Array.isArray(value) ? value.join('\n  ') : stringifyJson(value ?? null));
    throw new Error(
      `after\n${steps.slice(-12).join('\n')}\n${what} differs:\nours:\n  ${show(ours)}\ntheirs:\n  ${show(theirs)}`,
    );
  };
  const request = async (client: string, method: string, params: readonly unknown[]): Promise<void> => {
    steps.push(`${client} ${method} ${stringifyJson(params)}`);
    check(await twin.request(client, method, params));
  };
  await request('writer', 'lock', [OWNED_LOCK]);
  for (let step = 0; step < STEPS; step++) {
    const kind = random.weighted({
      transact: 70,
      monitor: running.length < 12 ? 10 : 1,
      change: 15,
      cancel: 4,
      leave: 1,
    });
    const known = running.length === 0 ? undefined : random.pick(running);
    if (kind === 'transact') {
      await request('writer', 'transact', [schema.name, ...operationsOf(maker)]);
    } else if (kind === 'monitor') {
      const client = `client${random.below(4)}`;
      const method = random.pick(METHODS);
      const id = random.chance(0.05) ? (known?.id ?? null) : random.chance(0.1) ? { step } : `m${step}`;
      const requests = monitors.requests(method !== 'monitor');
      await request(client, method, [schema.name, id, requests, ...(method === 'monitor_cond_since' ? [ZERO] : [])]);
      running.push({ client, id, requests });
    } else if (known !== undefined && kind === 'change') {
      const id = random.chance(0.3) ? `n${step}` : known.id;
      await request(known.client, 'monitor_cond_change', [known.id, id, monitors.conditions(known.requests)]);
      running.push({ ...known, id });
    } else if (known !== undefined && kind === 'cancel') {
      running.splice(running.indexOf(known), 1);
      await request(known.client, 'monitor_cancel', [known.id]);
    } else if (known !== undefined) {
      twin.disconnect(known.client);
      steps.push(`${known.client} leaves`);
      for (const other of running.filter(({ client }) => client === known.client)) {
        running.splice(running.indexOf(other), 1);
      }
    }
    check(await twin.settle());
  }
}

/** Versions are others on each server, so that no operation may hang on them. */
function operationsOf(maker: TransactionMaker): readonly unknown[] {
  for (;;) {
    const made = maker.make().map(withoutWaiting);
    // ovsdb-server 3.1 forgets to drop weak references of a row that is changed before what it refers to is deleted.
    const operations = [...made.filter(isDelete), ...made.filter((operation) => !isDelete(operation))];
    if (!stringifyJson(operations).includes('_version')) return operations;
  }
}

function isDelete(operation: unknown): boolean {
  return typeof operation === 'object' && operation !== null && 'op' in operation && operation.op === 'delete';
}

/** What waits would have to be waited for. */
function withoutWaiting(operation: unknown): unknown {
  const isWait = typeof operation === 'object' && operation !== null && 'op' in operation && operation.op === 'wait';
  return isWait ? { ...operation, timeout: 0 } : operation;
}
