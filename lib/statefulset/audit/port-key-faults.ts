/** Reads a port's keys in `external_ids` as strictly as they are written. */
import { tryParseIp } from '../../ipam/address.js';
import { canonicalMac } from '../../ipam/mac.js';
import type { UnreadablePortFinding } from './audit-finding.js';
import { FORMAT_VERSION, KEY_PREFIX, PORT_KEYS } from '../managed-port.js';

type KeyFault = UnreadablePortFinding['keys'][number];

const NAMESPACED_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?\/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;
const MISSING = 'is missing';
const ORDINAL = /^(0|[1-9][0-9]{0,9})$/;

/** Does a port have any key that only managers write? */
export function hasManagerKeys(externalIds: Readonly<Record<string, string>>): boolean {
  for (const key in externalIds) if (key.startsWith(KEY_PREFIX)) return true;
  return false;
}

/** What is wrong with the keys of a port that a manager is to have made; empty when nothing is. */
export function portKeyFaults(externalIds: Readonly<Record<string, string>>): KeyFault[] {
  const faults: KeyFault[] = [];
  const check = (key: string, judge: (value: string) => string | undefined, missing?: string): string | undefined => {
    const value = externalIds[key];
    const reason = value === undefined ? missing : judge(value);
    if (reason !== undefined) faults.push({ key, value, reason });
    return reason === undefined ? value : undefined;
  };
  const statefulSet = check(
    PORT_KEYS.statefulSet,
    (value) => (NAMESPACED_NAME.test(value) ? undefined : 'is not namespace/name of a StatefulSet'),
    MISSING,
  );
  const ordinal = check(
    PORT_KEYS.ordinal,
    (value) => (ORDINAL.test(value) && Number(value) < 2 ** 31 ? undefined : 'is not an ordinal, such as 0 or 12'),
    MISSING,
  );
  const pod = `${statefulSet}-${ordinal}`;
  const isPodKnown = statefulSet !== undefined && ordinal !== undefined;
  check(
    PORT_KEYS.pod,
    (value) => (!isPodKnown || value === pod ? undefined : `is not ${pod}, as StatefulSet and ordinal say`),
    MISSING,
  );
  check(PORT_KEYS.mac, (value) => (canonicalMac(value) === undefined ? 'is not a MAC address' : undefined), MISSING);
  const noIp = externalIds[PORT_KEYS.ip6] === undefined ? `is missing, and so is ${PORT_KEYS.ip6}` : undefined;
  check(PORT_KEYS.ip4, (value) => (tryParseIp(value)?.family === 4 ? undefined : 'is not an IPv4 address'), noIp);
  check(PORT_KEYS.ip6, (value) => (tryParseIp(value)?.family === 6 ? undefined : 'is not an IPv6 address'));
  check(PORT_KEYS.version, (value) =>
    value === FORMAT_VERSION ? undefined : `is not ${FORMAT_VERSION}, the format that is known here`,
  );
  return faults;
}
