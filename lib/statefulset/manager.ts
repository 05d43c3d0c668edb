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
import type { Pool } from '../ipam/pool.js';
import { NamedUuid } from '../schema/uuid.js';
import { Transaction } from '../transaction/builder.js';
import type { Operation } from '../transaction/operations.js';
import { portName, PORT_KEYS, readManagedPort, type ManagedPort } from './managed-port.js';
import { checkOptions } from './manager-options.js';
import { findSharedAddresses } from './audit.js';
import type {
  ApplyOptions,
  ApplyResult,
  AuditFinding,
  CallOptions,
  StatefulSetPortManagerEvents,
  StatefulSetPortManagerOptions,
  PlanResult,
  PodDeletedResult,
  PodOutcome,
  PodOutcomeOk,
  PodPort,
  RefusedPod,
  ReleaseResult,
} from './manager-options.js';
import { planPods, type PlanRules } from './plan.js';
import { planView } from './plan-view.js';
import { PodTurns, within } from './pod-turns.js';
import { PortTransactions, type Call, type ManagerTransaction } from './port-transactions.js';
import { releasePorts } from './release-ports.js';
import { describeSubnet, findSite, readPool, type Site } from './site.js';
import { Flight, SwitchFlights } from './switch-flights.js';
import { SwitchIndexes, type ManagerClient, type SwitchIndex } from './switch-index.js';
import { ordinalsOf, podOfOrdinal, readPod, readPodName, readWorkload } from './workload.js';
import type { PodLike, StatefulSetLike, Workload, WorkloadPod } from './workload.js';
import { undoConflicts } from './undo-conflicts.js';
import { writePlans, type PendingOutcome, type WriteRules } from './write-plan.js';

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_CONFLICT_RETRIES = 50;
/** StatefulSets whose pools are kept in their parsed form. */
const MAX_POOLS = 1000;

/** Keeps the ports of StatefulSets; see the head of this file and `docs/statefulset-ports.md`. */
export class StatefulSetPortManager implements Disposable {
  readonly #client: ManagerClient;
  readonly #options: StatefulSetPortManagerOptions;
  readonly #rules: PlanRules;
  readonly #maxPorts: number;
  readonly #transactions: PortTransactions;
  readonly #indexes: SwitchIndexes;
  readonly #flights = new WeakMap<SwitchIndex, SwitchFlights>();
  readonly #pools = new Map<
    string,
    { readonly text: string; readonly subnet: string; readonly pool: Pool | undefined }
  >();
  readonly #events: GuardedEmitter<StatefulSetPortManagerEvents>;
  readonly #turns = new PodTurns();
  readonly #writeRules: WriteRules;

  /** `client` must replicate the tables of `connectNorthbound`'s default; it stays the caller's to close. Throws `InvalidArgumentError`. */
  constructor(client: ManagerClient, options: StatefulSetPortManagerOptions) {
    checkOptions(options);
    this.#client = client;
    this.#options = options;
    this.#rules = {
      indexing: options.indexing ?? 'relative',
      onDrift: options.onDrift ?? 'keep',
      adopt: options.adopt ?? false,
      pick: options.pick ?? 'random',
      strictExclude: options.strictExclude ?? false,
    };
    this.#writeRules = { vendor: options.vendor ?? 'ovn-northbound', portSecurity: options.portSecurity ?? false };
    this.#maxPorts = options.maxPortsPerTransaction ?? 500;
    this.#transactions = new PortTransactions(client, options.conflictRetries ?? DEFAULT_CONFLICT_RETRIES);
    this.#indexes = new SwitchIndexes(client);
    this.#events = new GuardedEmitter((event, error) => {
      process.emitWarning(`a listener of "${event}" threw: ${String(error)}`, { type: 'OvnNorthboundWarning' });
    });
  }

  /**
   * Makes the ports of all ordinals of a StatefulSet, in sequence, and leaves those that exist as they are. Sends
   * nothing when there is nothing to do. A pod that can get no port is refused by itself: its outcome and
   * `errors` say why, and the others get theirs.
   *
   * Rejects with `PortError` when the whole StatefulSet gets none: `InvalidStatefulSet`, `InvalidPool`,
   * `AddressOutOfSubnet`, `ReservedAddress`, `SubnetUnknown`, `InvalidSubnet`, `SwitchNotFound`, `AmbiguousSwitch`,
   * `ConflictRetriesExhausted`, `NotReady`; with `TransactionError` when the server refuses a
   * transaction, or its outcome stays unknown until the time is up; with `TimeoutError` when an earlier call for one
   * of the pods does not end in time. What earlier transactions did stays; calling again goes on from there.
   */
  async apply(statefulSet: StatefulSetLike, options: ApplyOptions = {}): Promise<ApplyResult> {
    const workload = readWorkload(statefulSet);
    const pods = podsOf(workload, options.pods);
    const call = this.#call(workload, options);
    const outcomes: PodOutcome[] = [];
    await this.#transactions.ready(call);
    this.#pool(workload, this.#site(workload));
    for (const chunk of this.#chunks(pods)) outcomes.push(...(await this.#ensure(call, chunk)));
    return resultOf(workload, outcomes);
  }

  /**
   * Makes the port of one pod, or finds the one that is kept for it, and resolves with it. Rejects as {@link apply}, and
   * with the `PortError` for which the pod is refused; `InvalidOrdinal` for a pod that is not of the StatefulSet.
   */
  async ensurePort(pod: PodLike, statefulSet: StatefulSetLike, options: CallOptions = {}): Promise<PodOutcomeOk> {
    const workload = readWorkload(statefulSet);
    const member = readPod(workload, pod);
    const call = this.#call(workload, options);
    await this.#transactions.ready(call);
    const [outcome] = await this.#ensure(call, [member]);
    if (outcome?.status === 'refused') throw outcome.error;
    return outcome as PodOutcomeOk;
  }

  /**
   * Notes that a pod is gone, for whatever reason. Its port stays, and nothing is sent. Throws `InvalidArgumentError`
   * for a pod without a name.
   */
  podDeleted(pod: PodLike): PodDeletedResult {
    const { name, namespace } = readPodName(pod);
    const row = this.#client.tables.Logical_Switch_Port.find({ name: portName(namespace, name) });
    const managed = row && readManagedPort(row);
    if (managed === undefined) return { retained: undefined };
    const retained = podPort(managed);
    this.#events.emit('retained', retained);
    return { retained };
  }

  /**
   * Deletes the ports that are kept for a StatefulSet, those beyond its replicas too. When its uid is given, ports
   * that a later incarnation has used since are left alone. Each deletion is sent with the condition that the port is
   * still kept for it. Later calls of this manager for these pods wait for it. Rejects as {@link apply}.
   */
  async release(statefulSet: StatefulSetLike, options: CallOptions = {}): Promise<ReleaseResult> {
    const workload = readWorkload(statefulSet);
    const call = this.#call(workload, options);
    await this.#transactions.ready(call);
    const names = new Set(this.#portsOf(workload.key).map(({ row }) => row.name));
    const choose = (): ManagedPort[] =>
      this.#portsOf(workload.key).filter(
        ({ row, ownerUid }) =>
          names.has(row.name) && (workload.uid === undefined || ownerUid === undefined || ownerUid === workload.uid),
      );
    // A call that finds the ports meanwhile would tell its pods of ports that are about to go.
    const released = await this.#turns.take([...names], call, async () =>
      (await releasePorts(this.#client, this.#transactions, call, this.#maxPorts, choose)).map(podPort),
    );
    for (const port of released) this.#events.emit('released', port);
    this.#pools.delete(workload.key);
    return { released, skipped: this.#portsOf(workload.key).map(podPort) };
  }

  /**
   * What {@link apply} would do now, and the operations that it would send; sends nothing. Addresses that are picked at
   * random will be others when it is applied. Throws as {@link apply} rejects.
   */
  plan(statefulSet: StatefulSetLike, options: Pick<ApplyOptions, 'pods'> = {}): PlanResult {
    const workload = readWorkload(statefulSet);
    if (this.#client.state.name !== 'synced') throw this.#transactions.notReady(workload, 0);
    const pods = podsOf(workload, options.pods);
    const site = this.#site(workload);
    const flights = this.#flightsOn(site);
    const planned: Flight[] = [];
    const outcomes: PodOutcome[] = [];
    const transactions: (readonly Operation[])[] = [];
    try {
      // As if each were sent: the next one stays clear of what it claims.
      for (const chunk of this.#chunks(pods)) {
        const flight = new Flight();
        planned.push(flight);
        const tx: ManagerTransaction = new Transaction(this.#client.schema, this.#client.tables);
        outcomes.push(...this.#write(tx, workload, chunk, site, flights, flight).map(unwritten));
        const { guards, operations } = tx.build();
        if (operations.length > 0) transactions.push([...guards, ...operations]);
      }
    } finally {
      for (const flight of planned.reverse()) flights.withdraw(flight);
    }
    return { ...resultOf(workload, outcomes), transactions };
  }

  /** The ports that are kept for a StatefulSet, by ordinal, those beyond its replicas too. */
  list(statefulSet: StatefulSetLike): ManagedPort[] {
    return this.#portsOf(readWorkload(statefulSet).key);
  }

  /**
   * Addresses that several ports of one switch have, on the switches named, by name or uuid, or on all. Sends nothing.
   * Throws `NorthboundError` `SwitchNotFound`.
   */
  audit(logicalSwitches?: readonly string[]): AuditFinding[] {
    return findSharedAddresses(this.#client, this.#indexes, logicalSwitches);
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

  /** Stops following the replica. The client stays open; ports stay. */
  close(): void {
    this.#indexes.close();
    this.#events.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Pods that share a transaction. Readdressing may swap addresses between any two, which takes one for all. */
  #chunks(pods: readonly WorkloadPod[]): WorkloadPod[][] {
    const size = this.#rules.onDrift === 'readdress' ? Math.max(1, pods.length) : this.#maxPorts;
    return Array.from({ length: Math.ceil(pods.length / size) }, (_, i) => pods.slice(i * size, (i + 1) * size));
  }

  /** Ports for these pods, as one transaction at most; a second call for one of them waits for the first. */
  async #ensure(call: Call, pods: readonly WorkloadPod[]): Promise<PodOutcome[]> {
    const names = pods.map(({ name }) => portName(call.workload.namespace, name));
    return this.#turns.take(names, call, () => this.#ensureAlone(call, pods));
  }

  async #ensureAlone(call: Call, pods: readonly WorkloadPod[]): Promise<PodOutcome[]> {
    const { workload } = call;
    const flight = new Flight();
    let place: { readonly site: Site; readonly index: SwitchIndex; readonly flights: SwitchFlights } | undefined;
    for (let attempt = 1; ; attempt++) {
      let succeeded = false;
      let outcomes: PodOutcome[];
      try {
        const written = await this.#transactions.commit(call, (tx): PendingOutcome[] => {
          const site = this.#site(workload);
          const flights = this.#flightsOn(site);
          // The switch may be another one than before, when the namespace was given another.
          if (place !== undefined && place.flights !== flights) place.flights.end(flight, false);
          place = { site, flights, index: this.#indexes.of(site.logicalSwitch._uuid) };
          return this.#write(tx, workload, pods, site, flights, flight);
        });
        outcomes = written.map((outcome) => asWritten(outcome, flight));
        succeeded = true;
      } finally {
        place?.flights.end(flight, succeeded);
      }
      // An address that was only claimed may be free after all. This one has ended, so nobody waits for it meanwhile.
      if (place !== undefined && flight.blockers.size > 0) {
        await within(call, place.flights.landed(flight.blockers));
        attempt--;
        continue;
      }
      const conflicts =
        place === undefined
          ? []
          : await undoConflicts(this.#client, this.#transactions, this.#writeRules, call, {
              ...place,
              flight,
              outcomes,
            });
      const isPicked = (pod: string): boolean =>
        workload.pool === undefined && pods.every(({ name, ipOverride }) => name !== pod || ipOverride === undefined);
      // Where addresses are picked, another one is as good.
      if (!conflicts.some(({ pod }) => isPicked(pod))) return this.#report(outcomes, conflicts);
      if (attempt > this.#transactions.conflictRetries) throw this.#transactions.conflict(workload, attempt);
    }
  }

  /** Plans on the replica as it is, and appends what the plan asks for. */
  #write(
    tx: ManagerTransaction,
    workload: Workload,
    pods: readonly WorkloadPod[],
    site: Site,
    flights: SwitchFlights,
    flight: Flight,
  ): PendingOutcome[] {
    flights.begin(flight);
    const index = this.#indexes.of(site.logicalSwitch._uuid);
    const view = planView(this.#client, site, index, flights, flight, this.#rules);
    const plans = planPods(workload, this.#pool(workload, site), pods, view, this.#rules);
    return writePlans(tx, workload, site, plans, flights, flight, this.#writeRules);
  }

  #report(outcomes: readonly PodOutcome[], conflicts: readonly RefusedPod[]): PodOutcome[] {
    const byPod = new Map(conflicts.map((conflict) => [conflict.pod, conflict]));
    const final = outcomes.map((outcome) => byPod.get(outcome.pod) ?? outcome);
    for (const outcome of final) {
      if (outcome.status === 'refused') {
        const { code } = outcome.error;
        if (code === 'PoolExhausted' || code === 'SubnetExhausted') this.#events.emit('exhausted', outcome.error);
        else if (code === 'AddressInUse' || code === 'MacInUse') this.#events.emit('conflict', outcome.error);
        continue;
      }
      if (outcome.status === 'created') this.#events.emit('allocated', outcome);
      else if (outcome.status === 'reused') this.#events.emit('reused', outcome);
      if (outcome.drift !== undefined) this.#events.emit('drift', outcome);
    }
    return final;
  }

  #portsOf(statefulSet: string): ManagedPort[] {
    const rows = this.#client.tables.Logical_Switch_Port.findAll({
      external_ids: { [PORT_KEYS.statefulSet]: statefulSet },
    });
    return rows.flatMap((row) => readManagedPort(row) ?? []).sort((a, b) => a.ordinal - b.ordinal);
  }

  #site(workload: Workload): Site {
    return findSite(this.#client, this.#options.subnets, workload);
  }

  /** The pool of a StatefulSet; read again when it, or its subnet, is another one than the last time. */
  #pool(workload: Workload, site: Site): Pool | undefined {
    if (workload.pool === undefined) return undefined;
    const subnet = describeSubnet(site.subnet);
    const known = this.#pools.get(workload.key);
    // The texts apart: a long pool that is the same string object is compared at once.
    if (known?.text === workload.pool && known.subnet === subnet) return known.pool;
    const pool = readPool(workload, site, this.#rules.strictExclude);
    const [oldest] = this.#pools.keys();
    if (oldest !== undefined && this.#pools.size >= MAX_POOLS) this.#pools.delete(oldest);
    this.#pools.set(workload.key, { text: workload.pool, subnet, pool });
    return pool;
  }

  #call(workload: Workload, { signal, timeoutMs }: CallOptions): Call {
    const limitMs = timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (!(limitMs >= 0)) throw new InvalidArgumentError(`timeoutMs is ${printValue(limitMs)}; give 0 or more`);
    return { workload, signal, deadline: performance.now() + limitMs };
  }

  #flightsOn(site: Site): SwitchFlights {
    const index = this.#indexes.of(site.logicalSwitch._uuid);
    let flights = this.#flights.get(index);
    if (flights === undefined) this.#flights.set(index, (flights = new SwitchFlights(index)));
    return flights;
  }
}

/** The pods of all ordinals, with what is known of those that exist. */
function podsOf(workload: Workload, given: readonly PodLike[] = []): WorkloadPod[] {
  if (!Array.isArray(given))
    throw new InvalidArgumentError(`option pods is ${printValue(given)}; it must be a list of pods`);
  const known = new Map(given.map((pod: PodLike) => readPod(workload, pod)).map((pod) => [pod.ordinal, pod]));
  return ordinalsOf(workload).map((ordinal) => known.get(ordinal) ?? podOfOrdinal(workload, ordinal));
}

function resultOf(workload: Workload, outcomes: readonly PodOutcome[]): ApplyResult {
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'refused' ? [outcome.error] : []));
  return { statefulSet: workload.key, outcomes, errors, warnings: workload.warnings };
}

function podPort({ ordinal, pod, row, ip4, ip6, mac }: ManagedPort): PodPort {
  return { ordinal, pod: pod.slice(pod.indexOf('/') + 1), port: row.name, ip4, ip6, mac };
}

/** A port that is found because the transaction that made it had lost its reply was made by this call all the same. */
function asWritten(outcome: PodOutcome, flight: Flight): PodOutcome {
  if (outcome.status !== 'reused') return outcome;
  if (flight.created.get(outcome.port) === outcome.mac) return { ...outcome, status: 'created', refreshed: false };
  return flight.former.has(outcome.port) && outcome.drift === undefined
    ? { ...outcome, status: 'readdressed' }
    : outcome;
}

/** A planned outcome; a port that does not exist yet has no uuid. */
function unwritten(outcome: PendingOutcome): PodOutcome {
  if (outcome.status === 'refused') return outcome;
  return { ...outcome, uuid: outcome.uuid instanceof NamedUuid ? undefined : outcome.uuid };
}
