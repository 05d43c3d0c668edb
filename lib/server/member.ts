/** One server: of a standalone database, or one of the members of a cluster, which share their databases here. */
import { randomUUID } from 'node:crypto';

import { ConnectFailedError } from '../errors.js';
import { setImmediate } from '../timer.js';
import { formatRemote, type Remote } from '../wire/remote.js';
import type { Stream } from '../wire/stream.js';
import type { EmbeddedClock } from './clock.js';
import type { Json } from './database/json-text.js';
import { Refusal } from './database/refusal.js';
import type { Faults } from './faults.js';
import { LockTable } from './locks.js';
import { schemaText, ServerDatabase, type DatabaseStatus } from './server-database.js';
import type { ServedDatabase } from './served-database.js';
import type { Channel } from './session/channel.js';
import { ClientSession, type SessionHost } from './session/client-session.js';
import { directConnection } from './session/direct-channel.js';
import type { TransactionLog } from './transaction-log.js';

/** What all members have in common. */
export interface MemberHost {
  readonly clock: EmbeddedClock;
  readonly faults: Faults;
  readonly probeIntervalMs: number;
  readonly databases: ReadonlyMap<string, ServedDatabase>;
  /** Where transactions are noted; undefined where they are not. */
  readonly log: TransactionLog | undefined;
  readonly members: readonly Member[];
  /** Id of the cluster of a database; undefined when it is standalone. */
  clusterId(database: string): string | undefined;
  nextSessionNumber(): number;
}

/** The first entries of a cluster's log are not transactions. */
const FIRST_INDEX = 2;

/** See the head of this file. */
export class Member implements SessionHost {
  readonly serverId: string = randomUUID();
  readonly locks: LockTable = new LockTable();
  readonly clock: EmbeddedClock;
  readonly faults: Faults;
  readonly probeIntervalMs: number;
  readonly sessions: Set<ClientSession> = new Set();
  readonly #host: MemberHost;
  readonly #serverDatabase: ServerDatabase;
  #leads: boolean;
  #isRunning = true;
  #updateScheduled = false;
  readonly #stopListening: (() => void)[] = [];

  constructor(host: MemberHost, leads: boolean) {
    this.#host = host;
    this.#leads = leads;
    this.clock = host.clock;
    this.faults = host.faults;
    this.probeIntervalMs = host.probeIntervalMs;
    this.#serverDatabase = new ServerDatabase(host.clock);
    for (const [name, served] of host.databases) {
      this.#serverDatabase.add(name, schemaText(served.database), this.#statusOf(name, served));
      if (host.clusterId(name) === undefined) continue;
      // The position in the log changes with every transaction, and is told once a turn.
      this.#stopListening.push(served.onCommit(() => this.#updateSoon()));
    }
  }

  get databaseNames(): readonly string[] {
    return [...this.#host.databases.keys(), '_Server'];
  }

  /** Does it lead the cluster? A standalone server is its own leader. */
  get leads(): boolean {
    return this.#leads;
  }

  set leads(leads: boolean) {
    this.#leads = leads;
    this.updateStatus();
  }

  /** Is it there? */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  database(name: string): ServedDatabase | undefined {
    if (name !== '_Server') return this.#host.databases.get(name);
    this.updateStatus();
    return this.#serverDatabase.served;
  }

  /** A client has connected. */
  accept(channel: Channel): void {
    if (!this.#isRunning) {
      channel.close();
      return;
    }
    this.sessions.add(new ClientSession(this, channel, this.#host.nextSessionNumber()));
  }

  /** Connects a client without a socket. Throws `ConnectFailedError` when the server is not there. */
  connect(remote: Remote): Stream {
    if (!this.#isRunning) {
      throw new ConnectFailedError(`connecting to ${formatRemote(remote)} failed: the embedded server is not running`);
    }
    const { stream, channel } = directConnection(remote);
    this.accept(channel);
    return stream;
  }

  convert(served: ServedDatabase, schema: Json, by: ClientSession): void {
    if (served === this.#serverDatabase.served) {
      throw new Refusal('not allowed', 'convert operation not allowed on reserved database _Server');
    }
    convertForAll(served, schema, this.#host.members, by);
  }

  /** The database has another schema now: tells those who can be told, and disconnects the others. */
  withdraw(served: ServedDatabase, by: ClientSession | undefined): void {
    for (const session of [...this.sessions]) {
      // Who asked for it has the answer first.
      if (!session.isChangeAware && session !== by) {
        session.end();
        continue;
      }
      session.monitors.withdraw(served, session.isChangeAware);
      session.transactions.withdraw(served);
    }
    // A standalone ovsdb-server goes on to show the schema with which it was started.
    if (this.#host.clusterId(served.name) !== undefined) {
      this.#serverDatabase.updateSchema(served.name, schemaText(served.database));
    }
  }

  onTransaction(
    served: ServedDatabase,
    operations: readonly Json[],
    by: ClientSession,
  ): (results: readonly Json[], changed: boolean) => void {
    const { log } = this.#host;
    if (log === undefined || served === this.#serverDatabase.served) return () => undefined;
    return log.note(served.name, by.number, operations);
  }

  onSessionEnded(session: ClientSession): void {
    this.sessions.delete(session);
  }

  /** Ends all connections. */
  disconnectAll(): void {
    for (const session of [...this.sessions]) session.end();
  }

  /** Ends as a server that dies: connections are lost, and no new ones are taken. */
  kill(): void {
    this.#isRunning = false;
    this.disconnectAll();
  }

  /** Comes back after {@link Member.kill}. */
  restart(): void {
    this.#isRunning = true;
  }

  /** Ends for good. */
  stop(): void {
    this.kill();
    for (const stop of this.#stopListening) stop();
    this.#serverDatabase.served.stop();
  }

  /** Brings the rows of `_Server` up to date. */
  updateStatus(): void {
    for (const [name, served] of this.#host.databases) {
      this.#serverDatabase.update(name, this.#statusOf(name, served));
    }
  }

  #statusOf(name: string, served: ServedDatabase): DatabaseStatus {
    const cid = this.#host.clusterId(name);
    if (cid === undefined) return { model: 'standalone', connected: true, leader: true };
    const cluster = { cid, sid: this.serverId, index: FIRST_INDEX + served.commits };
    return { model: 'clustered', connected: true, leader: this.#leads, cluster };
  }

  #updateSoon(): void {
    if (this.#updateScheduled || this.sessions.size === 0) return;
    this.#updateScheduled = true;
    setImmediate(() => {
      this.#updateScheduled = false;
      if (this.#isRunning) this.updateStatus();
    });
  }
}

/** Converts a database for the clients of all members. Throws `Refusal` when it cannot be converted. */
export function convertForAll(
  served: ServedDatabase,
  schema: Json,
  members: readonly Member[],
  by?: ClientSession,
): void {
  const error = served.convert(schema);
  if (error !== undefined) throw new ConversionRefusal(error);
  for (const member of members) member.withdraw(served, by);
}

/** Hands an error of the engine on as it is. */
class ConversionRefusal extends Refusal {
  readonly #json: Json;

  constructor(json: Json) {
    super('conversion', JSON.stringify(json));
    this.#json = json;
  }

  override toJson(): Json {
    return this.#json;
  }
}
