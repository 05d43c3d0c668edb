/** The data that is measured with: switches and ports such as a Kubernetes network plug-in makes them. */
import { BareClient, type WireOperation, type WireRow } from './bare-client.js';

/** Key of `options` under which a writer puts the time of a change. */
export const STAMP = 'bench-sent-ns';
/** What it begins with where the change does not count. */
export const NOT_COUNTED = 'warm-up ';

/** The columns of a port that are set, as the library takes them. */
export interface PortValues {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly port_security: readonly string[];
  readonly external_ids: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** Values of the `n`th port, the same at every call. Ports that differ in `prefix` may share addresses. */
export function portValues(prefix: string, n: number): PortValues {
  const octets = [10, (n >> 16) & 255, (n >> 8) & 255, n & 255];
  const mac = ['0a', '58', ...octets.map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
  const address = `${mac} ${octets.join('.')}`;
  const namespace = `team-${n % 7}`;
  const pod = `${prefix}-${n}`;
  return {
    name: `${pod}.${namespace}`,
    addresses: [address],
    port_security: [address],
    external_ids: { pod: `${namespace}/${pod}`, namespace, vendor: 'bench', attempt: String(n % 3) },
    options: {
      'requested-chassis': `node-${n % 200}`,
      'iface-id-ver': `5f1c8a52-3d0e-4b7a-9c1d-${mac.replaceAll(':', '')}`,
    },
  };
}

/** What marks ports that a measurement makes. */
const MADE = { vendor: 'bench-made' };

/** The same as a port that a measurement makes, and {@link deleteMadePorts} takes away again. */
export function madePort(prefix: string, n: number): PortValues {
  const values = portValues(prefix, n);
  return { ...values, external_ids: { ...values.external_ids, ...MADE } };
}

export function wirePort({ name, addresses, port_security, external_ids, options }: PortValues): WireRow {
  return {
    name,
    addresses: ['set', addresses],
    port_security: ['set', port_security],
    external_ids: ['map', Object.entries(external_ids)],
    options: ['map', Object.entries(options)],
  };
}

/** Creates ports and, in the same transaction, puts them on a switch. */
export function createPorts(switchUuid: string, ports: readonly WireRow[]): WireOperation[] {
  const names = ports.map((_, i) => ['named-uuid', `port${i}`]);
  return [
    ...ports.map((row, i) => ({ op: 'insert', table: 'Logical_Switch_Port', 'uuid-name': `port${i}`, row })),
    {
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', switchUuid]]],
      mutations: [['ports', 'insert', ['set', names]]],
    },
  ];
}

const PORTS_PER_TRANSACTION = 1000;

/** Creates a switch with so many ports. Returns its uuid. */
export async function createSwitch(client: BareClient, name: string, portCount: number): Promise<string> {
  const external_ids = ['map', [['vendor', 'bench']]];
  const [inserted] = await client.transact([
    {
      op: 'insert',
      table: 'Logical_Switch',
      row: { name, external_ids, other_config: ['map', [['subnet', '10.0.0.0/8']]] },
    },
  ]);
  const [, uuid] = inserted?.['uuid'] as [string, string];
  for (let first = 0; first < portCount; first += PORTS_PER_TRANSACTION) {
    const length = Math.min(PORTS_PER_TRANSACTION, portCount - first);
    const ports = Array.from({ length }, (_, i) => ({ ...wirePort(portValues(name, first + i)), up: true }));
    await client.transact(createPorts(uuid, ports));
  }
  return uuid;
}

/** Deletes a switch, and with it its ports. */
export async function deleteSwitch(client: BareClient, uuid: string): Promise<void> {
  await client.transact([{ op: 'delete', table: 'Logical_Switch', where: [['_uuid', '==', ['uuid', uuid]]] }]);
}

/** Takes the ports that {@link madePort} describes off a switch again. */
export async function deleteMadePorts(client: BareClient, switchUuid: string): Promise<void> {
  const where = [['external_ids', 'includes', ['map', Object.entries(MADE)]]];
  const [selected] = await client.transact([{ op: 'select', table: 'Logical_Switch_Port', where, columns: ['_uuid'] }]);
  await takeOff(
    client,
    switchUuid,
    (selected?.['rows'] as { _uuid: [string, string] }[]).map(({ _uuid }) => _uuid),
  );
}

/** Takes ports off a switch, with which they are gone. */
export async function takeOff(
  client: BareClient,
  switchUuid: string,
  ports: readonly (readonly [string, string])[],
): Promise<void> {
  const where = [['_uuid', '==', ['uuid', switchUuid]]];
  await client.transact([
    { op: 'mutate', table: 'Logical_Switch', where, mutations: [['ports', 'delete', ['set', ports]]] },
  ]);
}

/** Fills a database with so many ports on switches of `portsPerSwitch`. */
export async function fill(remote: string, portCount: number, portsPerSwitch: number): Promise<void> {
  const client = await BareClient.connect(remote);
  for (let first = 0; first < portCount; first += portsPerSwitch) {
    await createSwitch(client, `switch${first / portsPerSwitch}`, Math.min(portsPerSwitch, portCount - first));
  }
  client.close();
}

const REPLICATED = ['Logical_Switch', 'Logical_Switch_Port'];

/** The tables that every measured replica holds, with all columns that the server has. */
export async function replicatedColumns(client: BareClient): Promise<Record<string, readonly string[]>> {
  const schema = (await client.request('get_schema', ['OVN_Northbound'])) as {
    readonly tables: Readonly<Record<string, { readonly columns: object }>>;
  };
  return Object.fromEntries(REPLICATED.map((table) => [table, Object.keys(schema.tables[table]?.columns ?? {})]));
}

/** The bytes of a server's reply that holds the snapshot of {@link replicatedColumns}. */
export async function recordSnapshot(remote: string): Promise<Buffer> {
  const client = await BareClient.connect(remote);
  const columns = await replicatedColumns(client);
  client.recording = [];
  await client.monitor(columns);
  client.close();
  return Buffer.concat(client.recording);
}
