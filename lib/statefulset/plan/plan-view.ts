/** What a plan is shown: the replica through the indexes of one switch, and the transactions on their way. */
import { tryParseIp, type IpFamily } from '../../ipam/address.js';
import { randomMac } from '../../ipam/mac.js';
import type { LostPorts } from '../switches/lost-ports.js';
import { portName, readManagedPort, type ManagedPortRow } from '../managed-port.js';
import type { Place } from '../switches/places.js';
import type { AddressHolder, PlanRules, PlanView } from './pod-plan.js';
import type { PortSettingsSource } from '../settings/port-settings.js';
import { NO_SETTINGS, resolveSettings, type SettingsDefaults } from '../settings/resolve-settings.js';
import type { Site } from '../switches/site.js';
import type { Flight } from '../switches/switch-flights.js';
import type { ManagerClient, SwitchIndex } from '../switches/switch-index.js';
import type { Workload } from '../workload.js';

/** What the manager knows besides the database. */
export interface Knowledge {
  /** The settings that the caller gave for ports. */
  readonly settings: PortSettingsSource | undefined;
  readonly defaults: SettingsDefaults;
  readonly lost: LostPorts;
}

/** Makes the view for one plan of the transaction `flight`. */
export function planView(
  client: ManagerClient,
  workload: Workload,
  { site, index, flights }: Place,
  flight: Flight,
  rules: PlanRules,
  { settings, defaults, lost }: Knowledge,
): PlanView {
  const routerAddresses = index.routerAddresses();
  const hasSettings =
    settings !== undefined ||
    defaults.portSecurity ||
    site.dhcpv4Options !== undefined ||
    site.dhcpv6Options !== undefined;
  /** What a pod had that lost its port counts as picked before. */
  const recall = (pod: string): void => {
    const known = lost.find(portName(workload.namespace, pod), workload.key);
    if (known === undefined) return;
    for (const [kind, address] of [
      ['ip4', known.ip4],
      ['ip6', known.ip6],
      ['mac', known.mac],
    ] as const) {
      const key = `${pod} ${kind}`;
      if (address !== undefined && !flight.picks.has(key)) flight.picks.set(key, address);
    }
  };
  return {
    site,
    settings: (pod) => (hasSettings ? resolveSettings(client, settings, defaults, site, workload, pod) : NO_SETTINGS),
    port: (name) => client.tables.Logical_Switch_Port.find({ name }),
    switchOf: (port) =>
      index.has(port._uuid) ? index.uuid : client.tables.Logical_Switch.find({ ports: [port._uuid] })?._uuid,
    routerPort: (address) => routerAddresses.get(address),
    holder: (address, isExcepted = () => false) => {
      const claimant = flights.claimant(address, flight);
      if (claimant !== undefined) return { port: claimant, retained: false };
      const owner = index.owners(address).find(({ name }) => !isExcepted(name));
      return owner && describeHolder(owner);
    },
    pick: (family, pod) => {
      recall(pod);
      const picked = pickAddress(site, index, flight, rules, family, pod);
      if (!('ip' in picked)) flights.noteExhausted(flight);
      return picked;
    },
    pickMac: (pod, attempt) => {
      recall(pod);
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
  flight: Flight,
  rules: PlanRules,
  family: IpFamily,
  pod: string,
): ReturnType<PlanView['pick']> {
  const network = family === 4 ? site.subnet.v4 : site.subnet.v6;
  if (network === undefined) return { total: 0n, used: 0n, excluded: 0n };
  const space = index.space(network);
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
