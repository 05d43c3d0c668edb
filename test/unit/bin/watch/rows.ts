/** Rows as the live view gets them. */
import type { RowChange } from '../../../../lib/replica/replica.js';
import type { WatchedSwitchRow } from '../../../../lib/bin/watch/model.js';
import type { WatchedPortRow } from '../../../../lib/bin/watch/watched-port.js';

/** A port that is kept for `web-ORDINAL` of `product/NAME`. */
export function keptRow(ordinal: number, more: Partial<WatchedPortRow> = {}, set = 'web'): WatchedPortRow {
  const ip = `10.16.0.${ordinal + 21}`;
  const mac = `0a:00:00:00:00:${(ordinal + 16).toString(16)}`;
  return {
    _uuid: `00000000-0000-4000-8000-${set.padStart(4, '0').slice(0, 4).replace(/[^0-9a-f]/g, 'a')}${String(ordinal).padStart(8, '0')}` as WatchedPortRow['_uuid'], // prettier-ignore
    name: `${set}-${ordinal}.product`,
    type: '',
    addresses: [`${mac} ${ip}`],
    up: true,
    enabled: undefined,
    external_ids: {
      vendor: 'ovn-northbound',
      pod: `product/${set}-${ordinal}`,
      'ovn-northbound/statefulset': `product/${set}`,
      'ovn-northbound/ordinal': String(ordinal),
      'ovn-northbound/ip4': ip,
      'ovn-northbound/mac': mac,
    },
    ...more,
  };
}

/** A port of nobody's StatefulSet. */
export function plainRow(name: string, more: Partial<WatchedPortRow> = {}): WatchedPortRow {
  const uuid = `uuid of ${name}` as WatchedPortRow['_uuid'];
  return { _uuid: uuid, name, type: '', addresses: [], up: false, enabled: undefined, external_ids: {}, ...more };
}

export function switchRow(name: string, ports: readonly WatchedPortRow[], uuid = `uuid of ${name}`): WatchedSwitchRow {
  return { _uuid: uuid, name, ports: ports.map(({ _uuid }) => _uuid), other_config: { subnet: '10.16.0.0/24' } };
}

type Row = WatchedPortRow | WatchedSwitchRow;
const tableOf = (row: Row): string => ('ports' in row ? 'Logical_Switch' : 'Logical_Switch_Port');

export function inserted(row: Row): RowChange {
  return { type: 'insert', table: tableOf(row), row: row as never };
}

export function deleted(row: Row): RowChange {
  return { type: 'delete', table: tableOf(row), row: row as never };
}

export function updated<R extends Row>(old: R, row: R): RowChange {
  const columns = Object.keys(row).filter((column) => old[column as keyof R] !== row[column as keyof R]);
  return { type: 'update', table: tableOf(row), row: row as never, old: old as never, columns };
}
