/**
 * What the live view shows, made of rows and kept up to date by their changes. It knows no client and no terminal. A
 * change costs as much as it changes, however many ports there are: counts are carried along, and nothing is put in
 * order before somebody looks.
 */
import type { RowChange } from '../../replica/replica.js';
import { setDifference, type RowData } from '../../replica/row.js';
import type { ManifestWishes } from './manifest-wishes.js';
import { count, noPorts, PortGroup, WatchedSwitch, type PortCounts, type WatchedPort } from './port-group.js';
import { compareNames, SortedList } from './sorted-list.js';
import { portEvents, switchEvents, type WatchEvent } from './watch-event.js';
import { portFacts, type WatchedPortRow } from './watched-port.js';

/** The columns of a switch that the view needs. */
export const SWITCH_COLUMNS = ['name', 'ports', 'other_config'] as const;

/** A row with those columns. */
export interface WatchedSwitchRow {
  readonly _uuid: string;
  readonly name: string;
  readonly ports: readonly string[];
  readonly other_config: Readonly<Record<string, string>>;
}

/** Which ports are shown. */
export type PortFilter = (port: WatchedPort) => boolean;

/** See the head of this file. */
export class WatchModel {
  /** Of all switches that are watched. */
  readonly counts: PortCounts = noPorts();
  /** Raised with each change. */
  revision = 0;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #wishes: ManifestWishes | undefined;
  readonly #switches = new Map<string, WatchedSwitch>();
  readonly #sortedSwitches = new SortedList<WatchedSwitch>(
    (a, b) => compareNames(a.name, b.name) || compareNames(a.uuid, b.uuid),
  );
  readonly #ports = new Map<string, WatchedPort>();
  /** By uuid of the port. */
  readonly #switchOf = new Map<string, WatchedSwitch>();
  readonly #setUses = new Map<string, number>();
  #filter: PortFilter | undefined;

  /** `wanted`: names or uuids of the switches to watch; all if undefined. `wishes`: what ports are compared with. */
  constructor(wanted?: readonly string[], wishes?: ManifestWishes) {
    this.#wanted = wanted && new Set(wanted);
    this.#wishes = wishes;
  }

  /** The switches that are watched, by name. */
  get switches(): readonly WatchedSwitch[] {
    return this.#sortedSwitches.members;
  }

  /** Number of StatefulSets that ports are kept for. */
  get statefulSets(): number {
    return this.#setUses.size;
  }

  /** Number of ports that the filter lets through. */
  get shownPorts(): number {
    if (this.#filter === undefined) return this.counts.ports;
    let shown = 0;
    for (const { sets, others } of this.#switches.values()) {
      shown += others.shown.size;
      for (const set of sets.values()) shown += set.shown.size;
    }
    return shown;
  }

  /** Switches that were asked for and are not there. */
  get missing(): readonly string[] {
    const known = new Set(Array.from(this.#switches.values(), ({ uuid, name }) => [uuid, name]).flat());
    return [...(this.#wanted ?? [])].filter((nameOrUuid) => !known.has(nameOrUuid));
  }

  /** The rows that are there at first. */
  load(switches: Iterable<WatchedSwitchRow>, ports: Iterable<WatchedPortRow>): void {
    for (const row of switches) this.#putSwitch(row, undefined, new Map());
    for (const row of ports) this.#putPort(row);
    this.revision++;
  }

  /**
   * Takes over what changed. Returns what there is to tell of it, at most `most` events and, where there were more, the
   * last of them.
   */
  apply(changes: readonly RowChange[], most: number = Infinity): WatchEvent[] {
    const events: WatchEvent[] = [];
    const tell = (told: readonly WatchEvent[]): void => {
      events.push(...told);
      if (events.length > 2 * most) events.splice(0, events.length - most);
    };
    /** Ports that are on another switch than before, with that one. */
    const movedFrom = new Map<string, WatchedSwitch>();
    for (const change of changes) {
      if (change.table !== 'Logical_Switch' || change.type === 'delete') continue;
      const row = change.row as unknown as WatchedSwitchRow;
      const name = this.#switches.get(row._uuid)?.name;
      this.#putSwitch(row, change.type === 'update' ? change : undefined, movedFrom);
      tell(switchEvents(name, this.#isWanted(row) ? row.name : undefined));
    }
    for (const change of changes) {
      if (change.table !== 'Logical_Switch_Port') continue;
      const { _uuid: uuid } = change.row;
      const former = this.#ports.get(uuid);
      // What is there is changed in its place.
      const [place, before, rowBefore] = [former?.group?.logicalSwitch ?? movedFrom.get(uuid), former?.facts, former?.row]; // prettier-ignore
      const row = change.row as unknown as WatchedPortRow;
      if (change.type === 'delete') this.#deletePort(uuid);
      else this.#putPort(row);
      const at = this.#switchOf.get(uuid) ?? place;
      if (at === undefined) continue;
      const after = change.type === 'delete' ? undefined : { row, facts: portFacts(row, this.#wishes) };
      const old = former && { row: rowBefore ?? row, facts: before ?? former.facts };
      tell(portEvents(at.name, old, after, change.type === 'update' ? change.columns : []));
    }
    for (const [uuid, from] of movedFrom) {
      const to = this.#switchOf.get(uuid);
      const port = this.#ports.get(uuid);
      if (port === undefined || to === undefined || to === from) continue;
      tell([{ logicalSwitch: to.name, subject: port.facts.name, text: `moved here from ${from.name}` }]);
    }
    for (const change of changes) {
      if (change.table !== 'Logical_Switch' || change.type !== 'delete') continue;
      tell(switchEvents(this.#switches.get(change.row._uuid)?.name, undefined));
      this.#deleteSwitch(change.row as unknown as WatchedSwitchRow);
    }
    this.revision++;
    return events.length > most ? events.slice(-most) : events;
  }

  /** Shows other ports from now on; all without a filter. Costs a look at each port. */
  setFilter(filter: PortFilter | undefined): void {
    this.#filter = filter;
    for (const { sets, others } of this.#switches.values()) {
      for (const group of [...sets.values(), others]) {
        for (const port of group.members) this.#show(port, filter?.(port) ?? true);
      }
    }
    this.revision++;
  }

  #isWanted({ _uuid, name }: WatchedSwitchRow): boolean {
    return this.#wanted === undefined || this.#wanted.has(name) || this.#wanted.has(_uuid);
  }

  #putSwitch(
    row: WatchedSwitchRow,
    change: Extract<RowChange, { type: 'update' }> | undefined,
    movedFrom: Map<string, WatchedSwitch>,
  ): void {
    const present = this.#switches.get(row._uuid);
    if (!this.#isWanted(row)) {
      if (present !== undefined) this.#deleteSwitch((change?.old as unknown as WatchedSwitchRow | undefined) ?? row);
      return;
    }
    const at = present ?? new WatchedSwitch(row._uuid, row.name);
    const { subnet = '', ipv6_prefix: prefix = '' } = row.other_config;
    at.subnet = [subnet, prefix].filter((text) => text !== '').join(',');
    if (present === undefined) {
      this.#switches.set(at.uuid, at);
      this.#sortedSwitches.add(at);
    } else if (present.name !== row.name) {
      this.#sortedSwitches.remove(at);
      // It is taken out by the name that it had.
      this.#sortedSwitches.settle();
      at.name = row.name;
      this.#sortedSwitches.add(at);
    }
    if (present === undefined || change === undefined) {
      for (const uuid of row.ports) this.#attach(uuid, at, movedFrom);
    } else if (change.columns.includes('ports')) {
      const { added, removed } = setDifference(change.old, row as unknown as RowData, 'ports');
      for (const uuid of removed) this.#detach(String(uuid), at, movedFrom);
      for (const uuid of added) this.#attach(String(uuid), at, movedFrom);
    }
  }

  #attach(uuid: string, at: WatchedSwitch, movedFrom: Map<string, WatchedSwitch>): void {
    const from = this.#switchOf.get(uuid);
    if (from !== undefined && from !== at) movedFrom.set(uuid, from);
    this.#switchOf.set(uuid, at);
    const port = this.#ports.get(uuid);
    if (port !== undefined) this.#place(port);
  }

  #detach(uuid: string, at: WatchedSwitch, movedFrom: Map<string, WatchedSwitch>): void {
    // The switch that it went to may have been told first.
    if (this.#switchOf.get(uuid) !== at) return;
    this.#switchOf.delete(uuid);
    movedFrom.set(uuid, at);
    const port = this.#ports.get(uuid);
    if (port !== undefined) this.#place(port);
  }

  #deleteSwitch({ _uuid, ports }: WatchedSwitchRow): void {
    const at = this.#switches.get(_uuid);
    if (at === undefined) return;
    for (const uuid of ports) {
      if (this.#switchOf.get(uuid) !== at) continue;
      this.#switchOf.delete(uuid);
      const port = this.#ports.get(uuid);
      if (port !== undefined) this.#place(port);
    }
    this.#switches.delete(_uuid);
    this.#sortedSwitches.remove(at);
  }

  #putPort(row: WatchedPortRow): void {
    const facts = portFacts(row, this.#wishes);
    const present = this.#ports.get(row._uuid);
    if (present === undefined) {
      const port: WatchedPort = { row, facts, group: undefined, isShown: false };
      this.#ports.set(row._uuid, port);
      this.#place(port);
      return;
    }
    const { facts: before, group } = present;
    const keepsPlace =
      facts.name === before.name &&
      facts.kept?.statefulSet === before.kept?.statefulSet &&
      facts.kept?.ordinal === before.kept?.ordinal;
    if (!keepsPlace) {
      // What it is ordered by has changed, so it goes, and another one comes.
      this.#takeOut(present);
      const port: WatchedPort = { row, facts, group: undefined, isShown: false };
      this.#ports.set(row._uuid, port);
      this.#place(port);
      return;
    }
    present.row = row;
    present.facts = facts;
    if (group === undefined) return;
    this.#count(group, before, -1);
    this.#count(group, facts, 1);
    this.#show(present, this.#filter?.(present) ?? true);
  }

  #deletePort(uuid: string): void {
    const port = this.#ports.get(uuid);
    if (port !== undefined) this.#takeOut(port);
    this.#ports.delete(uuid);
    this.#switchOf.delete(uuid);
  }

  /** Puts a port where it belongs by now. */
  #place(port: WatchedPort): void {
    const at = this.#switchOf.get(port.row._uuid);
    const group = at && this.#groupOf(at, port.facts.kept?.statefulSet);
    if (group === port.group) return;
    this.#takeOut(port);
    if (group === undefined) return;
    group.members.add(port);
    port.group = group;
    this.#count(group, port.facts, 1);
    this.#show(port, this.#filter?.(port) ?? true);
  }

  #takeOut(port: WatchedPort): void {
    const { group } = port;
    if (group === undefined) return;
    this.#show(port, false);
    group.members.delete(port);
    port.group = undefined;
    this.#count(group, port.facts, -1);
    const { statefulSet, logicalSwitch } = group;
    if (group.members.size > 0 || statefulSet === undefined) return;
    logicalSwitch.sets.delete(statefulSet);
    logicalSwitch.sortedSets.remove(group);
    this.#countSet(statefulSet, -1);
  }

  #show(port: WatchedPort, isShown: boolean): void {
    if (port.isShown === isShown || port.group === undefined) return;
    port.isShown = isShown;
    if (isShown) port.group.shown.add(port);
    else port.group.shown.remove(port);
  }

  #count(group: PortGroup, facts: WatchedPort['facts'], by: 1 | -1): void {
    for (const counts of [group.counts, group.logicalSwitch.counts, this.counts]) count(counts, facts, by);
  }

  /** A StatefulSet may have ports on several switches. */
  #countSet(statefulSet: string, by: 1 | -1): void {
    const uses = (this.#setUses.get(statefulSet) ?? 0) + by;
    if (uses === 0) this.#setUses.delete(statefulSet);
    else this.#setUses.set(statefulSet, uses);
  }

  #groupOf(at: WatchedSwitch, statefulSet: string | undefined): PortGroup {
    if (statefulSet === undefined) return at.others;
    let group = at.sets.get(statefulSet);
    if (group === undefined) {
      group = new PortGroup(at, statefulSet);
      at.sets.set(statefulSet, group);
      at.sortedSets.add(group);
      this.#countSet(statefulSet, 1);
    }
    return group;
  }
}
