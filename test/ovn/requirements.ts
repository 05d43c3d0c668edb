/** What the tests with real traffic need from the machine, said at once and by the name of the package. */
import { accessSync, constants, existsSync } from 'node:fs';

import { findExecutable } from '../../lib/testing/executable.js';

/** Programs, with the Debian package that each comes from. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'ovsdb-server': 'openvswitch-common',
  'ovsdb-tool': 'openvswitch-common',
  'ovs-vsctl': 'openvswitch-switch',
  'ovs-vswitchd': 'openvswitch-switch',
  'ovn-nbctl': 'ovn-common',
  'ovn-sbctl': 'ovn-common',
  'ovn-northd': 'ovn-central',
  'ovn-controller': 'ovn-host',
  ip: 'iproute2',
  ping: 'iputils-ping',
  ethtool: 'ethtool',
  unshare: 'util-linux',
  nsenter: 'util-linux',
};

/** Open vSwitch makes the interfaces of its bridges with it. */
const TUN = '/dev/net/tun';

const SHARE = ['/usr/share', '/usr/local/share'];
const SCHEMAS = { nb: 'ovn/ovn-nb.ovsschema', sb: 'ovn/ovn-sb.ovsschema', vswitch: 'openvswitch/vswitch.ovsschema' };

/** Paths of the installed schemas. */
export type OvnSchemas = Readonly<Record<keyof typeof SCHEMAS, string>>;

/** Finds the schemas. Throws when a program, a schema or a right is missing, with what to do. */
export function requireOvn(find: typeof findExecutable = findExecutable): OvnSchemas {
  const absent = Object.keys(PROGRAMS).filter((name) => find(name) === undefined);
  const packages = new Set(absent.map((name) => PROGRAMS[name]!));
  const schemas = Object.entries(SCHEMAS).map(([name, file]) => {
    const path = SHARE.map((folder) => `${folder}/${file}`).find((candidate) => existsSync(candidate));
    if (path === undefined) {
      absent.push(file);
      packages.add(name === 'vswitch' ? 'openvswitch-switch' : 'ovn-common');
    }
    return [name, path] as const;
  });
  if (absent.length > 0) {
    throw new Error(
      `The tests with real traffic need ${absent.join(', ')}: run "npm run test:ovn" as root, which installs them ` +
        `without starting a service, or "apt-get install ${[...packages].join(' ')}".`,
    );
  }
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new Error(
      `The tests with real traffic need ${TUN}, readable and writable: run them as root. In a container, pass the ` +
        `device on (--device ${TUN}) with CAP_SYS_ADMIN and CAP_NET_ADMIN; where there is none, "modprobe tun" may help.`,
      { cause: error },
    );
  }
  return Object.fromEntries(schemas) as OvnSchemas;
}
