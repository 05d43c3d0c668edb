/** A small database for tests of what stands upon it. */
import { manualClock, type ManualClock } from '../../../lib/server/clock.js';
import { Database } from '../../../lib/server/database/database.js';
import { Faults } from '../../../lib/server/faults.js';
import { Member } from '../../../lib/server/member.js';
import { ServedDatabase } from '../../../lib/server/served-database.js';
import type { Channel, ChannelHandlers } from '../../../lib/server/session/channel.js';
import { TransactionLog } from '../../../lib/server/transaction-log.js';

export const ROW = (n: number): string => `aaaaaaaa-0000-4000-8000-00000000000${n}`;

const set = (key: unknown): object => ({ type: { key, min: 0, max: 'unlimited' } });

export const SCHEMA = {
  name: 'Small',
  version: '1.0.0',
  tables: {
    Switch: {
      columns: {
        name: { type: 'string' },
        ports: set({ type: 'uuid', refTable: 'Port' }),
        options: { type: { key: 'string', value: 'string', min: 0, max: 'unlimited' } },
        tag: { type: { key: 'integer', min: 0, max: 1 } },
        on: { type: 'boolean' },
      },
      isRoot: true,
    },
    Port: { columns: { name: { type: 'string' }, addresses: set('string'), weight: { type: 'real' } } },
  },
};

/** A client's end of a connection, in the place of a network. */
export class FakeChannel implements Channel {
  readonly isLocal: boolean;
  readonly sent: Record<string, unknown>[] = [];
  closed = false;
  #handlers: ChannelHandlers | undefined;

  constructor(isLocal = true) {
    this.isLocal = isLocal;
  }

  start(handlers: ChannelHandlers): void {
    this.#handlers = handlers;
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }

  close(): void {
    this.closed = true;
  }

  /** The client sends a text. */
  receive(text: string): void {
    this.#handlers?.onData(Buffer.from(text));
  }

  /** The client sends a request; what has come back since is returned. */
  ask(method: string, params: readonly unknown[], id: unknown = 1): Record<string, unknown>[] {
    this.receive(JSON.stringify({ method, params, id }));
    return this.take();
  }

  take(): Record<string, unknown>[] {
    return this.sent.splice(0);
  }

  /** The client goes. */
  leave(): void {
    this.#handlers?.onClose();
  }
}

/** One server with a small database. */
export interface SmallServer {
  readonly clock: ManualClock;
  readonly database: Database;
  readonly served: ServedDatabase;
  readonly member: Member;
  readonly faults: Faults;
  readonly log: TransactionLog;
  readonly client: () => FakeChannel;
}

export function smallServer(
  options: {
    readonly clustered?: boolean;
    readonly history?: number;
    readonly probeIntervalMs?: number;
  } = {},
): SmallServer {
  const { clustered = false, history = clustered ? 100 : 0, probeIntervalMs = 0 } = options;
  const clock = manualClock();
  const database = new Database(SCHEMA);
  const served = new ServedDatabase(database, clock, history);
  const faults = new Faults();
  const log = new TransactionLog();
  const members: Member[] = [];
  let sessions = 0;
  const member = new Member(
    {
      clock,
      faults,
      probeIntervalMs,
      databases: new Map([['Small', served]]),
      log,
      members,
      clusterId: () => (clustered ? ROW(9) : undefined),
      nextSessionNumber: () => ++sessions,
    },
    true,
  );
  members.push(member);
  return {
    clock,
    database,
    served,
    member,
    faults,
    log,
    client: () => {
      const channel = new FakeChannel();
      member.accept(channel);
      return channel;
    },
  };
}

export function insertSwitch(n: number, row: object = {}): object {
  return { op: 'insert', table: 'Switch', uuid: ROW(n), row: { name: `sw${n}`, ...row } };
}

export function updateSwitch(n: number, row: object): object {
  return { op: 'update', table: 'Switch', where: [['_uuid', '==', ['uuid', ROW(n)]]], row };
}
