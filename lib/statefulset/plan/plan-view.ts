/** What a plan is shown: the replica through the indexes of one switch, and the transactions on their way. */
import { tryParseIp, type IpFamily } from '../../ipam/address.js';
import { randomMac } from '../../ipam/mac.js';
import type { Uuid } from '../../schema/uuid.js';
import type { LostPorts } from '../switches/lost-ports.js';
import { portName, readManagedPort, type ManagedPortRow } from '../managed-port.js';
import type { Place } from '../switches/places.js';
import type { AddressHolder, PlanRules, PlanView } from './pod-plan.js';
import type { PortSettingsSource } from '../settings/port-settings.js';
import { NO_SETTINGS, resolveSettings } from '../settings/resolve-settings.js';
import type { ResolvedSettings, SettingsDefaults } from '../settings/resolve-settings.js';
import type { Site } from '../switches/site.js';
import type { Flight } from '../switches/switch-flights.js';
import type { ManagerClient } from '../switches/switch-index.js';
import type { Workload, WorkloadPod } from '../workload.js';

/** What the manager knows besides the database. */
export interface Knowledge {
  /** The settings that the caller gave for ports. */
  readonly settings: PortSettingsSource | undefined;
  readonly defaults: SettingsDefaults;
  readonly lost: LostPorts;
}

/** The view for one plan of the transaction `flight`. */
export class ReplicaView implements PlanView {
  readonly site: Site;
  readonly #client: ManagerClient;
  readonly #workload: Workload;
  readonly #place: Place;
  readonly #flight: Flight;
  readonly #rules: PlanRules;
  readonly #knowledge: Knowledge;
  readonly #hasSettings: boolean;
  readonly #ports: ManagerClient['tables']['Logical_Switch_Port'];
  readonly #routerAddresses: ReadonlyMap<string, string>;

  constructor(
    client: ManagerClient,
    workload: Workload,
    place: Place,
    flight: Flight,
    rules: PlanRules,
    knowledge: Knowledge,
  ) {
    const { site, index } = place;
    const { settings, defaults } = knowledge;
    this.site = site;
    this.#client = client;
    this.#workload = workload;
    this.#place = place;
    this.#flight = flight;
    this.#rules = rules;
    this.#knowledge = knowledge;
    this.#hasSettings =
      settings !== undefined ||
      defaults.portSecurity ||
      site.dhcpv4Options !== undefined ||
      site.dhcpv6Options !== undefined;
    this.#ports = client.tables.Logical_Switch_Port;
    this.#routerAddresses = index.routerAddresses();
  }

  settings(pod: WorkloadPod): ResolvedSettings {
    if (!this.#hasSettings) return NO_SETTINGS;
    const { settings, defaults } = this.#knowledge;
    return resolveSettings(this.#client, settings, defaults, this.site, this.#workload, pod);
  }

  port(name: string): ManagedPortRow | undefined {
    return this.#ports.find({ name });
  }

  switchOf(port: ManagedPortRow): Uuid<'Logical_Switch'> | undefined {
    const { index } = this.#place;
    if (index.has(port._uuid)) return index.uuid;
    return this.#client.tables.Logical_Switch.find({ ports: [port._uuid] })?._uuid;
  }

  routerPort(address: string): string | undefined {
    return this.#routerAddresses.get(address);
  }

  holder(address: string, isExcepted: (port: string) => boolean = () => false): AddressHolder | undefined {
    const { flights, index } = this.#place;
    const claimant = flights.claimant(address, this.#flight);
    if (claimant !== undefined) return { port: claimant, retained: false };
    // Nearly always nobody has it.
    if (!index.isOwned(address)) return undefined;
    const owner = index.owners(address).find(({ name }) => !isExcepted(name));
    return owner && describeHolder(owner);
  }

  pick(family: IpFamily, pod: string): ReturnType<PlanView['pick']> {
    this.#recall(pod);
    const picked = this.#pickAddress(family, pod);
    if (!('ip' in picked)) this.#place.flights.noteExhausted(this.#flight);
    return picked;
  }

  pickMac(pod: string, attempt: number): string {
    this.#recall(pod);
    const { picks } = this.#flight;
    const key = `${pod} mac`;
    const mac = (attempt === 0 ? picks.get(key) : undefined) ?? randomMac();
    picks.set(key, mac);
    return mac;
  }

  claim(address: string, port: string): void {
    this.#place.flights.claim(address, port, this.#flight);
  }

  /** What a pod had that lost its port counts as picked before. */
  #recall(pod: string): void {
    const { namespace, key: statefulSet } = this.#workload;
    const { lost } = this.#knowledge;
    if (lost.isEmpty) return;
    const known = lost.find(portName(namespace, pod), statefulSet);
    if (known === undefined) return;
    const { picks } = this.#flight;
    for (const kind of ['ip4', 'ip6', 'mac'] as const) {
      const address = known[kind];
      const key = `${pod} ${kind}`;
      if (address !== undefined && !picks.has(key)) picks.set(key, address);
    }
  }

  #pickAddress(family: IpFamily, pod: string): ReturnType<PlanView['pick']> {
    const network = family === 4 ? this.site.subnet.v4 : this.site.subnet.v6;
    if (network === undefined) return { total: 0n, used: 0n, excluded: 0n };
    const space = this.#place.index.space(network);
    const { picks } = this.#flight;
    const key = `${pod} ip${family}`;
    const known = picks.get(key);
    const before = known === undefined ? undefined : tryParseIp(known);
    const ip =
      before !== undefined && space.isFree(before)
        ? before
        : this.#rules.pick === 'sequential'
          ? space.firstFree()
          : space.randomFree();
    if (ip === undefined) return { total: space.size, used: space.usedCount, excluded: space.unavailableCount };
    picks.set(key, ip.text);
    return { ip: ip.text };
  }
}

/** How errors tell of a port that has an address: a managed port that is not up is kept for a pod that is gone. */
export function describeHolder(row: ManagedPortRow): AddressHolder {
  return { port: row.name, retained: readManagedPort(row) !== undefined && row.up !== true };
}
