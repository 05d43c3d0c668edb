/**
 * Writers that know nothing of the generation are noticed after the commit. The replica then shows all that was committed
 * before our own transaction, so whoever has one of our new addresses may have been first: what we wrote is taken back.
 * A created port is deleted, a readdressed one gets its former addresses again, and so does, or goes, whichever port of
 * the same transaction had been given those; a moved one goes back to the switch that it came from. One that cannot go
 * back, because another managed port has been given its former addresses meanwhile, is deleted.
 */
import type { Uuid } from '../../schema/uuid.js';
import { ipsOf, PORT_KEYS, portName, readManagedPort, type ManagedPort } from '../managed-port.js';
import type { PodOutcomeOk, PodOutcome, RefusedPod } from '../manager-results.js';
import { describeHolder } from '../plan/plan-view.js';
import type { Place, Places } from '../switches/places.js';
import { addressInUse, macInUse } from '../plan/plan-addresses.js';
import { managedBy } from '../plan/plan-kept.js';
import type { PortError } from '../port-error.js';
import type { DoubtfulPorts } from './doubtful-ports.js';
import type { PodCall } from './port-transactions.js';
import type { ManagerTransaction, PortTransactions } from './port-transactions.js';
import { subjectOf } from '../switches/site.js';
import type { FormerPlace } from '../switches/flight-writes.js';
import { GENERATION_KEY, type Flight } from '../switches/switch-flights.js';
import { SwitchGuards } from '../switches/switch-guards.js';
import type { ManagerClient, SwitchIndex } from '../switches/switch-index.js';
import { guardOwner, readdress } from './port-rows.js';

/** How often the taking back is tried again at least. */
const LEAST_RETRIES = 50;

/** What it works with. */
interface UndoParts {
  readonly client: ManagerClient;
  readonly transactions: PortTransactions;
  readonly places: Places;
  readonly doubtful: DoubtfulPorts;
}

/** What was committed, and where. */
export interface Committed extends Place {
  readonly flight: Flight;
  readonly outcomes: readonly PodOutcome[];
}

/** A port that was given addresses, as it is now. */
export interface WrittenPort {
  readonly outcome: PodOutcomeOk;
  readonly own: ManagedPort;
  /** Undefined for a port that was created. */
  readonly former: FormerPlace | undefined;
}

/**
 * Takes back what was written with addresses that another port of the switch has, and tells which pods that concerns.
 * `written` are the ports that {@link writtenPorts} has just found.
 */
export async function undoConflicts(
  { client, transactions, places, doubtful }: UndoParts,
  call: PodCall,
  committed: Committed,
  written: readonly WrittenPort[],
): Promise<RefusedPod[]> {
  const { index } = committed;
  if (!written.some((port) => conflictOf(call, index, port) !== undefined)) return [];
  const refused = new Map<string, RefusedPod>();
  /** Pods whose ports the last run takes back, and runs whose outcome is unknown. */
  let takenBack = new Set<string>();
  const maybeTakenBack = new Set<string>();
  const guards = new SwitchGuards(places);
  let succeeded = false;
  let asked = false;
  try {
    const takeBackNow = (tx: ManagerTransaction): void => {
      // Looked up in here, since it may be run again after somebody else's change.
      guards.end(false);
      const ports = writtenPorts(client, call, committed);
      const concerned = concernedPorts(call, index, ports, refused);
      const stuck = stuckPorts(places, index, concerned);
      for (const port of stuck) {
        const { pod } = port.outcome;
        const error = conflictOf(call, index, port, []);
        if (error !== undefined) refused.set(pod, refusedPod(port, error));
        else if (!maybeTakenBack.has(pod)) refused.delete(pod);
      }
      // Where one can neither go back nor be in anybody's way, it stays, and whoever was to have its address goes.
      const going = concerned.filter((port) => !stuck.has(port) || conflictOf(call, index, port) !== undefined);
      takenBack = new Set(going.map(({ outcome }) => outcome.pod));
      // An earlier run may arrive late, when nothing needs to be taken back any more: the generation keeps it out.
      if (going.length > 0 || asked) takeBack(tx, committed, going, stuck, guards);
      asked ||= going.length > 0;
    };
    const noteUnknown = (): void => {
      for (const pod of takenBack) maybeTakenBack.add(pod);
    };
    // However seldom the caller wants to try, a conflict must not stand because somebody else was faster once more.
    await transactions.commit(call, takeBackNow, noteUnknown, Math.max(transactions.conflictRetries, LEAST_RETRIES));
    succeeded = true;
  } catch (error) {
    const portsOf = (pods: Iterable<string>): string[] =>
      Array.from(pods, (pod) => portName(call.workload.namespace, pod));
    doubtful.addChanging(error, portsOf(takenBack), portsOf(maybeTakenBack));
    throw error;
  } finally {
    guards.end(succeeded);
  }
  // A conflict that went away by itself meanwhile leaves the port as it was written.
  const intact = writtenPorts(client, call, committed).filter((port) => conflictOf(call, index, port) === undefined);
  for (const { outcome } of intact) refused.delete(outcome.pod);
  // Nor is a pod refused whose port somebody has changed before it could be taken back.
  for (const { pod, port } of refused.values()) {
    if (takenBack.has(pod) || maybeTakenBack.has(pod)) continue;
    if (managedBy(call.workload, client.tables.Logical_Switch_Port.find({ name: port }))) refused.delete(pod);
  }
  return [...refused.values()];
}

/** Ports that the transaction gave addresses, and that still have them. */
export function writtenPorts(
  client: ManagerClient,
  { workload }: PodCall,
  { index, flight, outcomes }: Committed,
): WrittenPort[] {
  const ports = client.tables.Logical_Switch_Port;
  const written: WrittenPort[] = [];
  for (const outcome of outcomes) {
    if (outcome.status !== 'created' && outcome.status !== 'readdressed' && outcome.status !== 'moved') continue;
    const row = outcome.uuid && ports.get(outcome.uuid);
    const own = row && readManagedPort(row);
    if (own?.statefulSet !== workload.key || !index.has(own.row._uuid)) continue;
    if (own.ip4 !== outcome.ip4 || own.ip6 !== outcome.ip6 || own.mac !== outcome.mac) continue;
    const former = outcome.status === 'created' ? undefined : flight.writes.former(outcome.port, outcome.uuid);
    written.push({ outcome, own, former });
  }
  return written;
}

/** Why a port cannot stay as it was written, if so. `has` are the addresses that it is left with. */
function conflictOf(
  { workload }: PodCall,
  index: SwitchIndex,
  { outcome, own, former }: WrittenPort,
  has = former && ipsOf(former.addresses),
): PortError | undefined {
  const { ip4, ip6, mac, row } = own;
  const isShared = (address: string | undefined): boolean =>
    address !== undefined && index.isSharedBy(address, row._uuid);
  // Nearly always nobody else has any of them.
  if (!isShared(ip4) && !isShared(ip6) && !isShared(mac)) return undefined;
  const keeps = has === undefined || has.length === 0 ? undefined : has.join(' and ');
  const subject = subjectOf(workload, outcome.pod, keeps);
  for (const ip of ipsOf(own)) {
    const [other] = index.owners(ip, own.row._uuid);
    // What was shared before the move is no fault of the move.
    if (other !== undefined && !formerIpsHere(former).includes(ip)) {
      return addressInUse(subject, ip, describeHolder(other));
    }
  }
  const [other] = former === undefined || former.from !== undefined ? index.owners(own.mac, own.row._uuid) : [];
  return other && macInUse(subject, own.mac, other.name);
}

/** The ports in conflict, and those that were given what these had before. Notes why in `refused`. */
function concernedPorts(
  call: PodCall,
  index: SwitchIndex,
  ports: readonly WrittenPort[],
  refused: Map<string, RefusedPod>,
): WrittenPort[] {
  const byUuid = new Map<Uuid, WrittenPort>(ports.map((port) => [port.own.row._uuid, port]));
  const concerned = new Set<WrittenPort>();
  const queue = ports.flatMap((port): [WrittenPort, PortError][] => {
    const error = conflictOf(call, index, port);
    return error === undefined ? [] : [[port, error]];
  });
  for (const [port, error] of queue) {
    if (concerned.has(port)) continue;
    concerned.add(port);
    const { pod, port: name } = port.outcome;
    refused.set(pod, refusedPod(port, error));
    for (const ip of comingBackHere(port)) {
      for (const { _uuid } of index.owners(ip, port.own.row._uuid)) {
        const taker = byUuid.get(_uuid);
        if (taker === undefined) continue;
        const has = taker.former && ipsOf(taker.former.addresses).join(' and ');
        const subject = subjectOf(call.workload, taker.outcome.pod, has);
        queue.push([taker, addressInUse(subject, ip, { port: name, retained: false })]);
      }
    }
  }
  return [...concerned];
}

function refusedPod({ outcome: { statefulSet, ordinal, pod, port } }: WrittenPort, error: PortError): RefusedPod {
  return { status: 'refused', statefulSet, ordinal, pod, port, error };
}

/**
 * Ports that cannot go back, because another managed port has their former address by now. A port of those who know
 * nothing of managers was second there.
 */
function stuckPorts(places: Places, index: SwitchIndex, concerned: readonly WrittenPort[]): ReadonlySet<WrittenPort> {
  const stuck = new Set<WrittenPort>();
  const going = new Map<Uuid, WrittenPort>(concerned.map((port) => [port.own.row._uuid, port]));
  const isTaken = ({ own, former }: WrittenPort, ip: string): boolean => {
    const there = former?.from === undefined ? index : places.indexes.of(former.from);
    return (
      places.flightsOn(there.uuid).claimedBy(ip) !== undefined ||
      there.owners(ip, own.row._uuid).some((row) => {
        const other = going.get(row._uuid);
        return other === undefined ? readManagedPort(row) !== undefined : stuck.has(other);
      })
    );
  };
  for (let before = -1; before < stuck.size;) {
    before = stuck.size;
    for (const port of concerned) if (comingBack(port).some((ip) => isTaken(port, ip))) stuck.add(port);
  }
  return stuck;
}

/** Has ports go back to what they were before, and those go that were not there before, or are stuck. */
function takeBack(
  tx: ManagerTransaction,
  { site }: Committed,
  ports: readonly WrittenPort[],
  stuck: ReadonlySet<WrittenPort>,
  guards: SwitchGuards,
): void {
  // As it is now, with the generation that what is taken back has left.
  const here = site.logicalSwitch._uuid;
  const guarded = guards.guard(tx, here);
  if (guarded === undefined) return;
  const leaving: Uuid<'Logical_Switch_Port'>[] = [];
  const returning = new Map<Uuid<'Logical_Switch'>, Uuid<'Logical_Switch_Port'>[]>();
  for (const port of ports) {
    const { own, former } = port;
    const { _uuid } = own.row;
    if (former === undefined || stuck.has(port)) {
      guardOwner(tx, own, own.ownerUid);
      leaving.push(_uuid);
      continue;
    }
    const { from, addresses } = former;
    const there = from === undefined ? guarded : guards.guard(tx, from);
    for (const ip of comingBack(port)) there?.flights.claim(ip, own.row.name, there.flight);
    const name = from === undefined ? undefined : tx.tables.Logical_Switch.get(from)?.name;
    readdress(tx, own, addresses, name === undefined ? {} : { [PORT_KEYS.logicalSwitch]: name });
    if (from === undefined) continue;
    leaving.push(_uuid);
    if (there !== undefined) returning.set(from, [...(returning.get(from) ?? []), _uuid]);
  }
  tx.mutate('Logical_Switch', here, {
    ...(leaving.length > 0 && { ports: { delete: leaving } }),
    external_ids: { set: { [GENERATION_KEY]: guarded.generation } },
  });
  for (const [from, back] of returning) {
    const there = guards.guard(tx, from);
    if (there === undefined) continue;
    const generation = { [GENERATION_KEY]: there.generation };
    tx.mutate('Logical_Switch', from, { ports: { insert: back }, external_ids: { set: generation } });
  }
}

/** The IP addresses that a port gets again when it is taken back. */
function comingBack({ own, former }: WrittenPort): string[] {
  if (former === undefined) return [];
  const ips = ipsOf(former.addresses);
  return former.from === undefined ? ips.filter((ip) => ip !== own.ip4 && ip !== own.ip6) : ips;
}

/** Those of them that are of the switch where it was written. */
function comingBackHere(port: WrittenPort): string[] {
  return port.former?.from === undefined ? comingBack(port) : [];
}

/** The IP addresses that a port had on the switch where it was written. */
function formerIpsHere(former: FormerPlace | undefined): string[] {
  return former === undefined || former.from !== undefined ? [] : ipsOf(former.addresses);
}
