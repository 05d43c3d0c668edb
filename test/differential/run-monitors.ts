/** Many random transactions by one client and random monitors of others, until one is told something else. */
import { Sandbox } from '../../lib/testing/sandbox.js';
import { stringifyJson } from '../../lib/wire/json.js';
import { Random } from '../random.js';
import { Twin, type Mismatch } from './embedded-twin.js';
import { MonitorMaker, type Requests } from './random-monitors.js';
import { randomSchema, type SchemaJson } from './random-schema.js';
import { OWNED_LOCK, TransactionMaker } from './random-transaction.js';

export interface MonitorRunOptions {
  readonly seed: number;
  /** Transactions, and changes of monitors. */
  readonly steps: number;
  /** Steps upon one schema. Default 250. */
  readonly perSchema?: number;
}

/** What was done, and what went differently, as text. */
export interface MonitorOutcome {
  readonly steps: number;
  readonly schemas: number;
  /** Notifications that were compared. */
  readonly notifications: number;
  /** Schemas that ended early since the real server kept a weak reference to a deleted row. */
  readonly staleReferences: number;
  /** Schemas that ended early since the real server died. */
  readonly deaths: number;
  readonly finding: string | undefined;
}

/** How a schema's steps end. */
type End = 'all done' | 'stale reference' | Mismatch;

const ZERO = '00000000-0000-0000-0000-000000000000';
const METHODS = ['monitor', 'monitor_cond', 'monitor_cond_since'] as const;
const DEATH_MS = 5_000;
const SHOWN_STEPS = 12;

/** See the head of this file. One server process, one database for each schema. */
export async function runMonitors({ seed, steps, perSchema = 250 }: MonitorRunOptions): Promise<MonitorOutcome> {
  const count = Math.ceil(steps / perSchema);
  const schemas = Array.from({ length: count }, (_, i) => randomSchema(new Random(seed, 2 * i), `monitored${i}`));
  await using sandbox = await Sandbox.start({ schemas });
  const figures = { steps: 0, schemas: 0, notifications: 0, staleReferences: 0, deaths: 0 };
  for (const [i, schema] of schemas.entries()) {
    using twin = new Twin(sandbox.remote, schema);
    const log: string[] = [];
    const end = await play(twin, schema, new Random(seed, 2 * i + 1), Math.min(perSchema, steps - figures.steps), log);
    await twin.request('writer', 'unlock', [OWNED_LOCK]);
    figures.schemas++;
    figures.steps += Math.min(perSchema, steps - figures.steps);
    figures.notifications += twin.notifications;
    if (end === 'stale reference') figures.staleReferences++;
    else if (end !== 'all done') {
      // Columns that a condition adds to a monitor which others share can crash ovsdb-server 3.1.
      if (!twin.theirsIsGone || !(await hasDied(sandbox))) return { ...figures, finding: describe(schema, log, end) };
      figures.deaths++;
      await sandbox.restart();
    }
  }
  return { ...figures, finding: undefined };
}

/** It takes a moment until it is known that a process has died. */
async function hasDied(sandbox: Sandbox): Promise<boolean> {
  const deadline = performance.now() + DEATH_MS;
  while (sandbox.pid !== undefined && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return sandbox.pid === undefined;
}

async function play(twin: Twin, schema: SchemaJson, random: Random, steps: number, log: string[]): Promise<End> {
  const maker = new TransactionMaker(random, twin.database);
  const monitors = new MonitorMaker(random, twin.database);
  const running: { client: string; id: unknown; requests: Requests }[] = [];
  const request = (client: string, method: string, params: readonly unknown[]): Promise<Mismatch | undefined> => {
    log.push(`${client} ${method} ${stringifyJson(params)}`);
    return twin.request(client, method, params);
  };
  const step = async (n: number): Promise<Mismatch | undefined> => {
    const kind = random.weighted({
      transact: 70,
      monitor: running.length < 12 ? 10 : 1,
      change: 15,
      cancel: 4,
      leave: 1,
    });
    const known = running.length === 0 ? undefined : random.pick(running);
    if (kind === 'transact') {
      return request('writer', 'transact', [schema.name, ...operationsOf(maker)]);
    }
    if (kind === 'monitor') {
      const client = `client${random.below(4)}`;
      const method = random.pick(METHODS);
      const id = random.chance(0.05) ? (known?.id ?? null) : random.chance(0.1) ? { step: n } : `m${n}`;
      const requests = monitors.requests(method !== 'monitor');
      const since = method === 'monitor_cond_since' ? [ZERO] : [];
      const mismatch = await request(client, method, [schema.name, id, requests, ...since]);
      // A change with several tables that the monitor has not leaves the real server with some of it.
      if (!twin.hasRefused) running.push({ client, id, requests });
      return mismatch;
    }
    if (known === undefined) return undefined;
    if (kind === 'change') {
      const id = random.chance(0.3) ? `n${n}` : known.id;
      const conditions = monitors.conditions(known.requests);
      const mismatch = await request(known.client, 'monitor_cond_change', [known.id, id, conditions]);
      if (!twin.hasRefused) running.push({ ...known, id });
      return mismatch;
    }
    if (kind === 'cancel') {
      running.splice(running.indexOf(known), 1);
      return request(known.client, 'monitor_cancel', [known.id]);
    }
    twin.disconnect(known.client);
    log.push(`${known.client} leaves`);
    for (const other of running.filter(({ client }) => client === known.client)) {
      running.splice(running.indexOf(other), 1);
    }
    return undefined;
  };
  await request('writer', 'lock', [OWNED_LOCK]);
  for (let n = 0; n < steps; n++) {
    const mismatch = (await step(n)) ?? (await twin.settle());
    if (mismatch === undefined) continue;
    return !twin.theirsIsGone && (await twin.hasStaleReferences()) ? 'stale reference' : mismatch;
  }
  return 'all done';
}

/** Versions are others on each server, so that no operation may hang on them. */
function operationsOf(maker: TransactionMaker): readonly unknown[] {
  for (;;) {
    const made = maker.make().map(withoutWaiting);
    // What the real server forgets of weak references (see `hasStaleReferences`), it forgets less often so.
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

function describe(schema: SchemaJson, log: readonly string[], { what, ours, theirs }: Mismatch): string {
  const show = (value: unknown): string => (Array.isArray(value) ? value.join('\n  ') : stringifyJson(value ?? null));
  return [
    `DIFFERENT: ${what}`,
    `schema: ${stringifyJson(schema)}`,
    `steps, the last of ${log.length}:`,
    ...log.slice(-SHOWN_STEPS).map((line) => `  ${line}`),
    `ours:\n  ${show(ours)}`,
    `theirs:\n  ${show(theirs)}`,
  ].join('\n');
}

/** Counts, in a line. */
export function describeMonitors(outcome: MonitorOutcome): string {
  return (
    `${outcome.steps} steps with monitors on ${outcome.schemas} schemas: ${outcome.notifications} notifications the ` +
    `same; ended early: ${outcome.staleReferences} times by a weak reference that the real server kept to a deleted ` +
    `row, ${outcome.deaths} times by its death`
  );
}
