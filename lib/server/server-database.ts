/** The database `_Server` of one server, which says how it stands to the databases that it serves (ovsdb-server(5)). */
import type { EmbeddedClock } from './clock.js';
import { Database } from './database/database.js';
import { jsonText, type Json } from './database/json-text.js';
import { ServedDatabase } from './served-database.js';

/** How a server stands to a database. */
export interface DatabaseStatus {
  readonly model: 'standalone' | 'clustered';
  readonly connected: boolean;
  readonly leader: boolean;
  /** Ids of the cluster and of the server in it, and the position in its log. */
  readonly cluster?: { readonly cid: string; readonly sid: string; readonly index: number } | undefined;
}

const optional = (key: string): Json => ({ type: { key, min: 0 } });
const SERVER_SCHEMA: Json = {
  name: '_Server',
  version: '1.2.0',
  cksum: '3009684573 744',
  tables: {
    Database: {
      columns: {
        name: { type: 'string' },
        model: { type: { key: { type: 'string', enum: ['set', ['clustered', 'relay', 'standalone']] } } },
        connected: { type: 'boolean' },
        leader: { type: 'boolean' },
        schema: optional('string'),
        cid: optional('uuid'),
        sid: optional('uuid'),
        index: optional('integer'),
      },
    },
  },
};

const NOBODY = { ownsLock: () => false, elapsedMs: 0, internal: true };

/** See the head of this file. */
export class ServerDatabase {
  readonly served: ServedDatabase;
  readonly #shown = new Map<string, string>();

  constructor(clock: EmbeddedClock) {
    const database = new Database(SERVER_SCHEMA);
    this.served = new ServedDatabase(database, clock, 0);
    this.add('_Server', schemaText(database), { model: 'standalone', connected: true, leader: true });
  }

  /** Adds the row of a database. */
  add(name: string, schema: string, status: DatabaseStatus): void {
    const row = { name, schema, ...columnsOf(status) };
    this.served.database.execute([{ op: 'insert', table: 'Database', row }], NOBODY);
    this.#shown.set(name, jsonText(columnsOf(status)));
  }

  /** Says how the server stands to a database now. */
  update(name: string, status: DatabaseStatus): void {
    const row = columnsOf(status);
    const text = jsonText(row);
    if (this.#shown.get(name) === text) return;
    this.#shown.set(name, text);
    this.served.database.execute([{ op: 'update', table: 'Database', where: [['name', '==', name]], row }], NOBODY);
  }

  /** Says that a database has another schema. */
  updateSchema(name: string, schema: string): void {
    const where = [['name', '==', name]];
    this.served.database.execute([{ op: 'update', table: 'Database', where, row: { schema } }], NOBODY);
  }
}

/** The schema of a database as its column `schema` shows it. */
export function schemaText(database: Database): string {
  return jsonText(database.schemaJson);
}

function columnsOf({ model, connected, leader, cluster }: DatabaseStatus): Record<string, Json> {
  const columns: Record<string, Json> = { model, connected, leader };
  if (cluster === undefined) return columns;
  return { ...columns, cid: ['uuid', cluster.cid], sid: ['uuid', cluster.sid], index: cluster.index };
}
