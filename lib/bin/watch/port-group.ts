/** Ports that are shown together, and how many of them are in which state. */
import { compareNames, SortedList } from './sorted-list.js';
import type { PortFacts, WatchedPortRow } from './watched-port.js';

/** How many ports, of all and of each kind. */
export interface PortCounts {
  ports: number;
  up: number;
  down: number;
  retained: number;
  unknown: number;
  /** Ports with other addresses than they were given; they are counted above as well. */
  drifting: number;
}

/** None of anything. */
export function noPorts(): PortCounts {
  return { ports: 0, up: 0, down: 0, retained: 0, unknown: 0, drifting: 0 };
}

/** A port of the model. One object stands for it from its coming to its going. */
export interface WatchedPort {
  row: WatchedPortRow;
  facts: PortFacts;
  /** Where it is shown; undefined while it is on no switch that is watched. */
  group: PortGroup | undefined;
  /** Is it shown under the present filter? */
  isShown: boolean;
}

/** A logical switch of the model. */
export class WatchedSwitch {
  readonly uuid: string;
  name: string;
  /** Its subnets, as its `other_config` says. */
  subnet = '';
  readonly counts: PortCounts = noPorts();
  /** By `namespace/name` of the StatefulSet. */
  readonly sets: Map<string, PortGroup> = new Map<string, PortGroup>();
  readonly sortedSets: SortedList<PortGroup> = new SortedList((a, b) =>
    compareNames(a.statefulSet ?? '', b.statefulSet ?? ''),
  );
  /** The ports that are kept for nobody. */
  readonly others: PortGroup = new PortGroup(this, undefined);

  constructor(uuid: string, name: string) {
    this.uuid = uuid;
    this.name = name;
  }
}

/** The ports of one StatefulSet on one switch, or those of a switch that are kept for none. */
export class PortGroup {
  readonly logicalSwitch: WatchedSwitch;
  /** `namespace/name`; undefined for ports that are kept for nobody. */
  readonly statefulSet: string | undefined;
  readonly counts: PortCounts = noPorts();
  /** Those that the filter lets through. */
  readonly shown: SortedList<WatchedPort>;
  readonly members: Set<WatchedPort> = new Set<WatchedPort>();

  constructor(logicalSwitch: WatchedSwitch, statefulSet: string | undefined) {
    this.logicalSwitch = logicalSwitch;
    this.statefulSet = statefulSet;
    this.shown = new SortedList(statefulSet === undefined ? compareByName : compareByOrdinal);
  }
}

/** Counts a port in, or out (`by` -1). */
export function count(counts: PortCounts, { state, drift }: PortFacts, by: 1 | -1): void {
  counts.ports += by;
  counts[state] += by;
  if (drift !== undefined) counts.drifting += by;
}

function compareByName(a: WatchedPort, b: WatchedPort): number {
  return compareNames(a.facts.name, b.facts.name) || compareUuids(a, b);
}

function compareByOrdinal(a: WatchedPort, b: WatchedPort): number {
  return (a.facts.kept?.ordinal ?? 0) - (b.facts.kept?.ordinal ?? 0) || compareByName(a, b);
}

function compareUuids(a: WatchedPort, b: WatchedPort): number {
  return a.row._uuid < b.row._uuid ? -1 : a.row._uuid > b.row._uuid ? 1 : 0;
}
