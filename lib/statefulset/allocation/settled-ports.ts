/**
 * Ports that are known to be as they must be. A row of the replica never changes: where something is changed, another
 * object takes its place. So as long as a pod's port is the very row that a plan found nothing to do for, or that was
 * found as it had just been written, and all else that plans go by is the same, there is nothing to plan. A port that
 * somebody edits, moves or deletes is out by itself.
 */
import type { Pool } from '../../ipam/pool.js';
import { addressElement, isOfVendor, PORT_KEYS, portName } from '../managed-port.js';
import type { ManagedPort, ManagedPortRow } from '../managed-port.js';
import type { ManagerClient, SwitchIndex } from '../switches/switch-index.js';
import type { Workload, WorkloadPod } from '../workload.js';
import { outcomeOf, type OutcomeWith } from './write-plan.js';

/** StatefulSets whose ports are remembered; those that were asked for first are forgotten first. */
const MAX_SETS = 10_000;

/** The settled ports of all StatefulSets; see the head of this file. */
export class SettledPorts {
  readonly #client: ManagerClient;
  readonly #portSecurity: boolean;
  readonly #sets = new Map<string, SettledSet>();

  /** `portSecurity` tells whether ports must have it. */
  constructor(client: ManagerClient, portSecurity: boolean) {
    this.#client = client;
    this.#portSecurity = portSecurity;
  }

  /**
   * Those of a StatefulSet with this pool, the same object while its text and subnet are, on the switch of this index: none
   * as yet when it was another one the last time.
   */
  of(workload: Workload, pool: Pool | undefined, index: SwitchIndex): SettledSet {
    const known = this.#sets.get(workload.key);
    if (known?.isFor(workload, pool, index) === true) return known;
    const [oldest] = this.#sets.keys();
    if (oldest !== undefined && this.#sets.size >= MAX_SETS) this.#sets.delete(oldest);
    const settled = new SettledSet(this.#client, workload, pool, index, this.#portSecurity);
    this.#sets.set(workload.key, settled);
    return settled;
  }

  /** Is anything known of a StatefulSet (`namespace/name`)? */
  has(statefulSet: string): boolean {
    return this.#sets.has(statefulSet);
  }

  /** Forgets those of a StatefulSet (`namespace/name`), and with them rows that may be gone. */
  forget(statefulSet: string): void {
    this.#sets.delete(statefulSet);
  }
}

/** The settled ports of one StatefulSet. */
export class SettledSet {
  readonly #ports: ManagerClient['tables']['Logical_Switch_Port'];
  readonly #workload: Workload;
  readonly #pool: Pool | undefined;
  readonly #index: SwitchIndex;
  readonly #portSecurity: boolean;
  /** By ordinal. */
  readonly #rows = new Map<number, ManagedPortRow>();

  constructor(
    client: ManagerClient,
    workload: Workload,
    pool: Pool | undefined,
    index: SwitchIndex,
    portSecurity: boolean,
  ) {
    this.#ports = client.tables.Logical_Switch_Port;
    this.#workload = workload;
    this.#pool = pool;
    this.#index = index;
    this.#portSecurity = portSecurity;
  }

  /** Would a plan for a port that needs nothing go by the same? Who has which uid is written on the ports. */
  isFor({ uid, start }: Workload, pool: Pool | undefined, index: SwitchIndex): boolean {
    const known = this.#workload;
    return known.uid === uid && known.start === start && this.#pool === pool && this.#index === index;
  }

  /** What a call tells of a pod whose port is settled; undefined where it takes a plan to know. */
  find(pod: WorkloadPod): OutcomeWith<ManagedPortRow['_uuid']> | undefined {
    const row = this.#rows.get(pod.ordinal);
    if (row === undefined || this.#ports.get(row._uuid) !== row || !this.#index.has(row._uuid)) return undefined;
    const { external_ids: ids } = row;
    if (asksForAddresses(pod) || (pod.uid !== undefined && pod.uid !== ids[PORT_KEYS.podUid])) return undefined;
    const addresses = { ip4: ids[PORT_KEYS.ip4], ip6: ids[PORT_KEYS.ip6], mac: ids[PORT_KEYS.mac] ?? '' };
    return outcomeOf(this.#workload, { pod, port: row.name }, 'reused', row._uuid, addresses);
  }

  /** Notes a port that a plan found nothing to do for. */
  note(pod: WorkloadPod, { row }: ManagedPort): void {
    if (!asksForAddresses(pod)) this.#rows.set(pod.ordinal, row);
  }

  /** Notes a port that was made with the addresses that it has, unless somebody has changed it since. */
  noteMade(pod: WorkloadPod, made: ManagedPort): void {
    const { key, namespace, uid, vendor } = this.#workload;
    const { row, ip4, ip6, mac } = made;
    const ids = row.external_ids;
    const isOwn = made.statefulSet === key && isOfVendor(vendor, made) && (uid === undefined || made.ownerUid === uid);
    const isNoted = ids[PORT_KEYS.mac] === mac && ids[PORT_KEYS.ip4] === ip4 && ids[PORT_KEYS.ip6] === ip6;
    const isIntact = row.addresses.length === 1 && row.addresses[0] === addressElement(made);
    const isSecured = !this.#portSecurity || row.port_security.length > 0;
    if (!isOwn || !isNoted || !isIntact || !isSecured || row.name !== portName(namespace, pod.name)) return;
    this.note(pod, made);
  }
}

/** Such a pod is planned each time. */
function asksForAddresses({ ipOverride, macOverride }: WorkloadPod): boolean {
  return ipOverride !== undefined || macOverride !== undefined;
}
