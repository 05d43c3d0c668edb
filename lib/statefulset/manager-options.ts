/** What a manager is told when it is made, and what it tells. */
import { InvalidArgumentError, printValue } from '../errors.js';
import type { Uuid } from '../schema/uuid.js';
import type { Operation } from '../transaction/operations.js';
import type { PortDrift, OnDrift } from './plan.js';
import type { PortError } from './port-error.js';
import type { NamespaceSubnets } from './site.js';
import type { PodLike } from './workload.js';

/** Options of a `StatefulSetPortManager`. */
export interface StatefulSetPortManagerOptions {
  /**
   * Where the pods of a namespace belong: logical switch and, unless the switch's `other_config` says it, CIDR, gateway
   * and excluded addresses. A map by namespace, or a function of the namespace.
   */
  readonly subnets: NamespaceSubnets;
  /** Value of the key `vendor` in `external_ids`. Default `ovn-northbound`. */
  readonly vendor?: string | undefined;
  /**
   * Which entry of the pool an ordinal gets: `relative` (default), the first entry for the first ordinal, whatever
   * `spec.ordinals.start` is; `absolute`, entry N for ordinal N.
   */
  readonly indexing?: 'relative' | 'absolute' | undefined;
  /**
   * What to do when a kept port has other addresses than the pool says now: `keep` (default) and report it, `error`, or
   * `readdress`, which changes the IP addresses and keeps the MAC.
   */
  readonly onDrift?: OnDrift | undefined;
  /** Take over ports of the right name that somebody else made, as they are. Default false. */
  readonly adopt?: boolean | undefined;
  /** How addresses are picked where there is no pool: `random` (default) or `sequential`, the lowest free one. */
  readonly pick?: 'random' | 'sequential' | undefined;
  /** Refuse pool addresses that the subnet excludes. Default false: an explicit choice wins. */
  readonly strictExclude?: boolean | undefined;
  /** Set `port_security` to the port's addresses. Default false. */
  readonly portSecurity?: boolean | undefined;
  /** Most ports created, changed or released by one transaction. Default 500. */
  readonly maxPortsPerTransaction?: number | undefined;
  /** How often a transaction is planned anew because somebody else was faster. Default 50. */
  readonly conflictRetries?: number | undefined;
  /** Time for one call, waiting for the connection included, in milliseconds. Default 60000. */
  readonly timeoutMs?: number | undefined;
}

/** Throws `InvalidArgumentError` for options that have no meaning: callers in JavaScript have no types to stop them. */
export function checkOptions(options: StatefulSetPortManagerOptions): void {
  const given: unknown = options;
  const all = (typeof given === 'object' && given !== null ? given : {}) as Readonly<Record<string, unknown>>;
  const refuse = (name: string, expected: string): never => {
    const value = name in all ? printValue(all[name]) : 'missing';
    throw new InvalidArgumentError(`option ${name} of StatefulSetPortManager is ${value}; it must be ${expected}`);
  };
  const { subnets } = all;
  if (typeof subnets !== 'function' && (typeof subnets !== 'object' || subnets === null)) {
    refuse('subnets', 'a map by namespace, or a function of the namespace');
  }
  for (const [name, values] of Object.entries(CHOICES)) {
    if (all[name] !== undefined && !values.includes(all[name])) refuse(name, values.map(String).join(' or '));
  }
  for (const [name, least] of Object.entries(LEAST)) {
    const value = all[name];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !(value >= least)) refuse(name, `a number, at least ${least}`);
    if (name !== 'timeoutMs' && !Number.isSafeInteger(value)) refuse(name, `a whole number, at least ${least}`);
  }
  if (all['vendor'] !== undefined && typeof all['vendor'] !== 'string') refuse('vendor', 'a text');
  const known = ['subnets', 'vendor', ...Object.keys(CHOICES), ...Object.keys(LEAST)];
  const unknown = Object.keys(all).find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(unknown, `left out: there are only ${known.join(', ')}`);
}

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  indexing: ['relative', 'absolute'],
  onDrift: ['keep', 'error', 'readdress'],
  pick: ['random', 'sequential'],
  adopt: [true, false],
  strictExclude: [true, false],
  portSecurity: [true, false],
};

const LEAST: Readonly<Record<string, number>> = { maxPortsPerTransaction: 1, conflictRetries: 0, timeoutMs: 0 };

/** Options of one call. */
export interface CallOptions {
  /** Gives the call up; it rejects with the signal's reason. What was sent by then may be in force. */
  readonly signal?: AbortSignal | undefined;
  /** Time for the call, in milliseconds. Default: that of the manager. */
  readonly timeoutMs?: number | undefined;
}

/** Options of {@link StatefulSetPortManager.apply} and {@link StatefulSetPortManager.plan}. */
export interface ApplyOptions extends CallOptions {
  /** Pods that exist: their uids are noted on the ports, and their annotations may ask for addresses of their own. */
  readonly pods?: readonly PodLike[] | undefined;
}

/** A port that a pod has, or will have. */
export interface PodPort {
  readonly ordinal: number;
  /** Name of the pod. */
  readonly pod: string;
  /** Name of the Logical_Switch_Port. */
  readonly port: string;
  readonly ip4: string | undefined;
  readonly ip6: string | undefined;
  readonly mac: string;
}

/**
 * What became of one pod's port:
 * `created`; `reused`, as it was (`refreshed` when the uid of the pod or StatefulSet was noted anew); `readdressed`;
 * `adopted` from somebody else; `refused`, with the reason.
 */
export type PodOutcome =
  | (PodPort & {
      readonly status: 'created' | 'reused' | 'readdressed' | 'adopted';
      /** Uuid of the row. In a plan, undefined for a port that does not exist yet. */
      readonly uuid: Uuid<'Logical_Switch_Port'> | undefined;
      readonly refreshed: boolean;
      /** Set when the port's addresses are not what the pool, or an override, says. */
      readonly drift: PortDrift | undefined;
    })
  | {
      readonly status: 'refused';
      readonly ordinal: number;
      readonly pod: string;
      readonly port: string;
      readonly error: PortError;
    };

/** A pod's outcome other than `refused`. */
export type PodOutcomeOk = Exclude<PodOutcome, { status: 'refused' }>;

/** The outcome of a pod that gets no port. */
export type RefusedPod = Extract<PodOutcome, { status: 'refused' }>;

/** Result of {@link StatefulSetPortManager.apply}. */
export interface ApplyResult {
  /** `namespace/name`. */
  readonly statefulSet: string;
  /** One for each ordinal, in sequence. */
  readonly outcomes: readonly PodOutcome[];
  /** The errors of the pods that got no port; empty when all is well. */
  readonly errors: readonly PortError[];
  /** Likely mistakes in the manifest. */
  readonly warnings: readonly string[];
}

/** Result of {@link StatefulSetPortManager.plan}. */
export interface PlanResult extends ApplyResult {
  /** The operations that `apply` would send, transaction by transaction. */
  readonly transactions: readonly (readonly Operation[])[];
}

/** Result of {@link StatefulSetPortManager.podDeleted}. */
export interface PodDeletedResult {
  /** The port that is kept for the pod; undefined when it has none. */
  readonly retained: PodPort | undefined;
}

/** Result of {@link StatefulSetPortManager.release}. */
export interface ReleaseResult {
  /** The ports that were deleted. */
  readonly released: readonly PodPort[];
  /**
   * Ports that were left, because they belong to another incarnation (uid) of the StatefulSet by now, or are on a switch
   * that the client does not replicate.
   */
  readonly skipped: readonly PodPort[];
}

/** A finding of {@link StatefulSetPortManager.audit}. */
export interface AuditFinding {
  /** Several ports of one switch have the same IP or MAC address. */
  readonly kind: 'shared-address';
  readonly logicalSwitch: string;
  readonly address: string;
  /** Names of the ports, with the StatefulSet that each is kept for, if any. */
  readonly ports: readonly { readonly name: string; readonly statefulSet: string | undefined }[];
}

/** Events of a manager and what their listeners get. */
export interface StatefulSetPortManagerEvents {
  /** A port was created. */
  allocated: [port: PodOutcomeOk];
  /** A port that was kept is in use again. */
  reused: [port: PodOutcomeOk];
  /** A pod went; its port stays. */
  retained: [port: PodPort];
  /** A port was deleted, as asked. */
  released: [port: PodPort];
  /** A kept port has other addresses than the pool, or an override, says. */
  drift: [port: PodOutcomeOk];
  /** A pod got no port, because somebody else has its address. */
  conflict: [error: PortError];
  /** A pod got no port, because the pool or the subnet has no address left. */
  exhausted: [error: PortError];
}
