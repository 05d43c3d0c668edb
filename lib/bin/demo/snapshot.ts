/** What the server has, asked of it rather than of the replica. */
import { PORT_KEYS } from '../../statefulset/managed-port.js';
import { mapObject, setMembers, uuidText, type WireRow, type Witness } from './witness.js';

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

/** Ports of a switch, and its row. */
export interface Snapshot {
  /** By ordinal. */
  readonly ports: readonly PortRecord[];
  readonly switchVersion: string;
  /** Uuids of all ports that the switch holds. */
  readonly switchPorts: ReadonlySet<string>;
}

const PORT_COLUMNS = ['_uuid', '_version', 'name', 'addresses', 'external_ids'];

/** Reads the kept ports of a switch that have certain `external_ids`. */
export async function readPorts(
  witness: Witness,
  switchName: string,
  externalIds: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Snapshot> {
  const ids = Object.entries({ ...externalIds, [PORT_KEYS.logicalSwitch]: switchName });
  const where = [['external_ids', 'includes', ['map', ids]]];
  const [rows = [], [logicalSwitch] = []] = await witness.look(
    [
      { table: 'Logical_Switch_Port', where, columns: PORT_COLUMNS },
      { table: 'Logical_Switch', where: [['name', '==', switchName]], columns: ['_version', 'ports'] },
    ],
    signal,
  );
  return {
    ports: rows.map(portRecord).sort((a, b) => a.ordinal - b.ordinal),
    switchVersion: logicalSwitch === undefined ? '' : uuidText(logicalSwitch['_version']),
    switchPorts: new Set(setMembers(logicalSwitch?.['ports']).map(uuidText)),
  };
}

function portRecord(row: WireRow): PortRecord {
  const addresses = setMembers(row['addresses']).join(' ');
  const [mac = '', ...ips] = addresses.split(' ');
  const ids = mapObject(row['external_ids']);
  return {
    uuid: uuidText(row['_uuid']),
    version: uuidText(row['_version']),
    name: String(row['name']),
    ordinal: Number(ids[PORT_KEYS.ordinal]),
    addresses,
    ips: ips.join(','),
    mac,
    podUid: ids[PORT_KEYS.podUid] ?? '',
  };
}
