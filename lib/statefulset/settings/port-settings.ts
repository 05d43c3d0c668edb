/**
 * What a pod's port is besides its addresses. Settings say how some columns must be; a column, or a key of a map, that
 * they do not name stays as people made it.
 */
import { InvalidArgumentError, printValue } from '../../errors.js';
import { isUuid } from '../../schema/uuid.js';
import { KEY_PREFIX, PORT_KEYS } from '../managed-port.js';

/** Settings of a pod's port (ovn-nb(5), Logical_Switch_Port). What is absent or undefined stays as it is. */
export interface PortSettings {
  /**
   * True: `port_security` is set to the port's addresses where it is empty; elements that are there stay, and follow
   * when the port gets other addresses. False: it is emptied. Default: the manager's option `portSecurity`, whose
   * false leaves it as it is.
   */
  readonly portSecurity?: boolean | undefined;
  /** False drops all traffic of the port. An empty column counts as true. */
  readonly enabled?: boolean | undefined;
  /**
   * The uuid of a row of `DHCP_Options`, `by-cidr` for the row that has the CIDR of the namespace's subnet, or `none`
   * to take them away. Default: that of the namespace's subnet.
   */
  readonly dhcpv4Options?: string | undefined;
  /** The same for DHCPv6. A subnet without IPv6 has no row `by-cidr`, and needs none. */
  readonly dhcpv6Options?: string | undefined;
  /** Keys of `options`, such as `requested-chassis`; undefined removes the key. */
  readonly options?: Readonly<Record<string, string | undefined>> | undefined;
  /** Name of the port that carries the traffic of this nested one; it must exist. Goes together with `tag`. */
  readonly parentName?: string | undefined;
  /** VLAN tag on the parent, 1 to 4095, written to `tag_request`; 0 lets ovn-northd choose one. */
  readonly tag?: number | undefined;
  /** Keys of `external_ids` but for those of the manager; undefined removes the key. */
  readonly externalIds?: Readonly<Record<string, string | undefined>> | undefined;
  /** Names of port groups, which must exist; the port is added to them where it is missing. */
  readonly portGroups?: readonly string[] | undefined;
}

/** The pod whose settings are asked for. */
export interface SettingsSubject {
  readonly namespace: string;
  /** Name of the StatefulSet. */
  readonly statefulSet: string;
  /** Name of the pod. */
  readonly pod: string;
  readonly ordinal: number;
}

/**
 * Settings for all pods, or a function that answers at once with those of one pod. The function is called again each
 * time that a transaction is planned anew.
 */
export type PortSettingsSource = PortSettings | ((pod: SettingsSubject) => PortSettings | undefined);

/** What is wrong with settings. */
export interface SettingsFault {
  /** Name of the setting, with the key in brackets where it is a map; undefined when they are no settings at all. */
  readonly field: string | undefined;
  /** What it is and what it must be, in words. */
  readonly reason: string;
}

/** What names DHCP options may be, in words. */
export const DHCP_CHOICE = "the uuid of a row of DHCP_Options, 'by-cidr' or 'none'";

/** Is this a value of {@link PortSettings.dhcpv4Options}? */
export function isDhcpChoice(value: unknown): value is string {
  return typeof value === 'string' && (value === 'by-cidr' || value === 'none' || isUuid(value.toLowerCase()));
}

/** Throws `InvalidArgumentError` for an option `port` that is no {@link PortSettingsSource}; undefined is let pass. */
export function checkPortSettings(value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  const fault = findSettingsFault(value);
  if (fault === undefined) return;
  const where = fault.field === undefined ? 'option port' : `option port.${fault.field}`;
  throw new InvalidArgumentError(`${where} of StatefulSetPortManager ${fault.reason}`);
}

/** What makes a value no {@link PortSettings}; undefined when it is fine. */
export function findSettingsFault(value: unknown): SettingsFault | undefined {
  const settings = asRecord(value);
  if (settings === undefined) return { field: undefined, reason: `is ${printValue(value)}; it must be an object` };
  if (typeof settings['then'] === 'function') {
    return { field: undefined, reason: 'is a promise; settings must be there at once' };
  }
  for (const [field, given] of Object.entries(settings)) {
    const find = FIELDS.get(field);
    if (find === undefined) {
      return { field, reason: `is no setting of a port: there are only ${[...FIELDS.keys()].join(', ')}` };
    }
    const fault = given === undefined ? undefined : find(given, field);
    if (fault !== undefined) return fault;
  }
  if ((settings['parentName'] === undefined) !== (settings['tag'] === undefined)) {
    const [field, other] = settings['tag'] === undefined ? ['tag', 'parentName'] : ['parentName', 'tag'];
    return { field, reason: `is missing; ${other} and ${field} are given together or not at all` };
  }
  return undefined;
}

type FindFault = (value: unknown, field: string) => SettingsFault | undefined;

const choice =
  (isRight: (value: unknown) => boolean, expected: string): FindFault =>
  (value, field) =>
    isRight(value) ? undefined : { field, reason: `is ${printValue(value)}; it must be ${expected}` };

const isBoolean = choice((value) => typeof value === 'boolean', 'true or false');
const isDhcp = choice(isDhcpChoice, DHCP_CHOICE);

const FIELDS: ReadonlyMap<string, FindFault> = new Map([
  ['portSecurity', isBoolean],
  ['enabled', isBoolean],
  ['dhcpv4Options', isDhcp],
  ['dhcpv6Options', isDhcp],
  ['options', (value, field) => findMapFault(value, field, () => undefined)],
  ['parentName', choice(isName, 'the name of a port')],
  [
    'tag',
    choice(
      (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 4095,
      'a whole number from 0 to 4095',
    ),
  ],
  ['externalIds', (value, field) => findMapFault(value, field, reservedKey)],
  ['portGroups', findListFault],
]);

function findMapFault(
  value: unknown,
  field: string,
  refuse: (key: string) => string | undefined,
): SettingsFault | undefined {
  const map = asRecord(value);
  if (map === undefined) return { field, reason: `is ${printValue(value)}; it must be an object` };
  for (const [key, text] of Object.entries(map)) {
    const place = `${field}[${JSON.stringify(key)}]`;
    if (!isText(key) || (text !== undefined && !isText(text))) {
      return { field: place, reason: `is ${printValue(text)}; keys and values must be texts without NUL characters` };
    }
    const why = refuse(key);
    if (why !== undefined) return { field: place, reason: why };
  }
  return undefined;
}

function findListFault(value: unknown, field: string): SettingsFault | undefined {
  if (Array.isArray(value) && value.every(isName)) return undefined;
  return { field, reason: `is ${printValue(value)}; it must be a list of names` };
}

/** Keys that say whose the port is are no settings. */
function reservedKey(key: string): string | undefined {
  const own: readonly string[] = [PORT_KEYS.vendor, PORT_KEYS.logicalSwitch, PORT_KEYS.pod];
  if (!key.startsWith(KEY_PREFIX) && !own.includes(key)) return undefined;
  return `is a key that the manager keeps; ${own.join(', ')} and what begins with ${KEY_PREFIX} cannot be set`;
}

function isName(value: unknown): boolean {
  return isText(value) && value !== '';
}

/** A text that a database can hold: an unpaired surrogate has no form in UTF-8. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0') && !UNPAIRED_SURROGATE.test(value);
}

const UNPAIRED_SURROGATE = /\p{Surrogate}/u;

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}
