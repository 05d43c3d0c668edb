/**
 * The embedded server beside a real ovsdb-server, with the same schema and clients: each step is done on both, and what
 * the clients get must be the same, uuids mapped. What comes in one go has no order among different monitors.
 */
import { Database } from '../../lib/server/database/database.js';
import { systemClock } from '../../lib/server/clock.js';
import { Faults } from '../../lib/server/faults.js';
import { Member } from '../../lib/server/member.js';
import { ServedDatabase } from '../../lib/server/served-database.js';
import { connectStream } from '../../lib/wire/connect-stream.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';
import { parseRemote } from '../../lib/wire/remote.js';
import { RawPeer, type Message } from '../integration/raw-peer.js';
import { canonical, compareAnswers } from './comparison.js';
import { hasStaleReferences, type SelectedRows } from './stale-references.js';
import { UuidPairs } from './uuid-pairs.js';

/** One client, connected to both. */
interface Pair {
  readonly ours: RawPeer;
  readonly theirs: RawPeer;
}

/** What was different. */
export interface Mismatch {
  readonly what: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** A schema as JSON. */
export interface TwinSchema {
  readonly name: string;
}

/** See the head of this file. */
export class Twin implements Disposable {
  readonly database: Database;
  readonly member: Member;
  readonly #served: ServedDatabase;
  readonly #remote: string;
  readonly #pairs = new UuidPairs();
  readonly #clients = new Map<string, Pair>();
  /** How many notifications were compared. */
  notifications = 0;
  /** Was the last request answered with an error? */
  hasRefused = false;

  /** `remote` is that of a real server which has an empty database of this schema; in a cluster it has a history. */
  constructor(remote: string, schema: TwinSchema, history = 0) {
    this.#remote = remote;
    this.database = new Database(schema);
    this.#served = new ServedDatabase(this.database, systemClock, history);
    const members: Member[] = [];
    let sessions = 0;
    this.member = new Member(
      {
        clock: systemClock,
        faults: new Faults(),
        probeIntervalMs: 0,
        databases: new Map([[schema.name, this.#served]]),
        log: undefined,
        members,
        clusterId: () => undefined,
        nextSessionNumber: () => ++sessions,
      },
      true,
    );
    members.push(this.member);
  }

  /** Our id of the last transaction; theirs has been paired with it where a client was told of it. */
  get lastId(): string {
    return this.#served.history.lastId;
  }

  /** Connects a client, unless it is. */
  async client(name: string): Promise<Pair> {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const ours = new RawPeer(this.member.connect(parseRemote('unix:ours')));
    const theirs = new RawPeer(await connectStream(parseRemote(this.#remote)));
    const pair = { ours, theirs };
    this.#clients.set(name, pair);
    return pair;
  }

  /** Sends the same request of a client to both; the replies must be the same. */
  async request(name: string, method: string, params: readonly unknown[], id?: unknown): Promise<Mismatch | undefined> {
    const { ours, theirs } = await this.client(name);
    const text = stringifyJson(params);
    const [our, their] = await Promise.all([
      ours.request(method, params, id).catch(gone),
      theirs.request(method, parseJson(this.#pairs.toTheirs(text), true) as unknown[], id).catch(gone),
    ]);
    this.hasRefused = our.error !== undefined && our.error !== null;
    if (method === 'transact') this.#pairRows(our.result, their.result);
    if (method === 'monitor_cond_since') this.#pairIds([our.result], [their.result]);
    const theirsInOurs = this.#translated(their) as Message;
    const [a, b] = [outcomeOf(our), outcomeOf(theirsInOurs)];
    // What exactly is wrong with a transaction is compared elsewhere.
    if (method === 'transact' && hasFailed(our) && hasFailed(their)) return undefined;
    if (comparable(a) === comparable(b)) return undefined;
    // A select may show the uuid of a name whose row was never made, another one on each server.
    if (
      method === 'transact' &&
      compareAnswers(params.slice(1), our.result ?? null, theirsInOurs.result ?? null) !== 'different'
    ) {
      return undefined;
    }
    return { what: `the reply to ${method} ${text}`, ours: a, theirs: b };
  }

  /** Sends a text on both, and waits for nothing. */
  async sendText(name: string, text: string): Promise<void> {
    const { ours, theirs } = await this.client(name);
    ours.sendText(text);
    theirs.sendText(text);
  }

  /** What all clients have got since the last time, replies apart, must be the same. */
  async settle(): Promise<Mismatch | undefined> {
    for (const [name, { ours, theirs }] of this.#clients) {
      const [our, their] = await Promise.all([ours.take(), theirs.take()]);
      const update3 = ({ method, params }: Message): unknown[] => (method === 'update3' ? [params] : []);
      this.#pairIds(our.flatMap(update3), their.flatMap(update3));
      const a = our.map(comparable).sort();
      const b = their.map((message) => comparable(this.#translated(message))).sort();
      this.notifications += a.length;
      if (a.join('\n') !== b.join('\n')) return { what: `what ${name} is told`, ours: a, theirs: b };
      if (ours.isOver !== theirs.isOver) {
        return { what: `is ${name} disconnected?`, ours: ours.isOver, theirs: theirs.isOver };
      }
      if (ours.isOver) this.#clients.delete(name);
    }
    return undefined;
  }

  /** Has the real server alone ended a connection? */
  get theirsIsGone(): boolean {
    return [...this.#clients.values()].some(({ ours, theirs }) => theirs.isOver && !ours.isOver);
  }

  /** See `hasStaleReferences`. */
  async hasStaleReferences(): Promise<boolean> {
    using peer = new RawPeer(await connectStream(parseRemote(this.#remote)));
    return await hasStaleReferences(this.database.schema, async (table) => {
      const { result } = await peer.request('transact', [this.database.name, { op: 'select', table, where: [] }]);
      return (result as [{ rows: SelectedRows }])[0].rows;
    });
  }

  /** Disconnects a client from both. */
  disconnect(name: string): void {
    const pair = this.#clients.get(name);
    this.#clients.delete(name);
    pair?.ours[Symbol.dispose]();
    pair?.theirs[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const name of [...this.#clients.keys()]) this.disconnect(name);
    this.member.stop();
    this.#served.stop();
  }

  #translated(json: unknown): unknown {
    return parseJson(this.#pairs.toOurs(stringifyJson(json)), true);
  }

  /** Ids of transactions are the second of what is told of them. */
  #pairIds(ours: readonly unknown[], theirs: readonly unknown[]): void {
    for (const [i, our] of ours.entries()) {
      const their = theirs[i];
      if (!Array.isArray(our) || !Array.isArray(their)) continue;
      this.#pairs.pair(our[1] as string, their[1] as string);
    }
  }

  #pairRows(ours: unknown, theirs: unknown): void {
    if (!Array.isArray(ours) || !Array.isArray(theirs)) return;
    for (const [i, result] of ours.entries()) {
      const our = (result as { uuid?: [string, string] } | null)?.uuid?.[1];
      const their = (theirs[i] as { uuid?: [string, string] } | null)?.uuid?.[1];
      if (our !== undefined && their !== undefined) this.#pairs.pair(our, their);
    }
  }
}

/** A result whose rows have an order that each server chooses. */
function inOrder(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !('rows' in result)) return result;
  return { ...result, rows: (result.rows as unknown[]).map(comparable).sort() };
}

/** As text; a version is another one on each server, and of several missing tables either may be found first. */
function comparable(json: unknown): string {
  return canonical(json)
    .replace(/"_version":\["uuid","[^"]*"\]/g, '"_version":some')
    .replace(/"no table named \w+ in monitor session"/, '"no table named … in monitor session"');
}

function outcomeOf({ result, error }: Message): object {
  if (error !== undefined && error !== null) return { error };
  return { result: Array.isArray(result) ? result.map(inOrder) : result };
}

function hasFailed({ result }: Message): boolean {
  return Array.isArray(result) && result.some((each: unknown) => each === null || hasError(each));
}

function hasError(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'error' in result;
}

function gone(): Message {
  return { id: null, error: 'the connection is closed' };
}
