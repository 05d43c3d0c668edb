/** What the server has, asked of it rather than of the replica. */
import { PORT_KEYS, type NorthboundClient } from 'ovn-northbound';

/** A port as the server has it now. */
export interface PortRecord {
  readonly uuid: string;
  /** Changes with every transaction that writes the row (RFC 7047 §3.2, `_version`). */
  readonly version: string;
  readonly name: string;
  readonly ordinal: number;
  readonly addresses: string;
  /** IPv4 and IPv6 address, as far as there are any, with a comma. */
  readonly ips: string;
  readonly mac: string;
  readonly podUid: string;
}

/** Ports of a switch, and the `_version` of the switch's row. */
export interface Snapshot {
  readonly ports: readonly PortRecord[];
  readonly switchVersion: string;
}

/** Reads the kept ports of a switch that have certain `external_ids`, by ordinal. */
export async function readPorts(
  transact: NorthboundClient['transact'],
  switchName: string,
  externalIds: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Snapshot> {
  const ids = { ...externalIds, [PORT_KEYS.logicalSwitch]: switchName };
  const { rows, versions, switches } = await transact(
    (tx) => ({
      rows: tx.select(
        'Logical_Switch_Port',
        [['external_ids', 'includes', ids]],
        ['name', 'addresses', 'external_ids'],
      ),
      // `_version` is no column of the schema, so these two are written as they go over the wire.
      versions: tx.operation({
        op: 'select',
        table: 'Logical_Switch_Port',
        where: [['external_ids', 'includes', ['map', Object.entries(ids)]]],
        columns: ['_uuid', '_version'],
      }),
      switches: tx.operation({
        op: 'select',
        table: 'Logical_Switch',
        where: [['name', '==', switchName]],
        columns: ['_uuid', '_version'],
      }),
    }),
    { signal },
  );
  const versionOf = new Map(versionsIn(versions));
  const ports = rows.map(({ _uuid, name, addresses, external_ids: keys }): PortRecord => {
    const [mac = '', ...ips] = addresses.join(' ').split(' ');
    return {
      uuid: _uuid,
      version: versionOf.get(_uuid) ?? '',
      name,
      ordinal: Number(keys[PORT_KEYS.ordinal]),
      addresses: addresses.join(' '),
      ips: ips.join(','),
      mac,
      podUid: keys[PORT_KEYS.podUid] ?? '',
    };
  });
  ports.sort((a, b) => a.ordinal - b.ordinal);
  return { ports, switchVersion: versionsIn(switches)[0]?.[1] ?? '' };
}

/** Uuid and version of the rows in the result of a select. */
function versionsIn(result: unknown): [uuid: string, version: string][] {
  const { rows = [] } = result as { rows?: readonly Readonly<Record<'_uuid' | '_version', readonly string[]>>[] };
  return rows.map(({ _uuid, _version }) => [_uuid[1] ?? '', _version[1] ?? '']);
}
