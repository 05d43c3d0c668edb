/** StatefulSets, and the rows that are kept for their pods, as the benchmark needs them by the thousand. */
import { addressElement, FORMAT_VERSION, PORT_KEYS } from '../../lib/statefulset/managed-port.js';
import { IP_POOL_ANNOTATION, type StatefulSetLike } from '../../lib/statefulset/workload.js';
import { BareClient, type WireRow } from './bare-client.js';
import { createPorts, createSwitch, takeOff } from './northbound-data.js';

/** Namespace of what is measured (with a number behind it where there are several), and of what is there already. */
export const NAMESPACE = 'bench';
export const KEPT_NAMESPACE = 'kept';

const OWNER_UID = '4c1f0a52-3d0e-4b7a-9c1d-5f1c8a523d0e';
const ROWS_PER_TRANSACTION = 1000;

/** The address of the `n`th kept port: scattered over 10.0.0.0/10, as addresses that were chosen at random are. */
export function keptAddress(n: number): string {
  const host = (n * 2_654_435_761) % 2 ** 22;
  return `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`;
}

/** The `n`th address of `10.first.0.0/16` and those that follow, without the ends of a /24. */
export function ipv4(first: number, n: number): string {
  const block = first * 256 + Math.floor(n / 250);
  return `10.${Math.floor(block / 256)}.${block % 256}.${(n % 250) + 2}`;
}

/** A StatefulSet; `pool` lists its addresses, and without it they are chosen. */
export function statefulSet(
  name: string,
  replicas: number,
  pool?: readonly string[],
  namespace: string = NAMESPACE,
): StatefulSetLike {
  const annotations = pool === undefined ? {} : { [IP_POOL_ANNOTATION]: pool.join(',') };
  return {
    metadata: { namespace, name, uid: OWNER_UID },
    spec: { replicas, template: { metadata: { annotations } } },
  };
}

/** The row that is kept for a pod, as it is on the wire. */
export function keptRow(namespace: string, set: string, ordinal: number, ip4: string, logicalSwitch: string): WireRow {
  const mac = ['0a', '58', ...ip4.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'))].join(':');
  const pod = `${set}-${ordinal}`;
  const externalIds = {
    [PORT_KEYS.vendor]: 'ovn-northbound',
    [PORT_KEYS.logicalSwitch]: logicalSwitch,
    [PORT_KEYS.pod]: `${namespace}/${pod}`,
    [PORT_KEYS.statefulSet]: `${namespace}/${set}`,
    [PORT_KEYS.ownerUid]: OWNER_UID,
    [PORT_KEYS.ordinal]: String(ordinal),
    [PORT_KEYS.version]: FORMAT_VERSION,
    [PORT_KEYS.ip4]: ip4,
    [PORT_KEYS.mac]: mac,
  };
  return {
    name: `${pod}.${namespace}`,
    addresses: addressElement({ ip4, ip6: undefined, mac }),
    external_ids: ['map', Object.entries(externalIds)],
  };
}

/** A switch with so many kept ports of StatefulSets of 1,000, none of them up. Returns its uuid. */
export async function createKeptPorts(client: BareClient, logicalSwitch: string, count: number): Promise<string> {
  const uuid = await createSwitch(client, logicalSwitch, 0);
  for (let first = 0; first < count; first += ROWS_PER_TRANSACTION) {
    const length = Math.min(ROWS_PER_TRANSACTION, count - first);
    const set = `${logicalSwitch}-${first / ROWS_PER_TRANSACTION}`;
    const rows = Array.from({ length }, (_, i) =>
      keptRow(KEPT_NAMESPACE, set, i, keptAddress(first + i), logicalSwitch),
    );
    await client.transact(createPorts(uuid, rows));
  }
  return uuid;
}

/** Takes the ports that a run made off the switch again. */
export async function deleteMadePorts(client: BareClient, switchUuid: string): Promise<void> {
  const columns = ['_uuid', 'name'];
  const [selected] = await client.transact([{ op: 'select', table: 'Logical_Switch_Port', where: [], columns }]);
  const rows = selected?.['rows'] as { _uuid: [string, string]; name: string }[];
  const made = rows.filter(({ name }) => name.includes(`.${NAMESPACE}`)).map(({ _uuid }) => _uuid);
  await takeOff(client, switchUuid, made);
}
