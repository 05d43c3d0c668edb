/** The set of tables that one client replicates, as its callers name and read them. */
import { NotMonitoredError } from '../errors.js';
import type { ColumnName, TableName } from '../schema/types.js';
import type { Replica } from './replica.js';
import { ReplicaTable } from './table.js';

/** What a client replicates: names of columns by name of table. */
export type Selection<DB> = { readonly [T in TableName<DB>]?: ColumnName<DB, T> };

/** All columns of the tables `T`. */
export type WholeTables<DB, T extends TableName<DB> = TableName<DB>> = { readonly [N in T]: ColumnName<DB, N> };

/** The replicated tables by name. */
export type ReplicaTables<DB, S> = {
  readonly [T in Extract<keyof S, TableName<DB>>]: ReplicaTable<DB, T, Extract<S[T], ColumnName<DB, T>>>;
};

/**
 * Makes the readable face of a replica. Naming a table that is not replicated throws `NotMonitoredError`
 * instead of giving `undefined`.
 */
export function replicaTables<DB, S>(database: string, replica: Replica): ReplicaTables<DB, S> {
  const made = Object.create(null) as Record<string, unknown>;
  const fill = (): void => {
    for (const [name, store] of replica.stores) made[name] ??= new ReplicaTable(name as never, store);
  };
  return new Proxy(made, {
    get(object, key): unknown {
      if (typeof key === 'symbol' || Object.hasOwn(object, key)) return Reflect.get(object, key);
      fill();
      // A promise that resolves with the tables looks for `then`, and JSON.stringify for `toJSON`.
      if (Object.hasOwn(object, key) || key === 'then' || key === 'toJSON') return object[key];
      throw new NotMonitoredError(
        `table ${key} of database ${database} is not replicated by this client; name it in the "tables" option to read it`,
      );
    },
    ownKeys(object) {
      fill();
      return Reflect.ownKeys(object);
    },
    has(object, key) {
      fill();
      return Reflect.has(object, key);
    },
    set: () => false,
  }) as unknown as ReplicaTables<DB, S>;
}
