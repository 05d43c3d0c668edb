/**
 * Looks for what should not be there, and cannot be mended without knowing what people mean. It reads the replica and
 * the indexes, sends nothing, and costs as much as the ports of the switches asked for.
 */
import { canonicalMac } from '../../ipam/mac.js';
import { NorthboundError } from '../../nb/northbound-error.js';
import type { Uuid } from '../../schema/uuid.js';
import {
  AUDIT_KINDS,
  type AmbiguousSwitchFinding,
  type AuditFinding,
  type ForeignPortFinding,
  type SharedAddressFinding,
  type UnreadablePortFinding,
} from './audit-finding.js';
import { auditKeptPort } from './audit-kept-port.js';
import { recogniseForeignPod, type ForeignPod } from './foreign-port.js';
import { PORT_KEYS, portName, readManagedPort, type ManagedPort, type ManagedPortRow } from '../managed-port.js';
import { NamespacePlaces } from './namespace-places.js';
import { hasManagerKeys, portKeyFaults } from './port-key-faults.js';
import type { NamespaceSubnets, Site } from '../switches/site.js';
import type { ManagerClient, SwitchIndex, SwitchIndexes } from '../switches/switch-index.js';

/** What to look at. */
export interface AuditScope {
  /** Where the ports of namespaces belong. */
  readonly subnets: NamespaceSubnets;
  /** Names or uuids of the switches to look at. Default: all. */
  readonly logicalSwitches: readonly string[] | undefined;
}

/** Ports that a message names at most. */
const MAX_NAMED = 10;

/** Made at the first comparison: it takes milliseconds, which who imports the library should not wait for. */
let collator: Intl.Collator | undefined;

/** Orders names as people do: `web-2` before `web-10`. */
function compareNames(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b);
}

/**
 * All findings, by switch, then by kind in the order of {@link AUDIT_KINDS}, then by port. Throws `NorthboundError`
 * `SwitchNotFound` for a name or uuid that no switch has, and what a function `subnets` throws.
 */
export function auditPorts(
  client: ManagerClient,
  indexes: SwitchIndexes,
  { subnets, logicalSwitches }: AuditScope,
): AuditFinding[] {
  const named = logicalSwitches && new Set(logicalSwitches);
  const known = new Set<string>();
  const selected: Site['logicalSwitch'][] = [];
  const uuidsByName = new Map<string, Uuid<'Logical_Switch'>[]>();
  for (const row of client.tables.Logical_Switch.values()) {
    const { name, _uuid } = row;
    known.add(name).add(_uuid);
    appendTo(uuidsByName, name, _uuid);
    if (named === undefined || named.has(name) || named.has(_uuid)) selected.push(row);
  }
  for (const nameOrUuid of logicalSwitches ?? []) {
    if (known.has(nameOrUuid)) continue;
    throw new NorthboundError('SwitchNotFound', `audit: there is no logical switch "${nameOrUuid}"`);
  }
  selected.sort((a, b) => compareNames(a.name, b.name) || (a._uuid < b._uuid ? -1 : 1));
  const places = new NamespacePlaces(client, subnets);
  const found = selected.map((row) => auditSwitch(client, indexes.of(row._uuid), row, places));
  // Last, because only then a function has been asked for the namespaces that have ports.
  return selected.flatMap(({ name }, i) => {
    const uuids = selected[i - 1]?.name === name ? [] : (uuidsByName.get(name) ?? []);
    return [...ambiguousSwitch(name, uuids, places), ...(found[i] ?? [])];
  });
}

function auditSwitch(
  client: ManagerClient,
  index: SwitchIndex,
  { name: logicalSwitch, ports }: Site['logicalSwitch'],
  places: NamespacePlaces,
): AuditFinding[] {
  const findings: AuditFinding[] = sharedAddresses(index, logicalSwitch);
  const kept: ManagedPort[] = [];
  const byPod = new Map<string, string[]>();
  for (const uuid of ports) {
    const row = client.tables.Logical_Switch_Port.get(uuid);
    if (row === undefined) continue;
    if (!hasManagerKeys(row.external_ids)) {
      const pod = recogniseForeignPod(row);
      if (pod !== undefined) findings.push(foreignPort(client, row, pod, logicalSwitch));
      continue;
    }
    const faults = portKeyFaults(row.external_ids);
    const port = faults.length === 0 ? readManagedPort(row) : undefined;
    if (port === undefined) {
      findings.push(unreadablePort(row, faults, logicalSwitch));
      continue;
    }
    kept.push(port);
    appendTo(byPod, port.pod, row.name);
  }
  const routerAddresses = index.routerAddresses();
  for (const port of kept) {
    const place = places.of(port.statefulSet);
    const duplicates = duplicatesOf(client, port, byPod);
    findings.push(...auditKeptPort(port, { logicalSwitch, index, routerAddresses, place, duplicates }));
  }
  const ranks = new Map(AUDIT_KINDS.map((kind, rank) => [kind, rank]));
  return findings.sort(
    (a, b) => (ranks.get(a.kind) ?? 0) - (ranks.get(b.kind) ?? 0) || compareNames(subjectOf(a), subjectOf(b)),
  );
}

function sharedAddresses(index: SwitchIndex, logicalSwitch: string): SharedAddressFinding[] {
  return Array.from(index.sharedAddresses(), ({ address, ports: rows }): SharedAddressFinding => {
    const ports = rows
      .map((row) => ({ name: row.name, statefulSet: readManagedPort(row)?.statefulSet }))
      .sort((a, b) => compareNames(a.name, b.name));
    const names = ports
      .slice(0, MAX_NAMED)
      .map(({ name, statefulSet }) => (statefulSet === undefined ? name : `${name} (kept for ${statefulSet})`));
    if (ports.length > names.length) names.push(`${ports.length - names.length} more`);
    const message = `${address} belongs to several ports of switch "${logicalSwitch}": ${list(names)}; delete all but one of them, or give them other addresses`;
    return { kind: 'shared-address', logicalSwitch, address, ports, message };
  });
}

function unreadablePort(
  { name: port }: ManagedPortRow,
  keys: UnreadablePortFinding['keys'],
  logicalSwitch: string,
): UnreadablePortFinding {
  const faults = keys.map(({ key, value, reason }) => (value === undefined ? key : `${key}="${value}"`) + ` ${reason}`);
  const message = `port ${port} on switch "${logicalSwitch}" has keys of a kept port in its external_ids that make none: ${list(faults)}; put them right, have adopt take the port over, or delete it if no pod uses it`;
  return { kind: 'unreadable-port', logicalSwitch, port, keys, message };
}

function foreignPort(
  client: ManagerClient,
  row: ManagedPortRow,
  foreign: ForeignPod,
  logicalSwitch: string,
): ForeignPortFinding {
  const { name: port, addresses, external_ids: ids } = row;
  const vendor = ids[PORT_KEYS.vendor];
  const expected = nameOf(foreign.pod);
  const isNamed = port !== expected && client.tables.Logical_Switch_Port.find({ name: expected }) !== undefined;
  const advice = isNamed
    ? `that pod has port ${expected} as well: delete the one that it does not use`
    : `adopt can take it over${ADOPTION[foreign.naming]}`;
  const message = `port ${port} on switch "${logicalSwitch}" looks like that of pod ${foreign.pod} of StatefulSet ${foreign.statefulSet}, but ${vendor === undefined ? 'somebody else' : `"${vendor}"`} made it; ${advice}`;
  return { kind: 'foreign-port', logicalSwitch, port, ...foreign, vendor, addresses, message };
}

const ADOPTION: Readonly<Record<ForeignPod['naming'], string>> = {
  'pod.namespace': '',
  namespace_pod: " with existingName 'namespace_pod'",
  external_ids: ' when existingName is a function that gives its name',
};

function ambiguousSwitch(
  logicalSwitch: string,
  uuids: readonly Uuid<'Logical_Switch'>[],
  places: NamespacePlaces,
): AmbiguousSwitchFinding[] {
  const namespaces = uuids.length > 1 ? places.named(logicalSwitch) : [];
  if (namespaces.length === 0) return [];
  const whose = `namespace${namespaces.length === 1 ? '' : 's'} ${list(namespaces.slice(0, MAX_NAMED))}`;
  const message = `${uuids.length} switches are named "${logicalSwitch}" (${uuids.join(', ')}), so pods of ${whose} get no ports; delete or rename all but one, or give the uuid in "subnets"`;
  return [{ kind: 'ambiguous-switch', logicalSwitch, uuids, namespaces, message }];
}

/** Other ports of the same pod: those on the switch, and the one that has the pod's name, wherever it is. */
function duplicatesOf(
  client: ManagerClient,
  { row, pod }: ManagedPort,
  byPod: ReadonlyMap<string, readonly string[]>,
): string[] {
  const name = nameOf(pod);
  const named = row.name === name ? undefined : client.tables.Logical_Switch_Port.find({ name });
  const names = new Set(byPod.get(pod));
  if (named !== undefined && readManagedPort(named)?.pod === pod) names.add(named.name);
  names.delete(row.name);
  return [...names].sort(compareNames);
}

/** What findings of one kind are listed by. IP addresses come before MAC addresses. */
function subjectOf(finding: AuditFinding): string {
  if (finding.kind === 'ambiguous-switch') return '';
  if (finding.kind !== 'shared-address') return finding.port;
  return canonicalMac(finding.address) === undefined ? `ip ${finding.address}` : `mac ${finding.address}`;
}

/** Name of the port of `namespace/pod`. */
function nameOf(pod: string): string {
  const slash = pod.indexOf('/');
  return portName(pod.slice(0, slash), pod.slice(slash + 1));
}

function appendTo<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const present = lists.get(key);
  if (present === undefined) lists.set(key, [value]);
  else present.push(value);
}

function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}
