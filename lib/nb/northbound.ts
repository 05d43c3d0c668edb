/** The client of the OVN Northbound database: {@link OvsdbClient} with its types, its indexes and `--wait`. */
import { OvsdbClient } from '../client/client.js';
import { tableRequests } from '../client/client-options.js';
import type { ConnectionOptions, ErasedClientOptions, SelectionOf, TableChoice } from '../client/client-options.js';
import { TimeoutError } from '../errors.js';
import type { IndexPart } from '../replica/table-index.js';
import type { UntilOptions } from '../replica/table.js';
import { parseSchema } from '../schema/schema.js';
import type { Integer } from '../schema/types.js';
import { performance } from '../timer.js';
import { NorthboundError } from './northbound-error.js';
import type { PortRow } from './ports.js';
import type { SwitchSelection } from './switches.js';
import { northboundSchema, type NorthboundTables } from './tables.js';

/** What {@link connectNorthbound} replicates unless told otherwise: all columns of these tables. */
export const DEFAULT_TABLES: readonly [
  'NB_Global',
  'Logical_Switch',
  'Logical_Switch_Port',
  'Logical_Router',
  'Logical_Router_Port',
  'DHCP_Options',
  'Port_Group',
] = [
  'NB_Global',
  'Logical_Switch',
  'Logical_Switch_Port',
  'Logical_Router',
  'Logical_Router_Port',
  'DHCP_Options',
  'Port_Group',
];

/** Options of {@link connectNorthbound}. */
export interface NorthboundOptions<
  O extends TableChoice<NorthboundTables> = typeof DEFAULT_TABLES,
> extends ConnectionOptions {
  /** Name of the database. Default `OVN_Northbound`. */
  readonly database?: string | undefined;
  /** What to replicate. Default: {@link DEFAULT_TABLES}. */
  readonly tables?: O | undefined;
}

/** Options of {@link NorthboundClient.sync}. */
export interface SyncOptions {
  /** Ends the waiting; the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Longest wait in milliseconds; then it rejects with `TimeoutError`. Default 60000. */
  readonly timeoutMs?: number | undefined;
}

/** What {@link NorthboundClient.sync} reads. */
export interface ConfigurationSelection {
  readonly NB_Global: 'name' | 'nb_cfg' | 'sb_cfg' | 'hv_cfg';
}

/** `nb_cfg` wraps where ovn-nbctl(8) lets it wrap. */
const LAST_CFG = 2n ** 63n - 1n;

/** Key in the `external_ids` of a port: `namespace/name` of the StatefulSet that the port is kept for. */
export const STATEFULSET_KEY = 'ovn-northbound/statefulset';

/** Look-ups that the commands need, by table. */
const INDEXES: Readonly<Record<string, readonly (readonly IndexPart[])[]>> = {
  Logical_Switch: [['name'], ['ports']],
  Logical_Switch_Port: [[{ column: 'external_ids', key: STATEFULSET_KEY }]],
  Logical_Router: [['name'], ['ports']],
  DHCP_Options: [['cidr']],
  Port_Group: [['ports']],
};

const knownSchema = once(() => parseSchema(northboundSchema));

/** A client of a northbound database. `S` says which tables and columns it replicates. */
export class NorthboundClient<S = SelectionOf<NorthboundTables, typeof DEFAULT_TABLES>> extends OvsdbClient<
  NorthboundTables,
  S
> {
  /** See {@link connectNorthbound}. */
  static async open<const O extends TableChoice<NorthboundTables> = typeof DEFAULT_TABLES>(
    options: NorthboundOptions<O>,
  ): Promise<NorthboundClient<SelectionOf<NorthboundTables, O>>> {
    const { database = 'OVN_Northbound', tables = DEFAULT_TABLES as unknown as O } = options;
    const choice = { ...options, database, tables, schema: knownSchema() };
    const erased = choice as unknown as ErasedClientOptions;
    const required = ['Logical_Switch', 'Logical_Switch_Port'];
    const client = new NorthboundClient<SelectionOf<NorthboundTables, O>>({
      ...erased,
      tables: withIndexes(erased.tables),
      requiredTables: required,
    });
    await client.start();
    return client;
  }

  /**
   * Waits until everything that is committed now has been taken over: by ovn-northd into the southbound database
   * (`sb`), or by all chassis (`hv`). This is what ovn-nbctl's `--wait` does: it raises `nb_cfg` in NB_Global and
   * waits for `sb_cfg` or `hv_cfg` to follow. Resolves with the value raised to.
   *
   * Needs NB_Global replicated. Rejects with `TimeoutError` when nothing follows (is ovn-northd running?),
   * with the signal's reason, and as `transact`.
   */
  async sync(
    this: OvsdbClient<NorthboundTables, ConfigurationSelection>,
    until: 'sb' | 'hv',
    { signal, timeoutMs = 60_000 }: SyncOptions = {},
  ): Promise<Integer> {
    const deadline = performance.now() + timeoutMs;
    const { target } = await this.transact(
      (tx) => {
        const row = [...tx.tables.NB_Global.values()][0];
        if (row === undefined) {
          tx.wait('NB_Global', [], '==', [], { columns: ['name'] });
          const inserted = tx.insert('NB_Global', { nb_cfg: 1 });
          return { target: tx.select('NB_Global', inserted, ['nb_cfg']) };
        }
        if (BigInt(row.nb_cfg) === LAST_CFG) {
          tx.verify('NB_Global', row, ['nb_cfg']);
          tx.update('NB_Global', row._uuid, { nb_cfg: 1 });
        } else {
          tx.ensureExists('NB_Global', row._uuid);
          tx.mutate('NB_Global', row._uuid, { nb_cfg: { add: 1 } });
        }
        return { target: tx.select('NB_Global', row._uuid, ['nb_cfg']) };
      },
      { signal, timeoutMs },
    );
    const cfg = target[0]?.nb_cfg;
    if (cfg === undefined)
      throw new NorthboundError('NotInitialized', 'NB_Global lost its row while nb_cfg was raised');
    const remainingMs = Math.max(1, deadline - performance.now());
    try {
      await this.tables.NB_Global.until(
        (row) => {
          // A value beyond nb_cfg is left over from before it started again.
          const follows = (value: Integer): boolean => value >= cfg && value <= row.nb_cfg;
          return follows(row.sb_cfg) && (until === 'sb' || follows(row.hv_cfg));
        },
        { ...(signal && { signal }), timeoutMs: remainingMs },
      );
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      const who = until === 'sb' ? 'ovn-northd' : 'ovn-northd or a chassis';
      const message = `nb_cfg was raised to ${cfg}, but ${until}_cfg did not follow within ${timeoutMs} ms; is ${who} running?`;
      throw new TimeoutError(message, timeoutMs, { cause: error });
    }
    return cfg;
  }

  /**
   * Waits until a port of this name is up: bound to a chassis, and its flows in place. Resolves with its row.
   * Rejects as `ReplicaTable.until`.
   */
  async portUp(
    this: OvsdbClient<NorthboundTables, Pick<SwitchSelection, 'Logical_Switch_Port'>>,
    name: string,
    options: UntilOptions = {},
  ): Promise<PortRow> {
    return this.tables.Logical_Switch_Port.until((row) => row.name === name && row.up === true, options);
  }
}

/**
 * Connects to a northbound database; resolves when the replica is in sync. The server's schema may be older than the
 * one that the types come from: tables and columns that it lacks are absent, and a warning says so once.
 *
 * Rejects as `OvsdbClient.connect`; with `SchemaError` when the database is no northbound database.
 */
export function connectNorthbound<const O extends TableChoice<NorthboundTables> = typeof DEFAULT_TABLES>(
  options: NorthboundOptions<O>,
): Promise<NorthboundClient<SelectionOf<NorthboundTables, O>>> {
  return NorthboundClient.open(options);
}

function withIndexes(tables: ErasedClientOptions['tables']): ErasedClientOptions['tables'] {
  const requests = tableRequests({ tables });
  if (requests === 'all') return withIndexes([...knownSchema().tables.keys()]);
  return Object.fromEntries(
    requests.map(({ table, ...options }) => {
      const replicated = (part: IndexPart): boolean =>
        options.columns?.includes(typeof part === 'string' ? part : part.column) ?? true;
      const own = (INDEXES[table] ?? []).filter((parts) => parts.every(replicated));
      return [table, { ...options, indexes: [...(options.indexes ?? []), ...own] }];
    }),
  );
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
