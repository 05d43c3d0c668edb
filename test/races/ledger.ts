/** What was asked of managers, and what they said came of it. The checker holds both against the database's log. */

/** A StatefulSet as one operation was given it. */
export interface SetSpec {
  readonly namespace: string;
  readonly name: string;
  /** How often it has been made anew under its name; its uid and creation time follow from it. */
  readonly incarnation: number;
  readonly replicas: number;
  /** Entries of the pool, `v4`, `v6` or `v4,v6`; undefined where addresses are picked. */
  readonly pool?: readonly string[] | undefined;
}

/** The calls of a manager that are made. */
export const KINDS = ['apply', 'ensure', 'teardown', 'release', 'readdress'] as const;
export type Kind = (typeof KINDS)[number];

/** Policies of the manager that an operation is carried out with. */
export interface Policies {
  readonly onScaleDown: 'keep' | 'release';
  readonly onRecreate: 'inherit' | 'fresh' | 'reject';
}

/** One call of one manager. */
export interface Operation {
  /** Stands in the comment of every transaction that the call sends. */
  readonly id: string;
  readonly kind: Kind;
  readonly spec: SetSpec;
  readonly policies: Policies;
  /** The pod that `ensure` and `teardown` are about. */
  readonly ordinal?: number | undefined;
}

/** What a caller was told of one pod's port. */
export interface ReportedPort {
  readonly port: string;
  /** `refused`, or what became of it. */
  readonly status: string;
  readonly ips: readonly string[];
  readonly mac: string;
  readonly uuid?: string | undefined;
  /** Of one that is refused. */
  readonly error?: { readonly code: string; readonly ip?: string; readonly mac?: string; readonly port?: string };
}

/** What a caller was told. */
export interface Report {
  readonly ports: readonly ReportedPort[];
  /** Ports that were deleted as asked. */
  readonly released: readonly string[];
  /** Why the whole call failed. */
  readonly error?: { readonly code: string; readonly message: string };
}

/** An operation and its end; without one, its process was killed. Times are milliseconds since 1970. */
export interface Execution {
  readonly operation: Operation;
  readonly startedAt: number;
  end?: { readonly at: number; readonly report: Report };
}

/** Where the pods of a namespace belong. */
export interface Place {
  readonly namespace: string;
  readonly logicalSwitch: string;
  readonly cidr: string;
  readonly gateway: string;
  /** Can a port of the place be given this address? */
  readonly accepts: (ip: string) => boolean;
  /** Free addresses of the place when nobody has one; undefined where they never run out. */
  readonly capacity?: number | undefined;
}

/** Comment of the transactions of an operation. */
export function commentOf(id: string): string {
  return `operation ${id}`;
}

/** Comment of the transactions of the writer that knows nothing of managers. */
export const FOREIGN_COMMENT = 'foreign';

/** Uid of an incarnation. */
export function uidOf({ name, incarnation }: Pick<SetSpec, 'name' | 'incarnation'>): string {
  return `${name}#${incarnation}`;
}

/** The incarnation that has this uid. */
export function incarnationOf(uid: string | undefined): number {
  return Number(uid?.split('#')[1] ?? -1);
}

/** An operation as messages tell of it. */
export function describeOperation({ id, kind, spec, ordinal, policies }: Operation): string {
  const pod = ordinal === undefined ? '' : `-${ordinal}`;
  const size = kind === 'release' || ordinal !== undefined ? '' : `, ${spec.replicas} replicas`;
  const how = [policies.onScaleDown, policies.onRecreate].filter((policy) => policy !== 'keep' && policy !== 'inherit');
  const extra = how.map((policy) => `, ${policy}`).join('');
  return `operation ${id} (${kind} ${spec.name}${pod}, incarnation ${spec.incarnation}${size}${extra})`;
}
