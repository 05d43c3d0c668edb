/** How settings are written: what a new port gets, and what a kept one lacks. Addresses are never among it. */
import { canonicalIp } from '../../ipam/address.js';
import { canonicalMac } from '../../ipam/mac.js';
import type { ManagedPortRow } from '../managed-port.js';
import type { ManagerTransaction } from '../allocation/port-transactions.js';
import type { ResolvedSettings, SettledColumns } from './resolve-settings.js';

/** Columns of a port that settings speak of, but for `external_ids`. */
export interface SettingsColumns extends SettledColumns {
  readonly port_security?: readonly string[];
  /** The whole map. */
  readonly options?: Readonly<Record<string, string>>;
}

/** Keys of `external_ids` that settings change. */
export interface ExternalIdsChange {
  readonly set: Readonly<Record<string, string>>;
  readonly delete: readonly string[];
}

/** Columns of a new port besides name, addresses and `external_ids`. */
export function newPortColumns(settings: ResolvedSettings, addressElement: string): SettingsColumns {
  const options = withKeys({}, settings.options);
  return {
    ...settings.columns,
    ...(settings.portSecurity === true && { port_security: [addressElement] }),
    ...(Object.keys(options).length > 0 && { options }),
  };
}

/** The `external_ids` of a new port that come from its settings; none of them is a key of the manager. */
export function newExternalIds(settings: ResolvedSettings): Record<string, string> {
  return withKeys({}, settings.externalIds);
}

/**
 * The columns of a kept port that are not as the settings say, with the values that they must get; undefined when all
 * are. Only what the settings name is looked at. Send it with `verify` of the same columns: `options` is the whole map.
 * For a port that gets other addresses, `addressElement` is the new one; see {@link replaceSecurity}.
 */
export function changedColumns(
  row: ManagedPortRow,
  settings: ResolvedSettings,
  addressElement: string,
): SettingsColumns | undefined {
  const changes: { -readonly [C in keyof SettingsColumns]: SettingsColumns[C] } = {};
  const { enabled, ...columns } = settings.columns;
  if (enabled !== undefined && (row.enabled ?? true) !== enabled) changes.enabled = enabled;
  for (const [column, value] of Object.entries(columns)) {
    if (row[column as keyof typeof columns] !== value) Object.assign(changes, { [column]: value });
  }
  const isSecured = row.port_security.length > 0;
  if (settings.portSecurity === true && !isSecured) changes.port_security = [addressElement];
  if (settings.portSecurity === false && isSecured) changes.port_security = [];
  if (differingKeys(row.options, settings.options).length > 0)
    changes.options = withKeys(row.options, settings.options);
  return Object.keys(changes).length === 0 ? undefined : changes;
}

/**
 * Lets the transaction pass only while the rows of `DHCP_Options` exist that the columns refer to: the database would
 * drop the reference otherwise, and nobody would know. Each row is asked for once in a transaction.
 */
export function guardReferences(tx: ManagerTransaction, columns: SettledColumns | undefined): void {
  for (const uuid of [columns?.dhcpv4_options, columns?.dhcpv6_options]) {
    if (uuid === undefined) continue;
    let guarded = guardedReferences.get(tx);
    if (guarded === undefined) guardedReferences.set(tx, (guarded = new Set()));
    if (guarded.has(uuid)) continue;
    guarded.add(uuid);
    tx.ensureExists('DHCP_Options', uuid);
  }
}

const guardedReferences = new WeakMap<ManagerTransaction, Set<string>>();

/** The keys of `external_ids` of a kept port that are not as the settings say; undefined when all are. */
export function changedExternalIds(row: ManagedPortRow, settings: ResolvedSettings): ExternalIdsChange | undefined {
  const wanted = settings.externalIds;
  const keys = differingKeys(row.external_ids, wanted);
  if (keys.length === 0) return undefined;
  const changes = Object.fromEntries(keys.map((key) => [key, wanted[key]]));
  return { set: withKeys({}, changes), delete: keys.filter((key) => wanted[key] === undefined) };
}

/**
 * The `port_security` of a port whose addresses change: wherever an element allows the old MAC address, it allows the
 * new one; wherever it names an old IP address with it, it names the new ones. Everything else in it stays. Undefined
 * when nothing changes. `oldElement` and `newElement` are elements of `addresses`, `MAC IP...`.
 */
export function replaceSecurity(row: ManagedPortRow, oldElement: string, newElement: string): string[] | undefined {
  const before = readElement(oldElement);
  const after = readElement(newElement);
  const elements = row.port_security.map((element) => replaceAddresses(element, before, after));
  return elements.some((element, i) => element !== row.port_security[i]) ? [...new Set(elements)] : undefined;
}

interface Element {
  readonly mac: string | undefined;
  readonly ips: readonly string[];
}

function wordsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function readElement(text: string): Element {
  const [mac = '', ...ips] = wordsOf(text);
  return { mac: canonicalMac(mac), ips: ips.flatMap((ip) => canonicalIp(ip) ?? []) };
}

function replaceAddresses(element: string, before: Element, after: Element): string {
  const words = wordsOf(element);
  const { mac } = after;
  // An element may begin with a keyword; the first MAC address in it is the port's.
  const at = words.findIndex((word) => canonicalMac(word) !== undefined);
  if (at < 0 || mac === undefined || canonicalMac(words[at] ?? '') !== before.mac) return element;
  const isOld = (word: string): boolean => before.ips.includes(canonicalIp(word) ?? '');
  const firstIp = words.findIndex(isOld);
  const isSame = before.mac === mac && before.ips.join(' ') === after.ips.join(' ');
  if (isSame || (firstIp < 0 && before.mac === mac)) return element;
  return words
    .flatMap((word, i) => {
      if (i === at) return [mac];
      if (i === firstIp) return after.ips;
      return isOld(word) || (firstIp >= 0 && after.ips.includes(canonicalIp(word) ?? '')) ? [] : [word];
    })
    .join(' ');
}

function differingKeys(
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string | undefined>>,
): string[] {
  return Object.keys(wanted).filter((key) => wanted[key] !== (Object.hasOwn(present, key) ? present[key] : undefined));
}

/** A map with some keys set, and those removed that are undefined. */
export function withKeys(
  present: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const merged = Object.entries({ ...present, ...wanted });
  return Object.fromEntries(merged.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
