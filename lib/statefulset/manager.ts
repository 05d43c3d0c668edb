/**
 * Fixed addresses for the pods of StatefulSets: one Logical_Switch_Port per pod, made when the pod is first seen and kept
 * while pods come and go. The rows are the only store; what the manager has in memory is an index of them.
 *
 * Every call plans on the replica, writes what is missing as one transaction, and plans anew when somebody else was
 * faster. A plan is idempotent, so a transaction whose reply was lost needs no more than being planned again once the
 * replica is in sync: what it did is found, what it did not is done.
 */
import { GuardedEmitter } from '../emitter.js';
import { InvalidArgumentError, printValue } from '../errors.js';
import { performance } from '../timer.js';
import type { AuditFinding } from './audit/audit-finding.js';
import { auditPorts } from './audit/audit.js';
import { capacityOf, type Capacity } from './audit/capacity.js';
import { LostPorts } from './switches/lost-ports.js';
import { isOfVendor, podPort, PORT_KEYS, readManagedPort, type ManagedPort } from './managed-port.js';
import { checkOptions, planRules } from './manager-options.js';
import type {
  AdoptOptions,
  ApplyOptions,
  CallOptions,
  PruneOptions,
  ReleaseOptions,
  StatefulSetPortManagerOptions,
} from './manager-options.js';
import type {
  AdoptResult,
  ApplyResult,
  PlanResult,
  PodDeletedResult,
  PodOutcomeOk,
  PruneResult,
  ReleaseResult,
  StatefulSetPortManagerEvents,
} from './manager-results.js';
import { isExcess, podsOf, readPods } from './member-pods.js';
import { emitOutcomes } from './outcome-events.js';
import { Places } from './switches/places.js';
import type { PlanRules } from './plan/pod-plan.js';
import { DoubtfulPorts } from './allocation/doubtful-ports.js';
import { PodTurns } from './allocation/pod-turns.js';
import { PortAdoptions } from './allocation/adopt-ports.js';
import { PortAllocator } from './allocation/port-allocator.js';
import { PortTransactions, subjectOfKey } from './allocation/port-transactions.js';
import type { Call, CallSubject, PodCall } from './allocation/port-transactions.js';
import { DEFAULT_GRACE_MS, pruneCandidates, PruneSightings } from './audit/prune.js';
import { guardUnused } from './allocation/port-rows.js';
import { PortReleases, type ReleaseRules } from './allocation/release-ports.js';
import type { ManagerClient } from './switches/switch-index.js';
import { findTornDown, leaveGroupsOf } from './allocation/tear-down.js';
import { DEFAULT_VENDOR, isPortOf, readPod, readWorkload } from './workload.js';
import type { PodLike, StatefulSetLike, Workload, WorkloadPod } from './workload.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_CONFLICT_RETRIES = 50;

/** Keeps the ports of StatefulSets; see the head of this file and `docs/statefulset-ports.md`. */
export class StatefulSetPortManager implements Disposable {
  readonly #client: ManagerClient;
  readonly #options: StatefulSetPortManagerOptions;
  readonly #vendor: string;
  readonly #rules: PlanRules;
  readonly #transactions: PortTransactions;
  readonly #places: Places;
  readonly #turns = new PodTurns();
  readonly #releases: PortReleases;
  readonly #lost: LostPorts;
  readonly #allocator: PortAllocator;
  readonly #sightings = new PruneSightings(() => performance.now());
  readonly #events: GuardedEmitter<StatefulSetPortManagerEvents>;

  /** `client` must replicate the tables of `connectNorthbound`'s default; it stays the caller's to close. Throws `InvalidArgumentError`. */
  constructor(client: ManagerClient, options: StatefulSetPortManagerOptions) {
    checkOptions(options);
    const { vendor = DEFAULT_VENDOR, maxPortsPerTransaction: maxPorts = 500 } = options;
    this.#client = client;
    this.#options = options;
    this.#vendor = vendor;
    this.#rules = planRules(options);
    this.#events = new GuardedEmitter((event, error) => {
      process.emitWarning(`a listener of "${event}" threw: ${String(error)}`, { type: 'OvnNorthboundWarning' });
    });
    const places = new Places(client, options.subnets, this.#rules.strictExclude);
    const transactions = new PortTransactions(client, options.conflictRetries ?? DEFAULT_CONFLICT_RETRIES);
    this.#places = places;
    this.#transactions = transactions;
    const doubtful = new DoubtfulPorts();
    this.#releases = new PortReleases(client, transactions, places, doubtful, maxPorts);
    this.#lost = new LostPorts(client, vendor, (port) => this.#events.emit('portLost', podPort(port)));
    this.#allocator = new PortAllocator({
      client,
      places,
      transactions,
      turns: this.#turns,
      doubtful,
      lost: this.#lost,
      vendor,
      settings: options.port,
      portSecurity: options.portSecurity ?? false,
      maxPorts,
      onOutcomes: (outcomes) => {
        this.#sightings.forgetUsed(outcomes);
        emitOutcomes(this.#events, outcomes);
      },
    });
  }

  /**
   * Makes the ports of all ordinals of a StatefulSet, in sequence, and leaves those that exist as they are. Sends
   * nothing when there is nothing to do. A pod that can get no port is refused by itself: its outcome and
   * `errors` say why, and the others get theirs. What becomes of the ports of ordinals that it no longer has is up to
   * `onScaleDown`.
   *
   * Rejects with `PortError` when the whole StatefulSet gets none: `InvalidStatefulSet`, `InvalidPool`,
   * `AddressOutOfSubnet`, `ReservedAddress`, `SubnetUnknown`, `InvalidSubnet`, `SwitchNotFound`, `AmbiguousSwitch`,
   * `ConflictRetriesExhausted`, `NotReady`; with `TransactionError` when the server refuses a
   * transaction, or its outcome stays unknown until the time is up; with `TimeoutError` when an earlier call for one
   * of the pods does not end in time. What its other transactions did stays; calling again goes on from there.
   */
  async apply(statefulSet: StatefulSetLike, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#apply(statefulSet, options, this.#rules);
  }

  /**
   * {@link apply} with `onDrift: 'readdress'` for this call: ports whose IP addresses are not what the pool, or an
   * override, says get those, all in one transaction, and keep their MAC addresses.
   */
  async readdress(statefulSet: StatefulSetLike, options: ApplyOptions = {}): Promise<ApplyResult> {
    return this.#apply(statefulSet, options, { ...this.#rules, onDrift: 'readdress' });
  }

  /**
   * Makes the port of one pod, or finds the one that is kept for it, and resolves with it. Rejects as {@link apply}, and
   * with the `PortError` for which the pod is refused; `InvalidOrdinal` for a pod that is not of the StatefulSet.
   */
  async ensurePort(pod: PodLike, statefulSet: StatefulSetLike, options: CallOptions = {}): Promise<PodOutcomeOk> {
    const workload = readWorkload(statefulSet, this.#vendor);
    const member = readPod(workload, pod);
    const call = this.#podCall(workload, options);
    await this.#transactions.ready(call);
    const outcome = await this.#allocator.ensureOne(call, member, this.#rules);
    if (outcome?.status === 'refused') throw outcome.error;
    return outcome as PodOutcomeOk;
  }

  /**
   * Notes that a pod is gone, for whatever reason. Its port stays, and nothing is sent; only where `portGroupsOnTeardown`
   * is `leave` does it send one transaction, which takes the port out of the groups that the option `port` names.
   * Rejects with `InvalidArgumentError` for a pod without a name; when it has to send something, as {@link apply}.
   */
  async podDeleted(pod: PodLike, options: CallOptions = {}): Promise<PodDeletedResult> {
    const torn = findTornDown(this.#client, this.#vendor, pod);
    if (torn === undefined) return { retained: undefined, stale: false };
    const { kept, stale } = torn;
    if (this.#options.portGroupsOnTeardown === 'leave' && !stale) {
      const port = kept.row.name;
      const failure = `port ${port} is not taken out of its port groups`;
      const call = this.#call({ ...subjectOfKey(kept.statefulSet), failure }, options);
      await this.#transactions.ready(call);
      await this.#turns.take([port], call, () =>
        leaveGroupsOf(this.#client, this.#vendor, this.#transactions, call, this.#options.port, pod),
      );
    }
    const retained = podPort(kept);
    this.#events.emit('retained', retained);
    return { retained, stale };
  }

  /**
   * Deletes the ports that are kept for a StatefulSet, those beyond its replicas too. When its uid is given, ports
   * that a later incarnation has used since are left alone. Each deletion is sent with the condition that the port is
   * still kept for it. Earlier calls of this manager for its pods are waited for, or kept from making ports if they were
   * given up; later ones wait for it. Rejects as {@link apply}.
   */
  async release(statefulSet: StatefulSetLike, options: ReleaseOptions = {}): Promise<ReleaseResult> {
    const workload = readWorkload(statefulSet, this.#vendor);
    const call = this.#call({ ...workload, failure: `the ports of ${workload.key} are not released` }, options);
    await this.#transactions.ready(call);
    const isOurs = ({ ownerUid }: ManagedPort): boolean =>
      workload.uid === undefined || ownerUid === undefined || ownerUid === workload.uid;
    const choose = (): ManagedPort[] => this.#portsOf(workload.key).filter(isOurs);
    if (options.dryRun !== true) this.#lost.forgetWhere(workload.key, isOurs);
    const released =
      options.dryRun === true
        ? choose().map(podPort)
        : await this.#releaseChosen(call, choose, { mayNotCome: (port) => isPortOf(workload, port) });
    if (options.dryRun !== true) {
      this.#places.forgetPool(workload.key);
      this.#allocator.forget(workload.key);
    }
    const skipped = this.#portsOf(workload.key).filter((port) => options.dryRun !== true || !isOurs(port));
    return { released, skipped: skipped.map(podPort) };
  }

  /**
   * Deletes the ports that none of the StatefulSets `desired`, which must be all that there are, needs: made by this
   * `vendor`, not up, and of an ordinal that no StatefulSet has within its replicas, whether its pod exists or not. A port
   * goes when it was seen so by two calls of this manager at least `graceMs` apart, and by those between them, and when
   * neither this manager nor the uids on the port tell of another use since.
   *
   * Rejects with `InvalidArgumentError`, with `PortError` `InvalidStatefulSet`, and as {@link release}.
   */
  async prune(desired: readonly StatefulSetLike[], options: PruneOptions = {}): Promise<PruneResult> {
    if (!Array.isArray(desired)) {
      throw new InvalidArgumentError(`prune needs the list of all StatefulSets; it was given ${printValue(desired)}`);
    }
    const { dryRun = false, graceMs = DEFAULT_GRACE_MS } = options;
    if (!(graceMs >= 0)) throw new InvalidArgumentError(`graceMs is ${printValue(graceMs)}; give 0 or more`);
    const workloads = desired.map((statefulSet: StatefulSetLike) => readWorkload(statefulSet, this.#vendor));
    const call = this.#call({ namespace: '*', name: '*', key: '*', failure: 'no port is pruned' }, options);
    await this.#transactions.ready(call);
    const candidates = (): ManagedPort[] => pruneCandidates(this.listAll(), workloads, this.#vendor);
    const { due, waiting } = this.#sightings.sight(candidates(), graceMs, !dryRun);
    const later = waiting.map(({ port, remainingMs }) => ({ ...podPort(port), remainingMs }));
    if (dryRun) return { pruned: due.map(podPort), waiting: later };
    const pruned: PruneResult['pruned'][number][] = [];
    const uuids = new Set(due.map(({ row }) => row._uuid));
    for (const key of new Set(due.map(({ statefulSet }) => statefulSet))) {
      const choose = (): ManagedPort[] =>
        pruneCandidates(this.#portsOf(key), workloads, this.#vendor).filter(
          (port) => uuids.has(port.row._uuid) && this.#sightings.isStill(port),
        );
      const one = { ...call, subject: { ...subjectOfKey(key), failure: `the ports of ${key} are not pruned` } };
      pruned.push(...(await this.#releaseChosen(one, choose, { guardPort: guardUnused })));
      this.#allocator.forget(key);
    }
    return { pruned, waiting: later };
  }

  /**
   * Takes over the ports that another system made for the pods of a StatefulSet, with the addresses that they have, and
   * makes none. A port on another switch, or without one MAC and plain IP addresses, is left alone; `errors` says so. With
   * `dryRun` it sends nothing, and the result tells what would change. Rejects as {@link apply}.
   */
  async adopt(statefulSet: StatefulSetLike, options: AdoptOptions = {}): Promise<AdoptResult> {
    const workload = readWorkload(statefulSet, this.#vendor);
    const adoptions = new PortAdoptions(this.#client, workload, options);
    const call = this.#podCall(workload, options);
    await this.#transactions.ready(call);
    return adoptions.run(this.#allocator, call, this.#rules);
  }

  /**
   * What {@link apply} would do now, and the operations that it would send; sends nothing. Addresses that are picked at
   * random will be others when it is applied. Throws as {@link apply} rejects.
   */
  plan(statefulSet: StatefulSetLike, options: Pick<ApplyOptions, 'pods'> = {}): PlanResult {
    const workload = readWorkload(statefulSet, this.#vendor);
    const existing = readPods(workload, options.pods);
    this.#requireSync(workload);
    const { outcomes, transactions } = this.#allocator.preview(workload, podsOf(workload, existing), this.#rules);
    const excess = this.#excessPorts(workload, existing);
    return {
      ...resultOf(workload, outcomes, excess.map(podPort)),
      transactions: [...this.#releases.preview(excess), ...transactions],
    };
  }

  /** The ports that are kept for a StatefulSet, by ordinal, those beyond its replicas too. */
  list(statefulSet: StatefulSetLike): ManagedPort[] {
    return this.#portsOf(readWorkload(statefulSet, this.#vendor).key);
  }

  /** The ports that are kept for any StatefulSet, by StatefulSet and ordinal; those of other vendors too. */
  listAll(): ManagedPort[] {
    const ports: ManagedPort[] = [];
    for (const row of this.#client.tables.Logical_Switch_Port.values()) {
      const managed = readManagedPort(row);
      if (managed !== undefined) ports.push(managed);
    }
    const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
    return ports.sort((a, b) => order(a.statefulSet, b.statefulSet) || a.ordinal - b.ordinal);
  }

  /**
   * What is not as it should be on the switches named, by name or uuid, or on all, and what to do about it; see
   * {@link AuditFinding}. Sends nothing. Throws `NorthboundError` `SwitchNotFound`.
   */
  audit(logicalSwitches?: readonly string[]): AuditFinding[] {
    return auditPorts(this.#client, this.#places.indexes, { subnets: this.#options.subnets, logicalSwitches });
  }

  /**
   * How many addresses the pool of a StatefulSet has, or its subnet, and how far they go. Sends nothing. Throws
   * `PortError` as {@link apply} rejects.
   */
  capacity(statefulSet: StatefulSetLike): Capacity {
    const workload = readWorkload(statefulSet, this.#vendor);
    this.#requireSync(workload);
    const { site, index, flights } = this.#places.of(workload);
    const pool = this.#places.pool(workload, site);
    const kept = this.#portsOf(workload.key);
    const claimedBy = (address: string): string | undefined => flights.claimedBy(address);
    return capacityOf(workload, pool, site, index, kept, this.#rules.indexing, claimedBy);
  }

  /** Calls `listener` at each event. Returns a function that stops it. */
  on<E extends keyof StatefulSetPortManagerEvents>(
    event: E,
    listener: (...args: StatefulSetPortManagerEvents[E]) => void,
  ): () => void {
    return this.#events.on(event, listener);
  }

  /** Stops calling `listener`. */
  off<E extends keyof StatefulSetPortManagerEvents>(
    event: E,
    listener: (...args: StatefulSetPortManagerEvents[E]) => void,
  ): void {
    this.#events.off(event, listener);
  }

  /**
   * Stops following the replica. The client stays open; ports stay. Calls that have something under way reject with
   * `ClosedError`: what they sent may be in force, and nobody looks whether others had the addresses first.
   */
  close(): void {
    this.#places.close();
    this.#lost.close();
    this.#events.clear();
  }

  /** Closes it, at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #apply(statefulSet: StatefulSetLike, options: ApplyOptions, rules: PlanRules): Promise<ApplyResult> {
    const workload = readWorkload(statefulSet, this.#vendor);
    const existing = readPods(workload, options.pods);
    const call = this.#podCall(workload, options);
    await this.#transactions.ready(call);
    // What refuses the whole StatefulSet does so before anything is changed.
    this.#places.pool(workload, this.#places.of(workload).site);
    const excess = (): ManagedPort[] => this.#excessPorts(workload, existing);
    this.#lost.forgetWhere(workload.key, (lost) => this.#isExcess(workload, existing, lost));
    const released = excess().length === 0 ? [] : await this.#releaseChosen(call, excess);
    const outcomes = await this.#allocator.ensure(call, podsOf(workload, existing), rules);
    return resultOf(workload, outcomes, released);
  }

  /** Ports of ordinals that a StatefulSet no longer has and that are to go. */
  #excessPorts(workload: Workload, existing: ReadonlyMap<number, WorkloadPod>): ManagedPort[] {
    const { onScaleDown = 'keep', onRecreate = 'inherit' } = this.#options;
    if (onScaleDown === 'keep' && onRecreate !== 'fresh') return [];
    return this.#portsOf(workload.key).filter((port) => this.#isExcess(workload, existing, port));
  }

  #isExcess(workload: Workload, existing: ReadonlyMap<number, WorkloadPod>, port: ManagedPort): boolean {
    return isExcess(workload, existing, port, this.#options);
  }

  /** Deletes the ports of a StatefulSet that `choose` finds now, as long as it finds them. */
  async #releaseChosen(
    call: Call,
    choose: () => readonly ManagedPort[],
    rules: ReleaseRules = {},
  ): Promise<PruneResult['pruned']> {
    const { mayNotCome = () => false } = rules;
    const coming = [...Array.from(this.#turns.ports).filter(mayNotCome), ...this.#releases.coming(mayNotCome)];
    const names = new Set([...coming, ...choose().map(({ row }) => row.name)]);
    const chosen = (): ManagedPort[] => choose().filter(({ row }) => names.has(row.name));
    // A call that finds the ports meanwhile would tell its pods of ports that are about to go.
    const released = await this.#turns.take([...names], call, async () => this.#releases.release(call, chosen, rules));
    const ports = released.map(podPort);
    for (const port of ports) this.#events.emit('released', port);
    return ports;
  }

  #portsOf(statefulSet: string): ManagedPort[] {
    const rows = this.#client.tables.Logical_Switch_Port.findAll({
      external_ids: { [PORT_KEYS.statefulSet]: statefulSet },
    });
    const ports = rows.flatMap((row) => readManagedPort(row) ?? []).filter((port) => isOfVendor(this.#vendor, port));
    return ports.sort((a, b) => a.ordinal - b.ordinal);
  }

  #requireSync(workload: Workload): void {
    if (this.#client.state.name !== 'synced') throw this.#transactions.notReady(workload, 0);
  }

  #podCall(workload: Workload, options: CallOptions): PodCall {
    return { ...this.#call(workload, options), workload };
  }

  #call(subject: CallSubject, { signal, timeoutMs }: CallOptions): Call {
    const limitMs = timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (!(limitMs >= 0)) throw new InvalidArgumentError(`timeoutMs is ${printValue(limitMs)}; give 0 or more`);
    return { subject, signal, deadline: performance.now() + limitMs };
  }
}

function resultOf(
  workload: Workload,
  outcomes: ApplyResult['outcomes'],
  released: ApplyResult['released'],
): ApplyResult {
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'refused' ? [outcome.error] : []));
  return { statefulSet: workload.key, outcomes, released, errors, warnings: workload.warnings };
}
