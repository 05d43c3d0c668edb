/**
 * Writers that know nothing of the generation are noticed after the commit. The replica then shows all that was committed
 * before our own transaction, so whoever has one of our new addresses may have been first: what we wrote is taken back.
 * A created port is deleted, a readdressed one gets its former addresses again, and so does, or goes, whichever port of
 * the same transaction had been given those.
 */
import type { Uuid } from '../schema/uuid.js';
import { ipsOf, readManagedPort, type ManagedPort, type PortAddresses } from './managed-port.js';
import type { PodOutcomeOk, PodOutcome, RefusedPod } from './manager-options.js';
import { describeHolder } from './plan-view.js';
import { addressInUse, macInUse } from './plan.js';
import type { PortError } from './port-error.js';
import type { Call, ManagerTransaction, PortTransactions } from './port-transactions.js';
import { subjectOf, type Site } from './site.js';
import { Flight, GENERATION_KEY, type SwitchFlights } from './switch-flights.js';
import type { ManagerClient, SwitchIndex } from './switch-index.js';
import { guardOwner, readdress, type WriteRules } from './write-plan.js';

/** What was committed, and where. */
export interface Committed {
  readonly site: Site;
  readonly index: SwitchIndex;
  readonly flights: SwitchFlights;
  readonly flight: Flight;
  readonly outcomes: readonly PodOutcome[];
}

/** A port that was written, as it is now. */
interface Written {
  readonly outcome: PodOutcomeOk;
  readonly own: ManagedPort;
  /** Undefined for a port that was created. */
  readonly former: PortAddresses | undefined;
}

/** Takes back what was written with addresses that another port of the switch has, and tells which pods that concerns. */
export async function undoConflicts(
  client: ManagerClient,
  transactions: PortTransactions,
  rules: WriteRules,
  call: Call,
  committed: Committed,
): Promise<RefusedPod[]> {
  const { index, flights } = committed;
  const refused = new Map<string, RefusedPod>();
  if (!writtenPorts(client, call, committed).some((port) => conflictOf(call, index, port) !== undefined)) return [];
  const flight = new Flight();
  let succeeded = false;
  let asked = false;
  try {
    // Looked up in here, since the callback may be run again after somebody else's change.
    await transactions.commit(call, (tx) => {
      flights.begin(flight);
      const ports = writtenPorts(client, call, committed);
      const concerned = concernedPorts(call, index, ports, refused);
      const stuck = stuckPorts(index, flights, flight, concerned);
      for (const port of stuck) {
        const error = conflictOf(call, index, port, ipsOf(port.own));
        if (error !== undefined) refused.set(port.outcome.pod, refusedPod(port, error));
      }
      const going = concerned.filter((port) => !stuck.has(port));
      // An earlier run may arrive late, when nothing needs to be taken back any more: the generation keeps it out.
      if (going.length > 0 || asked) takeBack(tx, committed, going, flight, rules);
      asked ||= going.length > 0;
    });
    succeeded = true;
  } finally {
    flights.end(flight, succeeded);
  }
  // A conflict that went away by itself meanwhile leaves the port as it was written.
  const intact = writtenPorts(client, call, committed).filter((port) => conflictOf(call, index, port) === undefined);
  for (const { outcome } of intact) refused.delete(outcome.pod);
  return [...refused.values()];
}

/** Ports that the transaction wrote, and that still are as it wrote them. */
function writtenPorts(client: ManagerClient, { workload }: Call, { index, flight, outcomes }: Committed): Written[] {
  return outcomes.flatMap((outcome) => {
    if (outcome.status !== 'created' && outcome.status !== 'readdressed') return [];
    const row = outcome.uuid && client.tables.Logical_Switch_Port.get(outcome.uuid);
    const own = row && readManagedPort(row);
    if (own?.statefulSet !== workload.key || !index.has(own.row._uuid)) return [];
    if (own.ip4 !== outcome.ip4 || own.ip6 !== outcome.ip6 || own.mac !== outcome.mac) return [];
    const former = outcome.status === 'readdressed' ? flight.former.get(outcome.port) : undefined;
    return [{ outcome, own, former }];
  });
}

/** Why a port cannot stay as it was written, if so. `has` are the addresses that it is left with. */
function conflictOf(
  { workload }: Call,
  index: SwitchIndex,
  { outcome, own, former }: Written,
  has = former && ipsOf(former),
): PortError | undefined {
  const subject = subjectOf(workload, outcome.pod, has?.join(' and '));
  for (const ip of ipsOf(own)) {
    const [other] = index.ipOwners(ip, own.row._uuid);
    // What was shared before the move is no fault of the move.
    if (other !== undefined && !(former && ipsOf(former).includes(ip))) {
      return addressInUse(subject, ip, describeHolder(other));
    }
  }
  const [other] = former === undefined ? index.macOwners(own.mac, own.row._uuid) : [];
  return other && macInUse(subject, own.mac, other.name);
}

/** The ports in conflict, and those that were given what these had before. Notes why in `refused`. */
function concernedPorts(
  call: Call,
  index: SwitchIndex,
  ports: readonly Written[],
  refused: Map<string, RefusedPod>,
): Written[] {
  const byUuid = new Map<Uuid, Written>(ports.map((port) => [port.own.row._uuid, port]));
  const concerned = new Set<Written>();
  const queue = ports.flatMap((port): [Written, PortError][] => {
    const error = conflictOf(call, index, port);
    return error === undefined ? [] : [[port, error]];
  });
  for (const [port, error] of queue) {
    if (concerned.has(port)) continue;
    concerned.add(port);
    const { pod, port: name } = port.outcome;
    refused.set(pod, refusedPod(port, error));
    for (const ip of comingBack(port)) {
      for (const { _uuid } of index.ipOwners(ip, port.own.row._uuid)) {
        const taker = byUuid.get(_uuid);
        if (taker === undefined) continue;
        const subject = subjectOf(call.workload, taker.outcome.pod, taker.former && ipsOf(taker.former).join(' and '));
        queue.push([taker, addressInUse(subject, ip, { port: name, retained: false })]);
      }
    }
  }
  return [...concerned];
}

function refusedPod({ outcome: { ordinal, pod, port } }: Written, error: PortError): RefusedPod {
  return { status: 'refused', ordinal, pod, port, error };
}

/** Ports that cannot go back, because somebody else has their former address by now. */
function stuckPorts(
  index: SwitchIndex,
  flights: SwitchFlights,
  flight: Flight,
  concerned: readonly Written[],
): ReadonlySet<Written> {
  const stuck = new Set<Written>();
  const going = new Map<Uuid, Written>(concerned.map((port) => [port.own.row._uuid, port]));
  for (let before = -1; before < stuck.size;) {
    before = stuck.size;
    for (const port of concerned) {
      const isTaken = (ip: string): boolean =>
        flights.claimant(ip, flight) !== undefined ||
        index.ipOwners(ip, port.own.row._uuid).some(({ _uuid }) => {
          const other = going.get(_uuid);
          return other === undefined || stuck.has(other);
        });
      if (comingBack(port).some(isTaken)) stuck.add(port);
    }
  }
  return stuck;
}

function takeBack(
  tx: ManagerTransaction,
  { site, flights }: Committed,
  ports: readonly Written[],
  flight: Flight,
  rules: WriteRules,
): void {
  // As it is now, with the generation that what is taken back has left.
  const logicalSwitch = tx.tables.Logical_Switch.get(site.logicalSwitch._uuid);
  if (logicalSwitch === undefined) return;
  const deleted: Uuid<'Logical_Switch_Port'>[] = [];
  const generation = flights.guard(tx, logicalSwitch, flight);
  for (const port of ports) {
    const { own, former } = port;
    if (former === undefined) {
      guardOwner(tx, own, own.ownerUid);
      deleted.push(own.row._uuid);
      continue;
    }
    for (const ip of comingBack(port)) flights.claim(ip, own.row.name, flight);
    readdress(tx, own, former, rules);
  }
  tx.mutate('Logical_Switch', logicalSwitch._uuid, {
    ...(deleted.length > 0 && { ports: { delete: deleted } }),
    external_ids: { set: { [GENERATION_KEY]: generation } },
  });
}

/** The addresses that a port gets again when it is taken back. */
function comingBack({ own, former }: Written): string[] {
  return former === undefined ? [] : ipsOf(former).filter((ip) => ip !== own.ip4 && ip !== own.ip6);
}
