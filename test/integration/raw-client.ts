/** A client without a replica: what it reads comes from the server at that moment. */
import { decodeColumn } from '../../lib/schema/codec.js';
import { RpcSession } from '../../lib/rpc/session.js';
import { parseSchema, type DatabaseSchema } from '../../lib/schema/schema.js';
import { parseRemotes, type Remote } from '../../lib/wire/remote.js';
import { connectStream } from '../../lib/wire/connect-stream.js';

/** Result of one operation, or of the commit. */
export interface RawResult {
  readonly uuid?: readonly ['uuid', string];
  readonly count?: number;
  readonly rows?: readonly Record<string, unknown>[];
  readonly error?: string;
}

/** See the head of this file. */
export class RawClient implements Disposable {
  readonly schema: DatabaseSchema;
  readonly #session: RpcSession;

  private constructor(session: RpcSession, schema: DatabaseSchema) {
    this.#session = session;
    this.schema = schema;
  }

  static async connect(remote: string, database = 'OVN_Northbound'): Promise<RawClient> {
    const { remotes } = parseRemotes(remote);
    const stream = await connectStream(remotes[0] as Remote);
    const session = new RpcSession(stream, { onNotification: () => undefined, onClose: () => undefined });
    return new RawClient(session, parseSchema(await session.request('get_schema', [database])));
  }

  /** The results as the server gave them, errors included. */
  async transact(...operations: readonly object[]): Promise<readonly (RawResult | null)[]> {
    return (await this.#session.request('transact', [this.schema.name, ...operations])) as (RawResult | null)[];
  }

  /** As {@link transact}, and throws when anything failed. */
  async commit(...operations: readonly object[]): Promise<readonly RawResult[]> {
    const results = await this.transact(...operations);
    if (results.some(hasFailed)) throw new Error(`the raw transaction failed: ${JSON.stringify(results)}`);
    return results as readonly RawResult[];
  }

  /** All rows of a table by uuid, with sets sorted and maps as sorted pairs. */
  async rows(table: string, where: readonly unknown[] = []): Promise<Map<string, Record<string, unknown>>> {
    const [result] = await this.commit({ op: 'select', table, where });
    const columns = [...this.schema.table(table).columns.values()];
    return new Map(
      (result?.rows ?? []).map((wire) => {
        const uuid = (wire['_uuid'] as readonly string[])[1]!;
        const row = Object.fromEntries(columns.map((column) => [column.name, decodeColumn(column, wire[column.name])]));
        return [uuid, comparable({ _uuid: uuid, ...row })];
      }),
    );
  }

  /** Converts the database to another schema, on the server. */
  async convert(schema: object): Promise<void> {
    // Without it the server closes the connection instead of answering, where the database is clustered.
    await this.#session.request('set_db_change_aware', [true]);
    await this.#session.request('convert', [this.schema.name, schema]);
  }

  [Symbol.dispose](): void {
    this.#session.close();
  }
}

/** Has an operation failed, or not been carried out because one before it had? */
export function hasFailed(result: RawResult | null): boolean {
  return result?.error !== undefined || result === null;
}

/** A row in which neither the order of sets nor that of maps matters. */
export function comparable(row: object): Record<string, unknown> {
  const entries = Object.entries(row).map(([column, value]: [string, unknown]): [string, unknown] => {
    if (Array.isArray(value)) return [column, [...(value as unknown[])].sort()];
    if (typeof value === 'object' && value !== null) return [column, Object.entries(value).sort()];
    return [column, value];
  });
  return Object.fromEntries(entries);
}

/** Waits until `condition` holds; fails after half a minute, which no machine is to need, or as long as is said. */
export async function eventually(condition: () => boolean, what = 'the condition', withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come true within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

/** Resolves when the client is not in sync any more, also when that is over before somebody could look. */
export async function outOfSync(client: {
  on(event: 'state', listener: (state: { readonly name: string }) => void): () => void;
}): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = client.on('state', ({ name }) => {
      if (name === 'synced') return;
      stop();
      resolve();
    });
  });
}
