/** The lines of the live view, as if all of them were written down: what stands where, without making those nobody sees. */
import type { PortGroup, WatchedPort, WatchedSwitch } from './port-group.js';
import type { WatchModel } from './model.js';

/** What a line shows. */
export type OutlineLine =
  | { readonly kind: 'switch'; readonly logicalSwitch: WatchedSwitch }
  | { readonly kind: 'group'; readonly group: PortGroup }
  | { readonly kind: 'port'; readonly port: WatchedPort; readonly group: PortGroup };

interface Section {
  /** Place of its first line. */
  readonly start: number;
  readonly length: number;
  readonly head: OutlineLine;
  /** Undefined for a switch, and for a group that is closed. */
  readonly group: PortGroup | undefined;
}

/** What tells a line from all others, also after changes. */
export function lineKey(line: OutlineLine): string {
  if (line.kind === 'switch') return `switch ${line.logicalSwitch.uuid}`;
  if (line.kind === 'group') return `group ${line.group.logicalSwitch.uuid} ${line.group.statefulSet ?? ''}`;
  return `port ${line.port.row._uuid}`;
}

/** See the head of this file. Costs as much as there are switches and StatefulSets. */
export class Outline {
  readonly #sections: Section[] = [];
  readonly #starts = new Map<string, number>();
  readonly #portGroups = new Map<PortGroup, number>();
  /** Number of lines. */
  readonly length: number;

  /** `closed`: keys of the lines whose ports are not shown. `isFiltered`: what has no port to show is left out. */
  constructor(model: WatchModel, closed: ReadonlySet<string>, isFiltered: boolean) {
    let start = 0;
    const add = (head: OutlineLine, group: PortGroup | undefined): void => {
      const length = 1 + (group?.shown.size ?? 0);
      this.#starts.set(lineKey(head), start);
      if (group !== undefined) this.#portGroups.set(group, start + 1);
      this.#sections.push({ start, length, head, group });
      start += length;
    };
    for (const logicalSwitch of model.switches) {
      const groups = [...logicalSwitch.sortedSets.members, logicalSwitch.others].filter(
        // A switch without any port is shown by itself.
        ({ members, shown }) => (isFiltered ? shown.size > 0 : members.size > 0),
      );
      if (isFiltered && groups.length === 0) continue;
      const head: OutlineLine = { kind: 'switch', logicalSwitch };
      add(head, undefined);
      if (closed.has(lineKey(head))) continue;
      for (const group of groups) {
        const groupHead: OutlineLine = { kind: 'group', group };
        add(groupHead, closed.has(lineKey(groupHead)) ? undefined : group);
      }
    }
    this.length = start;
  }

  /** The line at a place. */
  at(place: number): OutlineLine | undefined {
    if (place < 0 || place >= this.length) return undefined;
    let [low, high] = [0, this.#sections.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#sections[middle]?.start ?? 0) <= place) low = middle;
      else high = middle - 1;
    }
    const section = this.#sections[low];
    if (section === undefined || section.start === place) return section?.head;
    const { group, start } = section;
    const port = group?.shown.at(place - start - 1);
    return port === undefined || group === undefined ? undefined : { kind: 'port', port, group };
  }

  /** The place of a line, as far as it is shown. */
  placeOf(line: OutlineLine): number | undefined {
    if (line.kind !== 'port') return this.#starts.get(lineKey(line));
    const { group, isShown } = line.port;
    const first = group === undefined || !isShown ? undefined : this.#portGroups.get(group);
    return first === undefined || group === undefined ? undefined : first + group.shown.indexOf(line.port);
  }

  /** The line that another one is under. */
  parentOf(line: OutlineLine): OutlineLine | undefined {
    if (line.kind === 'port') return { kind: 'group', group: line.port.group ?? line.group };
    return line.kind === 'group' ? { kind: 'switch', logicalSwitch: line.group.logicalSwitch } : undefined;
  }
}
