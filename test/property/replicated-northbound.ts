/** A replica of a northbound database with no server behind it: what is put in is what the "server" has sent. */
import { northboundSchema, type NorthboundTables } from '../../lib/nb/tables.js';
import { Replica, type Batch } from '../../lib/replica/replica.js';
import { replicaTables } from '../../lib/replica/tables.js';
import { parseSchema } from '../../lib/schema/schema.js';
import type { ManagerClient, ManagerSelection } from '../../lib/statefulset/switches/switch-index.js';
import { applySnapshot } from '../unit/replica/apply-snapshot.js';

const TABLES = ['Logical_Switch', 'Logical_Switch_Port', 'Logical_Router_Port'] as const;
type Table = (typeof TABLES)[number];

/** Columns of a row as they are on the wire. */
export type WireColumns = Readonly<Record<string, unknown>>;
/** Rows by table and uuid. */
export type Contents = Readonly<Record<Table, Readonly<Record<string, WireColumns>>>>;

const EMPTY: Contents = { Logical_Switch: {}, Logical_Switch_Port: {}, Logical_Router_Port: {} };
const schema = parseSchema(northboundSchema);

/** See the head of this file. */
export class ReplicatedNorthbound {
  /** As much of a client as an index needs. */
  readonly client: ManagerClient;
  readonly #replica: Replica;
  #contents: Contents = EMPTY;

  constructor() {
    const raise = (_event: string, error: unknown): void => {
      throw error;
    };
    const indexes = { Logical_Switch: [['name'], ['ports']] };
    const requests = TABLES.map((table) => ({ table, indexes: table in indexes ? indexes.Logical_Switch : [] }));
    this.#replica = new Replica(requests, raise);
    this.#replica.adopt(schema);
    applySnapshot(this.#replica, { format: 'v1', tables: {} });
    const tables = replicaTables<NorthboundTables, ManagerSelection>('OVN_Northbound', this.#replica);
    const on = (event: 'batch', listener: (batch: Batch) => void): (() => void) =>
      this.#replica.events.on(event, listener);
    this.client = { tables, on } as unknown as ManagerClient;
  }

  /** Takes over what the database holds now, as one update, or as the snapshot that comes after a reconnect. */
  become(contents: Contents, how: 'update' | 'snapshot' = 'update'): void {
    const before = this.#contents;
    this.#contents = contents;
    if (how === 'snapshot') {
      const tables = mapTables((table) => mapRows(contents[table], (columns) => ({ new: columns })));
      applySnapshot(this.#replica, { format: 'v1', tables });
      return;
    }
    const tables = mapTables((table) => ({
      ...mapRows(before[table], (old, uuid) => (uuid in contents[table] ? undefined : { old })),
      ...mapRows(contents[table], (columns, uuid) => {
        const old = before[table][uuid];
        if (old === undefined) return { new: columns };
        return JSON.stringify(old) === JSON.stringify(columns) ? undefined : { old, new: columns };
      }),
    }));
    this.#replica.applyUpdates({ format: 'v1', tables }, 'update');
  }
}

function mapTables<R>(map: (table: Table) => R): Record<string, R> {
  return Object.fromEntries(TABLES.map((table) => [table, map(table)]));
}

function mapRows(
  rows: Readonly<Record<string, WireColumns>>,
  map: (columns: WireColumns, uuid: string) => object | undefined,
): Record<string, object> {
  const mapped = Object.entries(rows).map(([uuid, columns]) => [uuid, map(columns, uuid)] as const);
  return Object.fromEntries(mapped.filter((pair): pair is readonly [string, object] => pair[1] !== undefined));
}
