/**
 * Sees to it that pods have their ports: plans on the replica, writes what is missing as one transaction, and plans anew
 * when somebody else was faster.
 */
import { NamedUuid } from '../../schema/uuid.js';
import { Transaction } from '../../transaction/builder.js';
import type { Operation } from '../../transaction/operations.js';
import type { LostPorts } from '../switches/lost-ports.js';
import { ipsOf, portName, type ManagedPort } from '../managed-port.js';
import type { PodOutcome, PodOutcomeOk, RefusedPod } from '../manager-results.js';
import type { Place, Places } from '../switches/places.js';
import { managedBy } from '../plan/plan-kept.js';
import { planPods } from '../plan/plan.js';
import { maySwap, type PlanRules } from '../plan/pod-plan.js';
import { ReplicaView } from '../plan/plan-view.js';
import type { DoubtfulPorts } from './doubtful-ports.js';
import { inSequence } from './in-sequence.js';
import { PodTurns, within } from './pod-turns.js';
import type { PortSettingsSource } from '../settings/port-settings.js';
import type { PodCall, ManagerTransaction, PortTransactions } from './port-transactions.js';
import { Flight } from '../switches/switch-flights.js';
import type { ManagerClient } from '../switches/switch-index.js';
import { SettledPorts, type SettledSet } from './settled-ports.js';
import { undoConflicts, writtenPorts, type Committed } from './undo-conflicts.js';
import type { Workload, WorkloadPod } from '../workload.js';
import { committedOutcomes, referencesOf, writePlans, type PendingOutcome } from './write-plan.js';

/** What an allocator works with. */
export interface AllocatorParts {
  readonly client: ManagerClient;
  readonly places: Places;
  readonly transactions: PortTransactions;
  readonly turns: PodTurns;
  readonly doubtful: DoubtfulPorts;
  readonly lost: LostPorts;
  readonly vendor: string;
  readonly settings: PortSettingsSource | undefined;
  readonly portSecurity: boolean;
  /** Most ports of one transaction. */
  readonly maxPorts: number;
  /** Called with the outcomes of each transaction, once it has ended. */
  readonly onOutcomes: (outcomes: readonly PodOutcome[]) => void;
}

/** What pods would get. */
export interface Preview {
  readonly outcomes: readonly PodOutcome[];
  /** What would be sent, transaction by transaction. */
  readonly transactions: readonly (readonly Operation[])[];
}

/** See the head of this file. */
export class PortAllocator {
  readonly #parts: AllocatorParts;
  readonly #settled: SettledPorts;

  constructor(parts: AllocatorParts) {
    this.#parts = parts;
    this.#settled = new SettledPorts(parts.client, parts.portSecurity);
  }

  /** Forgets what was found out about the ports of a StatefulSet (`namespace/name`), which costs no more than another look. */
  forget(statefulSet: string): void {
    this.#settled.forget(statefulSet);
  }

  /** The port of one pod; a second call for it waits for the first. */
  async ensureOne(call: PodCall, pod: WorkloadPod, rules: PlanRules): Promise<PodOutcome | undefined> {
    const ended = this.#findSettled(call, [pod], rules) ?? (await this.#ensureChunk(call, [pod], rules));
    this.#parts.onOutcomes(ended);
    return ended[0];
  }

  /**
   * Ports for these pods, some hundreds in one transaction; a second call for one of them waits for the first. While the
   * server works on some hundreds, the next ones are planned upon them.
   */
  async ensure(call: PodCall, pods: readonly WorkloadPod[], rules: PlanRules): Promise<PodOutcome[]> {
    const { workload } = call;
    const outcomes: PodOutcome[] = [];
    // Ports that may swap are all in the first chunk: what they give up is for others once it is certain.
    const atOnce = maySwap(rules) ? 1 : 2;
    await inSequence(
      this.#chunks(workload, pods, rules),
      atOnce,
      (chunk, onItsWay) => this.#findSettled(call, chunk, rules) ?? this.#ensureChunk(call, chunk, rules, onItsWay),
      (ended) => {
        this.#parts.onOutcomes(ended);
        outcomes.push(...ended);
      },
    );
    return byOrdinal(outcomes);
  }

  /** What {@link ensure} would do now; sends nothing. */
  preview(workload: Workload, pods: readonly WorkloadPod[], rules: PlanRules): Preview {
    const { client, places } = this.#parts;
    const place = places.of(workload);
    const planned: Flight[] = [];
    const outcomes: PodOutcome[] = [];
    const transactions: (readonly Operation[])[] = [];
    try {
      // As if each were sent: the next one stays clear of what it claims.
      for (const chunk of this.#chunks(workload, pods, rules)) {
        const flight = new Flight();
        planned.push(flight);
        const tx: ManagerTransaction = new Transaction(client.schema, client.tables);
        outcomes.push(...this.#write(tx, workload, chunk, place, flight, rules).map(unwritten));
        const { guards, operations } = tx.build();
        if (operations.length > 0) transactions.push([...guards, ...operations]);
      }
    } finally {
      for (const flight of planned.reverse()) place.flights.withdraw(flight);
    }
    return { outcomes: byOrdinal(outcomes), transactions };
  }

  /** Pods that share a transaction. Ports that are there may swap addresses, any with any other, which takes one for all. */
  #chunks(workload: Workload, pods: readonly WorkloadPod[], rules: PlanRules): WorkloadPod[][] {
    const { client, maxPorts } = this.#parts;
    const isThere = ({ name }: WorkloadPod): boolean => {
      const row = client.tables.Logical_Switch_Port.find({ name: portName(workload.namespace, name) });
      return managedBy(workload, row) !== undefined;
    };
    const swapping = maySwap(rules) ? new Set(pods.filter(isThere)) : new Set<WorkloadPod>();
    const chunks: WorkloadPod[][] = [];
    let chunk: WorkloadPod[] = [...swapping];
    for (const pod of pods) {
      if (swapping.has(pod)) continue;
      if (chunk.length >= maxPorts) {
        chunks.push(chunk);
        chunk = [];
      }
      chunk.push(pod);
    }
    if (chunk.length > 0) chunks.push(chunk);
    return chunks.map((members) => members.sort((a, b) => a.ordinal - b.ordinal));
  }

  /** What there is to tell when no pod needs a plan; undefined when one does. */
  #findSettled(
    { workload, signal }: PodCall,
    pods: readonly WorkloadPod[],
    rules: PlanRules,
  ): PodOutcome[] | undefined {
    const { client, places, turns } = this.#parts;
    if (!this.#settled.has(workload.key)) return undefined;
    // Others may have changed what the replica shows since it was lost; it takes a transaction to wait for the next.
    if (client.state.name !== 'synced' || signal?.aborted === true) return undefined;
    const settled = this.#settledAt(workload, places.of(workload), rules);
    const found: PodOutcome[] = [];
    for (const pod of pods) {
      const outcome = settled?.find(pod);
      // What another call is about to do to it counts.
      if (outcome === undefined || turns.isTaken(outcome.port)) return undefined;
      found.push(outcome);
    }
    return found;
  }

  /** `onItsWay` is called when the transaction has been planned for the first time, and goes out. */
  async #ensureChunk(
    call: PodCall,
    pods: readonly WorkloadPod[],
    rules: PlanRules,
    onItsWay?: () => void,
  ): Promise<PodOutcome[]> {
    const { turns, lost } = this.#parts;
    const names = pods.map(({ name }) => portName(call.workload.namespace, name));
    const written = await turns.take(names, call, () => this.#ensureAlone(call, pods, rules, onItsWay));
    for (const outcome of written) if (outcome.status !== 'refused') lost.forget(outcome.port);
    return written;
  }

  /** What is known of ports that may need no plan; undefined where every pod has to be planned. */
  #settledAt(workload: Workload, { site, index }: Place, rules: PlanRules): SettledSet | undefined {
    const { places, doubtful, settings } = this.#parts;
    // What the caller says of a port, and rows that it refers to, are looked at each time.
    if (settings !== undefined || site.dhcpv4Options !== undefined || site.dhcpv6Options !== undefined)
      return undefined;
    // A port that swaps may have to make room, and one in doubt has the generation changed, whatever it is like itself.
    if (maySwap(rules) || !doubtful.isEmpty) return undefined;
    return this.#settled.of(workload, places.pool(workload, site), index);
  }

  async #ensureAlone(
    call: PodCall,
    pods: readonly WorkloadPod[],
    rules: PlanRules,
    onItsWay?: () => void,
  ): Promise<PodOutcome[]> {
    const { places, transactions, doubtful } = this.#parts;
    const { workload } = call;
    const flight = new Flight();
    // What a call made that was given up was never told, nor was it looked at whether somebody else was first.
    if (!doubtful.isEmpty) {
      const ports = pods.map(({ name }) => portName(workload.namespace, name));
      doubtful.handOver(ports, flight.writes);
    }
    let place: Place | undefined;
    let pending: PendingOutcome[] = [];
    try {
      for (let attempt = 1; ; attempt++) {
        let succeeded = false;
        let outcomes: PodOutcome[];
        try {
          const uuids = await transactions.commit(
            call,
            (tx) => {
              const next = places.of(workload);
              // The switch may be another one than before, when the namespace was given another.
              if (place !== undefined && place.flights !== next.flights) place.flights.end(flight, false);
              place = next;
              pending = this.#write(tx, workload, pods, place, flight, rules);
              onItsWay?.();
              return referencesOf(pending);
            },
            () => flight.writes.keep(),
          );
          const planned = pending;
          flight.writes.keep((port) => uuids[planned.findIndex((outcome) => outcome.port === port)]);
          outcomes = committedOutcomes(pending, uuids).map((outcome) => asWritten(outcome, flight));
          succeeded = true;
          if (!doubtful.isEmpty) {
            doubtful.settleChanging(outcomes.map(({ port }) => port));
            doubtful.settleMaking(outcomes.flatMap(({ status, port }) => (status === 'refused' ? [] : port)));
          }
        } finally {
          place?.flights.end(flight, succeeded);
        }
        places.requireOpen();
        // An address that was only claimed may be free after all. This one has ended, so nobody waits for it meanwhile.
        if (place !== undefined && flight.blockers.size > 0) {
          await within(call, place.flights.landed(flight.blockers));
          attempt--;
          continue;
        }
        const conflicts =
          place === undefined ? [] : await this.#verify(call, { ...place, flight, outcomes }, pods, rules);
        const isPicked = (pod: string): boolean =>
          workload.pool === undefined && pods.every(({ name, ipOverride }) => name !== pod || ipOverride === undefined);
        // Where addresses are picked, another one is as good.
        if (!conflicts.some(({ pod }) => isPicked(pod))) return withConflicts(outcomes, conflicts);
        if (attempt > transactions.conflictRetries) throw transactions.conflict(workload, attempt);
      }
    } catch (error) {
      const { present, kept } = flight.writes;
      doubtful.addChanging(error, present.changed, kept.changed);
      if (place !== undefined) doubtful.addMaking(error, present.created, kept.created, place.index.uuid);
      throw error;
    }
  }

  /** Looks whether somebody else was first with an address, and takes back what was; tells which pods that concerns. */
  async #verify(
    call: PodCall,
    committed: Committed,
    pods: readonly WorkloadPod[],
    rules: PlanRules,
  ): Promise<RefusedPod[]> {
    const written = writtenPorts(this.#parts.client, call, committed);
    if (written.length === 0) return [];
    const conflicts = await undoConflicts(this.#parts, call, committed, written);
    const settled = conflicts.length > 0 ? undefined : this.#settledAt(call.workload, committed, rules);
    if (settled !== undefined) {
      // One that an earlier call made, of which nobody was told, may have other addresses than it is to have by now.
      const isMade = ({ status, drift }: PodOutcomeOk): boolean => status === 'created' && drift === undefined;
      const made = new Map<number, ManagedPort>();
      for (const { outcome, own } of written) if (isMade(outcome)) made.set(outcome.ordinal, own);
      for (const pod of pods) {
        const own = made.get(pod.ordinal);
        if (own !== undefined) settled.noteMade(pod, own);
      }
    }
    return conflicts;
  }

  /** Plans on the replica as it is, and appends what the plan asks for. */
  #write(
    tx: ManagerTransaction,
    workload: Workload,
    pods: readonly WorkloadPod[],
    place: Place,
    flight: Flight,
    rules: PlanRules,
  ): PendingOutcome[] {
    const { client, places, doubtful, lost, vendor, settings, portSecurity } = this.#parts;
    place.flights.begin(flight);
    const settled = this.#settledAt(workload, place, rules);
    const outcomes: PendingOutcome[] = [];
    const others: WorkloadPod[] = [];
    for (const pod of pods) {
      const found = settled?.find(pod);
      if (found === undefined) others.push(pod);
      else outcomes.push(found);
    }
    const view = new ReplicaView(client, workload, place, flight, rules, {
      settings,
      defaults: { portSecurity },
      lost,
    });
    const plans = planPods(workload, places.pool(workload, place.site), others, view, rules);
    const mustGuard = !doubtful.isEmpty && plans.some(({ port }) => doubtful.has(port));
    const written = writePlans(client, tx, workload, place, plans, flight, vendor, mustGuard);
    for (const [i, plan] of plans.entries()) {
      const outcome = written[i];
      if (plan.action !== 'reuse' || outcome?.status !== 'reused') continue;
      if (!outcome.refreshed && !plan.stale && plan.drift === undefined) settled?.note(plan.pod, plan.kept);
    }
    return outcomes.length === 0 ? written : byOrdinal([...outcomes, ...written]);
  }
}

function withConflicts(outcomes: readonly PodOutcome[], conflicts: readonly RefusedPod[]): PodOutcome[] {
  if (conflicts.length === 0) return [...outcomes];
  const byPod = new Map(conflicts.map((conflict) => [conflict.pod, conflict]));
  return outcomes.map((outcome) => byPod.get(outcome.pod) ?? outcome);
}

function byOrdinal<O extends Pick<PodOutcome, 'ordinal'>>(outcomes: O[]): O[] {
  return outcomes.sort((a, b) => a.ordinal - b.ordinal);
}

/** A port that is found because the transaction that wrote it had lost its reply was written by this call all the same. */
function asWritten(outcome: PodOutcome, flight: Flight): PodOutcome {
  if (outcome.status !== 'reused') return outcome;
  const { port, mac, uuid } = outcome;
  if (flight.writes.hasCreated(port, mac, uuid)) return { ...outcome, status: 'created', refreshed: false };
  if (flight.writes.hasAdopted(uuid)) return { ...outcome, status: 'adopted', refreshed: false };
  const former = flight.writes.former(port, uuid);
  if (former === undefined || outcome.drift !== undefined) return outcome;
  if (former.from !== undefined) return { ...outcome, status: 'moved' };
  return { ...outcome, status: 'readdressed', drift: { want: ipsOf(outcome), have: ipsOf(former.addresses) } };
}

/** A planned outcome; a port that does not exist yet has no uuid. */
function unwritten(outcome: PendingOutcome): PodOutcome {
  if (outcome.status === 'refused') return outcome;
  return { ...outcome, uuid: outcome.uuid instanceof NamedUuid ? undefined : outcome.uuid };
}
