/**
 * An OVSDB server in memory, in this process, for tests and demos. Never for production: what it holds is gone when it
 * stops, and it asks nobody who they are.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { InvalidArgumentError, OvsdbError, printValue } from '../errors.js';
import { northboundSchema } from '../nb/tables.js';
import { systemClock, type EmbeddedClock } from '../server/clock.js';
import { Database } from '../server/database/database.js';
import type { Json } from '../server/database/json-text.js';
import { Refusal } from '../server/database/refusal.js';
import { directConnections } from '../server/direct-connections.js';
import { dumpDatabase } from '../server/dump.js';
import type { Dump, DumpOptions } from '../server/dump-types.js';
import type { EmbeddedConnection } from '../server/embedded-connection.js';
import { Faults, type DropReplyOptions } from '../server/faults.js';
import { convertForAll, Member, type MemberHost } from '../server/member.js';
import { makePrivateFolder, removePrivateFolder } from '../server/private-folder.js';
import { planSeed } from '../server/seed.js';
import type { Seed } from '../server/seed-types.js';
import { ServedDatabase } from '../server/served-database.js';
import { listen, type Listener } from '../server/session/listener.js';
import { TransactionLog } from '../server/transaction-log.js';
import type { SandboxSchema } from './sandbox-files.js';

/** What an {@link EmbeddedServer} serves, where it listens and how it behaves. */
export interface EmbeddedServerOptions {
  /**
   * Schemas of the databases to serve: paths of `.ovsschema` files or schema objects, one or several. Default: the
   * northbound schema of this library.
   */
  readonly schemas?: string | SandboxSchema | readonly (string | SandboxSchema)[] | undefined;
  /** Listen on a unix socket: in a private folder, or at this path. Default true. */
  readonly unix?: boolean | string | undefined;
  /** Also listen on tcp: on a free port of 127.0.0.1, or where it is said. Default false. */
  readonly tcp?: boolean | { readonly host?: string | undefined; readonly port?: number | undefined } | undefined;
  /**
   * Be a cluster of so many servers, each with remotes of its own, over the same contents. Default: one standalone
   * server.
   */
  readonly members?: number | undefined;
  /**
   * How many transactions are remembered for `monitor_cond_since`. Default: 100 with {@link members}, else none, as
   * with ovsdb-server.
   */
  readonly history?: number | undefined;
  /** Time-outs and delays of the server obey this clock; see `manualClock`. Default: the machine's. */
  readonly clock?: EmbeddedClock | undefined;
  /** Keep what clients ask for in {@link EmbeddedServer.transactions}. Default true. */
  readonly recordTransactions?: boolean | undefined;
  /** Silence after which a tcp client is asked for a sign of life, in milliseconds; 0: never. Default 5000. */
  readonly probeIntervalMs?: number | undefined;
}

/** One server of an {@link EmbeddedServer}. */
export interface EmbeddedMember {
  /** Does it lead the cluster? The only server is its own leader. */
  readonly leads: boolean;
  /** False after {@link EmbeddedServer.crash}, and of the former leader after a fail-over with `crash`. */
  readonly isRunning: boolean;
  /** Number of clients that are connected. */
  readonly clients: number;
  /** Its unix socket, as a remote; undefined where there is none. */
  readonly remote: string | undefined;
  /** Its tcp port, as a remote; undefined where there is none. */
  readonly tcpRemote: string | undefined;
}

/** How {@link EmbeddedServer.failover} goes. */
export interface FailoverOptions {
  /**
   * Does the leader die? Then its connections are lost and it takes no new ones, until {@link EmbeddedServer.restore}.
   * Default false: it hands the lead over, and stays as a follower.
   */
  readonly crash?: boolean | undefined;
}

/**
 * An OVSDB server in memory, in this process: for tests and demos, never for production. Nothing of it is kept, there
 * is neither TLS nor any access control, and a cluster's members share one memory.
 *
 * To a client it is ovsdb-server 3.1: RFC 7047 with the later methods of ovsdb-server(7), with its errors, its order of
 * messages and its rules for transactions.
 *
 * ```ts
 * await using server = await EmbeddedServer.start();
 * const nb = await connectNorthbound({ ...server.connection });
 * ```
 */
export class EmbeddedServer implements AsyncDisposable {
  /** What clients have asked for, in order, from the start or the last `transactions.clear()`. */
  readonly transactions: TransactionLog = new TransactionLog();
  /** Connects clients without a socket: `connectNorthbound({ ...server.connection })`. */
  readonly connection: EmbeddedConnection;
  readonly #databases = new Map<string, ServedDatabase>();
  readonly #members: Member[] = [];
  readonly #faults = new Faults();
  readonly #listeners: Listener[] = [];
  readonly #unixRemotes: string[] = [];
  readonly #tcpRemotes: string[] = [];
  #folder: string | undefined;
  #stopped: Promise<void> | undefined;

  private constructor(options: EmbeddedServerOptions) {
    const { clock = systemClock, members, history = members === undefined ? 0 : 100 } = options;
    requireCount('members', members ?? 1, 1);
    requireCount('history', history, 0);
    for (const schema of schemasOf(options.schemas)) {
      const served = new ServedDatabase(makeDatabase(schema), clock, history);
      if (served.name === '_Server' || this.#databases.has(served.name)) {
        throw new InvalidArgumentError(`the embedded server already has a database ${served.name}`);
      }
      this.#databases.set(served.name, served);
    }
    const clusterIds = new Map([...this.#databases.keys()].map((name) => [name, randomUUID()]));
    let sessions = 0;
    const host: MemberHost = {
      clock,
      faults: this.#faults,
      probeIntervalMs: options.probeIntervalMs ?? 5000,
      databases: this.#databases,
      log: options.recordTransactions === false ? undefined : this.transactions,
      members: this.#members,
      clusterId: (name) => (members === undefined ? undefined : clusterIds.get(name)),
      nextSessionNumber: () => ++sessions,
    };
    for (let i = 0; i < (members ?? 1); i++) this.#members.push(new Member(host, i === 0));
    this.connection = directConnections(this.#members);
  }

  /**
   * Starts a server; resolves when clients can connect. Throws `InvalidArgumentError` for a schema or an option that
   * makes no sense, and `OvsdbError` of code `EmbeddedListen` when it cannot listen where it is to.
   */
  static async start(options: EmbeddedServerOptions = {}): Promise<EmbeddedServer> {
    const server = new EmbeddedServer(options);
    try {
      await server.#listen(options);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** The unix sockets of all servers as remotes, separated by commas. Throws with the option `unix: false`. */
  get remote(): string {
    if (this.#unixRemotes.length > 0) return this.#unixRemotes.join(',');
    throw new InvalidArgumentError('This embedded server listens on no unix socket; connect with server.connection');
  }

  /** The tcp ports of all servers as remotes, `tcp:127.0.0.1:PORT`, separated by commas. Throws without the option `tcp`. */
  get tcpRemote(): string {
    if (this.#tcpRemotes.length > 0) return this.#tcpRemotes.join(',');
    throw new InvalidArgumentError('This embedded server was started without the option tcp');
  }

  /** Names of the databases served, `_Server` excepted. */
  get databases(): readonly string[] {
    return [...this.#databases.keys()];
  }

  /** The servers: several with the option `members`, else one. */
  get members(): readonly EmbeddedMember[] {
    return this.#members.map((member, i) => ({
      leads: member.leads,
      isRunning: member.isRunning,
      clients: member.sessions.size,
      remote: this.#unixRemotes[i],
      tcpRemote: this.#tcpRemotes[i],
    }));
  }

  /**
   * The contents of a database, by default of the first, as plain objects: rows by table, sorted, columns with their
   * default values left out, references as the names of the rows. Good for `deep.equal`. With `uuids: true` it can be
   * given to {@link seed} of another server, which then holds the same; without, references to rows that have no name
   * of their own would lead nowhere.
   */
  dump(options: DumpOptions & { readonly database?: string | undefined } = {}): Dump {
    return dumpDatabase(this.#served(options.database).database, options);
  }

  /**
   * Inserts rows, in one transaction that is not among {@link transactions}: `seed({ Logical_Switch: [{ name: 'sw0',
   * ports: ['vm1'] }], Logical_Switch_Port: [{ name: 'vm1' }] })`. References may be names. Returns the uuids by table,
   * in the order given. Throws `InvalidArgumentError`, having changed nothing.
   */
  seed(
    rows: Seed,
    options: { readonly database?: string | undefined } = {},
  ): Readonly<Record<string, readonly string[]>> {
    const { database } = this.#served(options.database);
    const { operations, uuids } = planSeed(database, rows);
    this.transact(operations as object[], options);
    return uuids;
  }

  /**
   * Carries out operations of RFC 7047 §5.2 as another client would, at once; they are not among {@link transactions}.
   * Returns the results. Throws `InvalidArgumentError` when an operation or the commit fails, or would have to wait.
   */
  transact(
    operations: readonly object[],
    options: { readonly database?: string | undefined } = {},
  ): readonly unknown[] {
    const served = this.#served(options.database);
    let results: readonly Json[] | undefined;
    const callOff = served.transact({
      operations: operations as readonly Json[],
      ownsLock: () => false,
      onResult: (result) => (results = result),
    });
    if (results === undefined) {
      callOff();
      throw new InvalidArgumentError(`the transaction on ${served.name} waits for something that is not so`);
    }
    const failed = results.findIndex((result) => typeof result === 'object' && result !== null && 'error' in result);
    if (failed < 0) return results;
    const what = failed < operations.length ? `operation ${printValue(operations[failed])}` : 'the commit';
    throw new InvalidArgumentError(`${what} on ${served.name} was refused: ${printValue(results[failed])}`);
  }

  /**
   * Converts the database that the schema names to that schema, for all clients, as `ovsdb-client convert` does. Throws
   * `InvalidArgumentError` when that cannot be, having changed nothing.
   */
  convert(schema: string | SandboxSchema): void {
    const json = readSchema(schema) as SandboxSchema;
    const served = this.#served(json.name);
    try {
      convertForAll(served, json as unknown as Json, this.#members);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new InvalidArgumentError(`${json.name} cannot be converted: ${printValue(error.toJson())}`);
    }
  }

  /** Loses the next reply of a kind, by default that of a transaction, which takes effect, and its connection with it. */
  dropNextReply(options: DropReplyOptions = {}): void {
    this.#faults.dropNextReply(options);
  }

  /** Ends the connections of all clients; they may connect again at once. */
  disconnectAll(): void {
    for (const member of this.#members) member.disconnectAll();
  }

  /**
   * Has the next running member of the cluster lead it. Clients of the former leader see in `_Server` that it leads no
   * more, or with `crash` lose their connections. Throws `InvalidArgumentError` when no other member is running.
   */
  failover({ crash = false }: FailoverOptions = {}): void {
    const at = this.#members.findIndex(({ leads }) => leads);
    const order = this.#members.map((_, i) => this.#members[(at + 1 + i) % this.#members.length] as Member);
    const next = order.find((member) => member.isRunning && !member.leads);
    if (next === undefined) {
      throw new InvalidArgumentError('there is no other member to lead; start the server with members: 3');
    }
    const former = this.#members[at] as Member;
    if (crash) former.kill();
    former.leads = false;
    next.leads = true;
  }

  /** Has all servers die: connections are lost and none are taken, until {@link restore}. The contents stay as they are. */
  crash(): void {
    for (const member of this.#members) member.kill();
  }

  /** Brings back what {@link crash} or a {@link failover} with `crash` has ended; members that do not lead follow. */
  restore(): void {
    for (const member of this.#members) member.restart();
  }

  /** From now on holds everything that is sent to clients back for so many milliseconds, in order; 0 ends that. */
  delay(ms: number): void {
    requireCount('delay', ms, 0);
    this.#faults.delayMs = ms;
  }

  /** Ends all connections, stops listening and removes the private folder. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Stops it, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #listen({ unix = true, tcp = false }: EmbeddedServerOptions): Promise<void> {
    if (!/boolean|string/.test(typeof unix)) throw new InvalidArgumentError(`unix is ${printValue(unix)}; give a path`);
    if (!/boolean|object/.test(typeof tcp)) {
      throw new InvalidArgumentError(`tcp is ${printValue(tcp)}; give true or { host, port }`);
    }
    if (unix === true) this.#folder = await makePrivateFolder();
    for (const [i, member] of this.#members.entries()) {
      const accept = member.accept.bind(member);
      const name = this.#members.length === 1 ? 'db.sock' : `member-${i + 1}.sock`;
      if (unix !== false) {
        const path = typeof unix === 'string' ? pathOf(unix, i) : join(this.#folder as string, name);
        const listener = await listen({ path }, accept);
        this.#listeners.push(listener);
        this.#unixRemotes.push(listener.remote);
      }
      if (tcp !== false) {
        const { host = '127.0.0.1', port = 0 } = tcp === true ? {} : tcp;
        const listener = await listen({ host, port: port === 0 ? 0 : port + i }, accept);
        this.#listeners.push(listener);
        this.#tcpRemotes.push(listener.remote);
      }
    }
  }

  async #stop(): Promise<void> {
    for (const member of this.#members) member.stop();
    for (const served of this.#databases.values()) served.stop();
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    if (this.#folder !== undefined) await removePrivateFolder(this.#folder);
  }

  #served(name: string = this.databases[0] ?? ''): ServedDatabase {
    if (this.#stopped !== undefined) throw new OvsdbError('EmbeddedStopped', 'the embedded server was stopped');
    const served = this.#databases.get(name);
    if (served !== undefined) return served;
    throw new InvalidArgumentError(`The embedded server has no database ${name}; it has ${this.databases.join(', ')}`);
  }
}

/** Each member of a cluster has a socket of its own. */
function pathOf(path: string, member: number): string {
  return member === 0 ? path : `${path}.${member + 1}`;
}

function schemasOf(schemas: EmbeddedServerOptions['schemas'] = northboundSchema): readonly unknown[] {
  const list = Array.isArray(schemas) ? (schemas as readonly (string | SandboxSchema)[]) : [schemas as SandboxSchema];
  return list.map(readSchema);
}

function readSchema(schema: string | SandboxSchema): unknown {
  if (typeof schema !== 'string') return schema;
  try {
    return JSON.parse(readFileSync(schema, 'utf8'));
  } catch (cause) {
    throw new InvalidArgumentError(`the schema file ${schema} cannot be read as JSON: ${String(cause)}`, { cause });
  }
}

function makeDatabase(schema: unknown): Database {
  try {
    return new Database(schema);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new InvalidArgumentError(`a schema is no database schema: ${error.message}`, { cause: error });
  }
}

function requireCount(option: string, value: number, min: number): void {
  if (Number.isInteger(value) && value >= min) return;
  throw new InvalidArgumentError(`${option} is ${printValue(value)}; give a whole number, ${min} or more`);
}
