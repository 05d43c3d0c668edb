/** What a manager is told when it is made, and in each call. */
import { InvalidArgumentError, printValue } from '../errors.js';
import type { OnDrift, OnRecreate, PlanRules } from './plan/pod-plan.js';
import { checkPortSettings, type PortSettingsSource } from './settings/port-settings.js';
import type { NamespaceSubnets } from './switches/site.js';
import type { PodLike } from './workload.js';

/** Options of a `StatefulSetPortManager`. */
export interface StatefulSetPortManagerOptions {
  /**
   * Where the pods of a namespace belong: logical switch and, unless the switch's `other_config` says it, CIDR, gateway
   * and excluded addresses. A map by namespace, or a function of the namespace.
   */
  readonly subnets: NamespaceSubnets;
  /**
   * Value of the key `vendor` in `external_ids`. Ports that have another one belong to somebody else, such as another
   * cluster on the same database, until `adopt` takes them over. Default `ovn-northbound`.
   */
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
  /**
   * What `apply` does with the ports of ordinals that the StatefulSet no longer has: `keep` (default), or `release`,
   * which deletes those that this incarnation (uid) used last, but for those of the pods given to it, which still exist.
   */
  readonly onScaleDown?: 'keep' | 'release' | undefined;
  /**
   * What becomes of the ports of a StatefulSet that was deleted and made anew under its name, with another uid:
   * `inherit` (default), the new one takes them over as they are; `fresh`, they are deleted, and new ones made in the
   * same transaction; `reject`, the pods are refused.
   */
  readonly onRecreate?: OnRecreate | undefined;
  /** Take over ports of the right name that somebody else made, as they are. Default false. */
  readonly adopt?: boolean | undefined;
  /** How addresses are picked where there is no pool: `random` (default) or `sequential`, the lowest free one. */
  readonly pick?: 'random' | 'sequential' | undefined;
  /** Refuse pool addresses that the subnet excludes. Default false: an explicit choice wins. */
  readonly strictExclude?: boolean | undefined;
  /**
   * What else the ports are to be: DHCP options, `options`, port groups and so on, for all pods or as a function of the
   * pod. What it does not name is left as people set it.
   */
  readonly port?: PortSettingsSource | undefined;
  /** Whether `podDeleted` takes the port out of the port groups that `port` names. Default `stay`. */
  readonly portGroupsOnTeardown?: 'stay' | 'leave' | undefined;
  /** Set `port_security` to the port's addresses. Default false. */
  readonly portSecurity?: boolean | undefined;
  /** Most ports created, changed or released by one transaction. Default 500. */
  readonly maxPortsPerTransaction?: number | undefined;
  /** How often a transaction is planned anew because somebody else was faster. Default 50. */
  readonly conflictRetries?: number | undefined;
  /** Time for one call, waiting for the connection included, in milliseconds. Default 60000. */
  readonly timeoutMs?: number | undefined;
}

/** The rules that plans follow, with their defaults. */
export function planRules(options: StatefulSetPortManagerOptions): PlanRules {
  return {
    indexing: options.indexing ?? 'relative',
    onDrift: options.onDrift ?? 'keep',
    onRecreate: options.onRecreate ?? 'inherit',
    adopt: options.adopt ?? false,
    pick: options.pick ?? 'random',
    strictExclude: options.strictExclude ?? false,
  };
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
  if (all['vendor'] !== undefined && (typeof all['vendor'] !== 'string' || all['vendor'] === '')) {
    refuse('vendor', 'a text that is not empty');
  }
  checkPortSettings(all['port']);
  const known = ['subnets', 'vendor', 'port', ...Object.keys(CHOICES), ...Object.keys(LEAST)];
  const unknown = Object.keys(all).find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(unknown, `left out: there are only ${known.join(', ')}`);
}

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  indexing: ['relative', 'absolute'],
  onDrift: ['keep', 'error', 'readdress'],
  pick: ['random', 'sequential'],
  onScaleDown: ['keep', 'release'],
  onRecreate: ['inherit', 'fresh', 'reject'],
  adopt: [true, false],
  strictExclude: [true, false],
  portSecurity: [true, false],
  portGroupsOnTeardown: ['stay', 'leave'],
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

/** Options of {@link StatefulSetPortManager.release}. */
export interface ReleaseOptions extends CallOptions {
  /** Send nothing; `released` lists what would be deleted. Default false. */
  readonly dryRun?: boolean | undefined;
}

/** Options of {@link StatefulSetPortManager.prune}. */
export interface PruneOptions extends CallOptions {
  /** Send and note nothing; `pruned` lists what would be deleted. Default false. */
  readonly dryRun?: boolean | undefined;
  /** Time that must lie between two sightings of a port that nobody needs, in milliseconds. Default 300000. */
  readonly graceMs?: number | undefined;
}

/** Options of {@link StatefulSetPortManager.adopt}. */
export interface AdoptOptions extends CallOptions {
  /** Send nothing; the result says what would change. Default false. */
  readonly dryRun?: boolean | undefined;
  /**
   * How the system that made the ports names them: `pod.namespace` (default), as Kube-OVN does; `namespace_pod`, as
   * OVN-Kubernetes does; or a function. A port of another name than `pod.namespace` is renamed.
   */
  readonly existingName?: 'pod.namespace' | 'namespace_pod' | ((namespace: string, pod: string) => string) | undefined;
}
