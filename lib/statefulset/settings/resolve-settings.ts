/** Turns the settings of a pod's port into values of columns: everything that they name is looked up and checked. */
import { NotMonitoredError } from '../../errors.js';
import { parseCidr } from '../../ipam/cidr.js';
import { AddressError } from '../../ipam/errors.js';
import type { Uuid } from '../../schema/uuid.js';
import { ipsOf, portName, readManagedPort, type ManagedPort, type ManagedPortRow } from '../managed-port.js';
import { PortError, type PortErrorCode, type PortErrorDetails } from '../port-error.js';
import { portGroupsOf } from './port-groups.js';
import {
  findSettingsFault,
  type PortSettings,
  type PortSettingsSource,
  type SettingsSubject,
} from './port-settings.js';
import { subjectOf, type Site } from '../switches/site.js';
import type { ManagerClient } from '../switches/switch-index.js';
import type { Workload, WorkloadPod } from '../workload.js';

/** Columns that settings give their whole value: absent ones stay as they are, undefined ones are emptied. */
export interface SettledColumns {
  readonly enabled?: boolean;
  readonly dhcpv4_options?: Uuid<'DHCP_Options'> | undefined;
  readonly dhcpv6_options?: Uuid<'DHCP_Options'> | undefined;
  readonly parent_name?: string;
  readonly tag_request?: number | undefined;
}

/** Checked settings of one pod's port. */
export interface ResolvedSettings {
  /** True: to be on. False: to be off. Undefined: as it is. */
  readonly portSecurity: boolean | undefined;
  readonly columns: SettledColumns;
  /** Keys to set, or with undefined to remove. */
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly externalIds: Readonly<Record<string, string | undefined>>;
  /** Groups that the port must be in, none of them twice. */
  readonly portGroups: readonly Uuid<'Port_Group'>[];
}

/** The settings of ports that are left as they are. */
export const NO_SETTINGS: ResolvedSettings = {
  portSecurity: undefined,
  columns: {},
  options: {},
  externalIds: {},
  portGroups: [],
};

/** What the manager says for ports whose settings do not. */
export interface SettingsDefaults {
  /** True switches port security on; false leaves it as it is. */
  readonly portSecurity: boolean;
}

type Refuse = <C extends PortErrorCode>(
  code: C,
  reason: string,
  details: PortErrorDetails[C],
  cause?: unknown,
) => PortError<C>;

/**
 * The settings of a pod's port as the columns' values. Throws `PortError` `InvalidSettings`, `DhcpOptionsNotFound`,
 * `AmbiguousDhcpOptions`, `PortGroupNotFound`: a reference to a row that is not there would be dropped by the database
 * without a word.
 */
export function resolveSettings(
  client: ManagerClient,
  source: PortSettingsSource | undefined,
  defaults: SettingsDefaults,
  site: Site,
  workload: Workload,
  pod: WorkloadPod,
): ResolvedSettings {
  const name = portName(workload.namespace, pod.name);
  const row = client.tables.Logical_Switch_Port.find({ name });
  const refuse: Refuse = (code, reason, details, cause) => {
    const kept = row && readManagedPort(row);
    const keeps = kept?.statefulSet === workload.key ? ipsOf(kept).join(' and ') : undefined;
    return new PortError(code, subjectOf(workload, pod.name, keeps), reason, details, cause);
  };
  const { namespace, name: statefulSet } = workload;
  const settings = askSettings(source, { namespace, statefulSet, pod: pod.name, ordinal: pod.ordinal }, refuse);
  const { parentName } = settings;
  // A parent that goes away later is none of a kept port's business.
  if (parentName !== undefined && row?.parent_name !== parentName) checkParent(client, parentName, name, refuse);
  const dhcp = (family: 4 | 6): DhcpChoice => {
    const [field, column] = DHCP[family];
    return dhcpOptions(client, settings[field] ?? site[field], family, site, row?.[column], refuse);
  };
  const v4 = dhcp(4);
  const v6 = dhcp(6);
  return {
    portSecurity: settings.portSecurity ?? (defaults.portSecurity ? true : undefined),
    columns: {
      ...(settings.enabled !== undefined && { enabled: settings.enabled }),
      ...(v4 !== 'as-it-is' && { dhcpv4_options: v4 }),
      ...(v6 !== 'as-it-is' && { dhcpv6_options: v6 }),
      ...(parentName !== undefined && { parent_name: parentName, tag_request: settings.tag }),
    },
    options: settings.options ?? {},
    externalIds: settings.externalIds ?? {},
    portGroups: findPortGroups(client, settings.portGroups, refuse),
  };
}

/**
 * The groups that the settings of a kept port name and that it is in; groups that do not exist are passed over. Throws
 * `PortError` `InvalidSettings`.
 */
export function portGroupsToLeave(
  client: ManagerClient,
  source: PortSettingsSource | undefined,
  { row, statefulSet, ordinal, pod }: ManagedPort,
): Uuid<'Port_Group'>[] {
  const [namespace = '', name = ''] = statefulSet.split('/');
  const subject = { namespace, statefulSet: name, pod: pod.slice(pod.indexOf('/') + 1), ordinal };
  const refuse: Refuse = (code, reason, details, cause) => new PortError(code, subject, reason, details, cause);
  const { portGroups = [] } = askSettings(source, subject, refuse);
  if (portGroups.length === 0) return [];
  return replicated('Port_Group', 'portGroups', refuse, () => {
    const present = portGroupsOf(client, row._uuid);
    return [...new Set(portGroups)].flatMap((group) => {
      const uuid = client.tables.Port_Group.find({ name: group })?._uuid;
      return uuid !== undefined && present.has(uuid) ? [uuid] : [];
    });
  });
}

const DHCP = { 4: ['dhcpv4Options', 'dhcpv4_options'], 6: ['dhcpv6Options', 'dhcpv6_options'] } as const;

function askSettings(source: PortSettingsSource | undefined, subject: SettingsSubject, refuse: Refuse): PortSettings {
  let settings: PortSettings | undefined;
  try {
    settings = typeof source === 'function' ? source(subject) : source;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refuse('InvalidSettings', `the function that gives its settings failed: ${why}`, { field: 'port' }, error);
  }
  if (settings === undefined) return {};
  const fault = findSettingsFault(settings);
  if (fault === undefined) return settings;
  const what = fault.field === undefined ? 'what says its settings' : `its setting ${fault.field}`;
  throw refuse('InvalidSettings', `${what} ${fault.reason}`, { field: fault.field ?? 'port' });
}

/** ovn-nb(5), `parent_name`: the name of some other port. */
function checkParent(client: ManagerClient, parentName: string, name: string, refuse: Refuse): void {
  const details = { field: 'parentName' };
  if (parentName === name) {
    throw refuse('InvalidSettings', `its setting parentName is ${name}, the port itself; name another port`, details);
  }
  if (client.tables.Logical_Switch_Port.find({ name: parentName }) !== undefined) return;
  const reason = `its setting parentName is ${parentName}, but there is no port of that name; create it first`;
  throw refuse('InvalidSettings', reason, details);
}

type DhcpChoice = Uuid<'DHCP_Options'> | undefined | 'as-it-is';

function dhcpOptions(
  client: ManagerClient,
  choice: string | undefined,
  family: 4 | 6,
  site: Site,
  present: ManagedPortRow['dhcpv4_options'],
  refuse: Refuse,
): DhcpChoice {
  if (choice === undefined) return 'as-it-is';
  if (choice === 'none') return undefined;
  const [field] = DHCP[family];
  if (choice === 'by-cidr') {
    const cidr = (family === 4 ? site.subnet.v4 : site.subnet.v6)?.cidr.text;
    if (cidr === undefined) return 'as-it-is';
    return replicated('DHCP_Options', field, refuse, () => dhcpOptionsByCidr(client, cidr, present, refuse));
  }
  const uuid = choice.toLowerCase() as Uuid<'DHCP_Options'>;
  const row = replicated('DHCP_Options', field, refuse, () => client.tables.DHCP_Options.get(uuid));
  if (row === undefined) {
    const reason = `its setting ${field} is ${uuid}, but DHCP_Options has no such row; create it, or name another`;
    throw refuse('DhcpOptionsNotFound', reason, { dhcpOptions: uuid });
  }
  if (row.cidr.includes(':') === (family === 6)) return uuid;
  const reason = `its setting ${field} is ${uuid}, which is for ${row.cidr}, not IPv${family}; name another row`;
  throw refuse('InvalidSettings', reason, { field });
}

function dhcpOptionsByCidr(
  client: ManagerClient,
  cidr: string,
  present: ManagedPortRow['dhcpv4_options'],
  refuse: Refuse,
): Uuid<'DHCP_Options'> {
  // Nearly always written as it is printed here, which an index finds.
  let rows = client.tables.DHCP_Options.findAll({ cidr });
  if (rows.length === 0) rows = client.tables.DHCP_Options.filter((row) => canonicalCidr(row) === cidr);
  const [row] = rows;
  if (row === undefined) {
    const reason = `DHCP_Options has no row with CIDR ${cidr}; create it, or name one by its uuid`;
    throw refuse('DhcpOptionsNotFound', reason, { dhcpOptions: cidr });
  }
  if (rows.length === 1) return row._uuid;
  const uuids = rows.map(({ _uuid }) => _uuid).sort();
  const chosen = uuids.find((uuid) => uuid === present);
  if (chosen !== undefined) return chosen;
  const reason = `DHCP_Options has ${rows.length} rows with CIDR ${cidr} (${uuids.join(', ')}); name one by its uuid`;
  throw refuse('AmbiguousDhcpOptions', reason, { cidr, uuids });
}

const canonicalCidrs = new WeakMap<object, string>();

/** Rows never change, so each is read once. */
function canonicalCidr(row: { readonly cidr: string }): string {
  let text = canonicalCidrs.get(row);
  if (text === undefined) {
    try {
      text = parseCidr(row.cidr).text;
    } catch (error) {
      if (!(error instanceof AddressError)) throw error;
      text = row.cidr;
    }
    canonicalCidrs.set(row, text);
  }
  return text;
}

function findPortGroups(
  client: ManagerClient,
  names: readonly string[] | undefined,
  refuse: Refuse,
): Uuid<'Port_Group'>[] {
  if (names === undefined || names.length === 0) return [];
  return replicated('Port_Group', 'portGroups', refuse, () =>
    Array.from(new Set(names), (name) => {
      const group = client.tables.Port_Group.find({ name });
      if (group !== undefined) return group._uuid;
      const reason = `there is no port group named "${name}"; create it, or mend the setting portGroups`;
      throw refuse('PortGroupNotFound', reason, { portGroup: name });
    }),
  );
}

/** Reads a table that callers without TypeScript may have forgotten to replicate. */
function replicated<R>(table: string, field: string, refuse: Refuse, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotMonitoredError)) throw error;
    const reason = `its setting ${field} needs the table ${table}, which this client does not replicate; name the table in the client's option "tables"`;
    throw refuse('InvalidSettings', reason, { field }, error);
  }
}
