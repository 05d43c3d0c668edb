/**
 * What a server says of its own databases: the `_Server` database (ovsdb-server(5)), and the rules by which a client
 * decides whether to follow a server. In a cluster only a member that is connected to the others, has joined, and is
 * no older than what the client has seen will do; and, unless told otherwise, only the leader.
 */
import { RpcError, ServerUnfitError, type UnfitReason } from '../errors.js';
import { Monitor } from '../replica/monitor.js';
import { Replica } from '../replica/replica.js';
import type { RowData } from '../replica/row.js';
import type { RpcSession } from '../rpc/session.js';
import { parseSchema } from '../schema/schema.js';
import type { Integer } from '../schema/types.js';
import { ZERO_UUID } from '../schema/uuid.js';

/** How a server stands to a database that it serves. */
export interface ServerStatus {
  readonly model: 'standalone' | 'clustered' | 'relay';
  /** Is it the leader of its cluster? A standalone server is its own leader, a relay never is one. */
  readonly leader: boolean;
  /** Is it in touch with a majority of its cluster, or, as a relay, with its source? */
  readonly connected: boolean;
  /** Uuid of the cluster; undefined for a member that has not joined yet, a relay, and a standalone server. */
  readonly clusterId: string | undefined;
  /** Uuid of the member of the cluster. */
  readonly serverId: string | undefined;
  /** Position in the cluster's log; it grows with each transaction. */
  readonly index: Integer | undefined;
}

/** What a client asks of a server. */
export interface FollowRules {
  readonly database: string;
  readonly leaderOnly: boolean;
  /** Follow members of this cluster only. */
  readonly clusterId: string | undefined;
  /** The newest that the client has seen of a cluster; kept over connections. */
  readonly seen: ClusterPosition;
}

/** How far a client has followed a cluster. */
export interface ClusterPosition {
  clusterId: string | undefined;
  index: Integer;
}

const COLUMNS = ['name', 'model', 'connected', 'leader', 'cid', 'sid', 'index'];

/** Follows the `_Server` database of one session. */
export class ServerDatabase {
  readonly #rules: FollowRules;
  readonly #monitor: Monitor;
  readonly #replica: Replica;
  readonly #remote: string;

  /** `onChange` is called when the status of the database may have changed. */
  constructor(rules: FollowRules, remote: string, onChange: () => void) {
    this.#rules = rules;
    this.#remote = remote;
    this.#replica = new Replica([{ table: 'Database', columns: COLUMNS }], () => undefined);
    this.#replica.events.on('batch', ({ cause }) => {
      if (cause !== 'initial') onChange();
    });
    // A client may replicate that database as well, with a monitor that is named after it.
    this.#monitor = new Monitor('_Server', this.#replica, 'ovn-northbound:_Server:status');
  }

  /** Begins; false when the server is too old to have such a database (before Open vSwitch 2.9). */
  async start(session: RpcSession, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    let schema: unknown;
    try {
      schema = await session.request('get_schema', ['_Server'], { timeoutMs, signal });
    } catch (error) {
      if (error instanceof RpcError) return false;
      throw error;
    }
    await this.#monitor.start(session, parseSchema(schema), timeoutMs, signal);
    return true;
  }

  /** Takes a notification that is meant for it; see `Monitor.handle`. */
  handle(method: string, params: readonly unknown[]): void {
    this.#monitor.handle(method, params);
  }

  /** How the server stands to the database; undefined when it does not serve it. */
  get status(): ServerStatus | undefined {
    const { database, clusterId } = this.#rules;
    for (const row of this.#replica.stores.get('Database')?.rows.values() ?? []) {
      if (clusterId === undefined ? row.name === database : row.cid === clusterId) return statusOf(row);
    }
    return undefined;
  }

  /** Why the server must not be followed now; undefined when it may be. */
  unfit(): ServerUnfitError | undefined {
    return judge(this.status, this.#rules, this.#remote);
  }
}

/** The rules at the head of this file, put to one status. */
export function judge(
  status: ServerStatus | undefined,
  { database, leaderOnly, clusterId, seen }: FollowRules,
  remote: string,
): ServerUnfitError | undefined {
  const unfit = (reason: UnfitReason, text: string): ServerUnfitError =>
    new ServerUnfitError(reason, `the server at ${remote} ${text}`);
  if (status === undefined) {
    return unfit(
      'no-database',
      `serves no database ${database}${clusterId === undefined ? '' : ` of cluster ${clusterId}`}`,
    );
  }
  const { model, connected, leader, index } = status;
  if (model === 'standalone') return undefined;
  if (model === 'relay') {
    if (leaderOnly) {
      return unfit(
        'relay',
        `is a relay of ${database}, which never is the leader; set leaderOnly to false to follow it`,
      );
    }
    return connected
      ? undefined
      : unfit('disconnected', `is a relay of ${database} that has no connection to its source`);
  }
  if (status.clusterId === undefined) return unfit('not-joined', `has not joined the cluster of ${database} yet`);
  if (!connected) return unfit('disconnected', `is not in touch with the cluster of ${database}`);
  if (leaderOnly && !leader) return unfit('not-leader', `is not the leader of the cluster of ${database}`);
  if (status.clusterId === seen.clusterId && (index ?? 0) < seen.index) {
    const behind = `is behind: it has entry ${index ?? 0} of the cluster's log, and entry ${seen.index} was seen already`;
    return unfit('stale', behind);
  }
  return undefined;
}

/** Notes how far a cluster has been followed. Another cluster than before begins anew. */
export function notePosition(seen: ClusterPosition, { model, clusterId, index = 0 }: ServerStatus): void {
  if (model !== 'clustered') return;
  if (clusterId === seen.clusterId && index < seen.index) return;
  seen.clusterId = clusterId;
  seen.index = index;
}

/** A server that lacks a column of `_Server`, or leaves a default out, means what the defaults below say. */
function statusOf({ model, connected, leader, cid, sid, index }: RowData): ServerStatus {
  return {
    model: model === 'clustered' || model === 'relay' ? model : 'standalone',
    connected: connected === true,
    leader: leader === true,
    // A member that has not joined does not know it, and may say so with zeros.
    clusterId: typeof cid === 'string' && cid !== ZERO_UUID ? cid : undefined,
    serverId: typeof sid === 'string' ? sid : undefined,
    index: typeof index === 'number' || typeof index === 'bigint' ? index : undefined,
  };
}
