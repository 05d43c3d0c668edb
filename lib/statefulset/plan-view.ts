/** What a plan is shown: the replica through the indexes of one switch, and the transactions on their way. */
import { tryParseIp, type IpFamily } from '../ipam/address.js';
import { randomMac } from '../ipam/mac.js';
import { readManagedPort, type ManagedPortRow } from './managed-port.js';
import type { AddressHolder, PlanRules, PlanView } from './plan.js';
import type { Site } from './site.js';
import type { Flight, SwitchFlights } from './switch-flights.js';
import type { ManagerClient, SwitchIndex } from './switch-index.js';

/** Makes the view for one plan of the transaction `flight`. */
export function planView(
  client: ManagerClient,
  site: Site,
  index: SwitchIndex,
  flights: SwitchFlights,
  flight: Flight,
  rules: PlanRules,
): PlanView {
  const routerAddresses = index.routerAddresses();
  return {
    site,
    port: (name) => client.tables.Logical_Switch_Port.find({ name }),
    isHere: (port) => client.tables.Logical_Switch.find({ ports: [port._uuid] })?._uuid === index.uuid,
    routerPort: (address) => routerAddresses.get(address),
    holder: (address, isExcepted = () => false) => {
      const claimant = flights.claimant(address, flight);
      if (claimant !== undefined) return { port: claimant, retained: false };
      const owners = [...index.ipOwners(address), ...index.macOwners(address)];
      const owner = owners.find(({ name }) => !isExcepted(name));
      return owner && describeHolder(owner);
    },
    pick: (family, pod) => {
      const picked = pickAddress(site, index, routerAddresses, flight, rules, family, pod);
      if (!('ip' in picked)) flights.noteExhausted(flight);
      return picked;
    },
    pickMac: (pod, attempt) => {
      const key = `${pod} mac`;
      const mac = (attempt === 0 ? flight.picks.get(key) : undefined) ?? randomMac();
      flight.picks.set(key, mac);
      return mac;
    },
    claim: (address, port) => flights.claim(address, port, flight),
  };
}

/** How errors tell of a port that has an address: a managed port that is not up is kept for a pod that is gone. */
export function describeHolder(row: ManagedPortRow): AddressHolder {
  return { port: row.name, retained: readManagedPort(row) !== undefined && row.up !== true };
}

function pickAddress(
  site: Site,
  index: SwitchIndex,
  routerAddresses: ReadonlyMap<string, string>,
  flight: Flight,
  rules: PlanRules,
  family: IpFamily,
  pod: string,
): ReturnType<PlanView['pick']> {
  const network = family === 4 ? site.subnet.v4 : site.subnet.v6;
  if (network === undefined) return { total: 0n, used: 0n, excluded: 0n };
  const space = index.space(network, routerAddresses.keys());
  const key = `${pod} ip${family}`;
  const before = tryParseIp(flight.picks.get(key) ?? '');
  const ip =
    before !== undefined && space.isFree(before)
      ? before
      : rules.pick === 'sequential'
        ? space.firstFree()
        : space.randomFree();
  if (ip === undefined) return { total: space.size, used: space.usedCount, excluded: space.unavailableCount };
  flight.picks.set(key, ip.text);
  return { ip: ip.text };
}
