/** What there is to tell of a change, in words. */
import { portAddressTexts, portNotes, type PortFacts, type WatchedPortRow } from './watched-port.js';

/** One change, for people. */
export interface WatchEvent {
  /** Name of the switch that it is about. */
  readonly logicalSwitch: string;
  /** Name of the port; undefined when it is about the switch itself. */
  readonly subject: string | undefined;
  readonly text: string;
}

/** A port at one moment. */
export interface PortMoment {
  readonly row: WatchedPortRow;
  readonly facts: PortFacts;
}

/** A switch came, went, or has another name. `before` and `after` are its names; undefined while it is not watched. */
export function switchEvents(before: string | undefined, after: string | undefined): WatchEvent[] {
  if (before === after) return [];
  if (before === undefined) return [{ logicalSwitch: after ?? '', subject: undefined, text: 'switch created' }];
  const text = after === undefined ? 'switch deleted' : `switch renamed to ${after}`;
  return [{ logicalSwitch: before, subject: undefined, text }];
}

/** A port came (`before` undefined), went (`after` undefined), or changed in the columns named. */
export function portEvents(
  logicalSwitch: string,
  before: PortMoment | undefined,
  after: PortMoment | undefined,
  columns: readonly string[],
): WatchEvent[] {
  const subject = (after ?? before)?.facts.name ?? '';
  const text =
    after === undefined
      ? `deleted${addressed(before, ', had')}`
      : before === undefined
        ? `created${addressed(after, ', has')}${stateWords(after.facts)}`
        : changeWords(before, after, columns);
  return text === '' ? [] : [{ logicalSwitch, subject, text }];
}

function changeWords(before: PortMoment, after: PortMoment, columns: readonly string[]): string {
  const [{ facts: old }, { facts: now }] = [before, after];
  const words: string[] = [];
  if (old.name !== now.name) words.push(`renamed from ${old.name}`);
  if (old.kept?.statefulSet !== now.kept?.statefulSet || old.kept?.ordinal !== now.kept?.ordinal) {
    words.push(now.kept === undefined ? 'no longer kept' : `kept for ${now.kept.statefulSet}`);
  }
  if (old.state !== now.state) words.push(STATES[now.state]);
  if (columns.includes('addresses')) words.push(`addresses ${addressText(before)} -> ${addressText(after)}`);
  if (now.drift !== undefined && old.drift !== now.drift) words.push(`drifts: ${now.drift}`);
  if (old.drift !== undefined && now.drift === undefined) words.push('drifts no more');
  if (old.kept !== undefined && now.kept !== undefined && old.kept.podUid !== now.kept.podUid) {
    words.push(now.kept.podUid === undefined ? 'its pod is not known any more' : 'used by another pod');
  }
  if (columns.includes('enabled')) words.push(after.row.enabled === false ? 'disabled' : 'enabled');
  if (columns.includes('type')) words.push(`type "${after.row.type}"`);
  // Whatever else: that something was written is worth a line.
  if (words.length === 0 && columns.length > 0) words.push(`${columns.join(', ')} changed`);
  return words.join(', ');
}

const STATES: Readonly<Record<PortFacts['state'], string>> = {
  up: 'up',
  down: 'down',
  retained: 'down: retained for its pod',
  unknown: 'nobody says whether it is up',
};

function stateWords({ state, kept }: PortFacts): string {
  return `${kept === undefined ? '' : ` for ${kept.statefulSet}`}${state === 'up' ? ', up' : ''}`;
}

function addressed(moment: PortMoment | undefined, word: string): string {
  const ip = moment === undefined ? '' : portAddressTexts(moment.row).ip;
  return ip === '' ? '' : `${word} ${ip}`;
}

function addressText({ row }: PortMoment): string {
  return row.addresses.length === 0 ? 'none' : portAddressTexts(row).ip || row.addresses.join(' and ');
}

/** What is to be said of a port beside its line. */
export function portDetail({ row, facts }: PortMoment): string {
  const { name, kept } = facts;
  return [`${name}${kept === undefined ? '' : `, kept for ${kept.statefulSet}`}`, ...portNotes(row, facts)].join('; ');
}
