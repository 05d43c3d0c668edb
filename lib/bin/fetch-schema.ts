/** Asks a running server for a schema, over one short-lived connection. */
import { InvalidArgumentError, OvsdbError, ProtocolError, RpcError, printValue } from '../errors.js';
import { RpcSession } from '../rpc/session.js';
import type { DatabaseSchema } from '../schema/schema.js';
import { parseSchema } from '../schema/schema.js';
import type { Remote } from '../wire/remote.js';
import { formatRemote, parseRemotes } from '../wire/remote.js';
import { connectStream } from '../wire/connect-stream.js';
import type { TlsOptions } from '../wire/tls.js';

const REQUEST_TIMEOUT_MS = 10_000;

/** Options of {@link fetchSchema}. */
export interface FetchSchemaOptions {
  readonly tls: TlsOptions;
  /** Default: the only database that the server serves besides `_Server`. */
  readonly database: string | undefined;
}

/**
 * The schema of a database (`get_schema`, RFC 7047 §4.1.2). Remotes of a list are tried in turn.
 * @throws OvsdbError that says what each remote answered.
 */
export async function fetchSchema(remotes: string, options: FetchSchemaOptions): Promise<DatabaseSchema> {
  const failures: OvsdbError[] = [];
  for (const remote of parseRemotes(remotes).remotes) {
    try {
      return await fetchFrom(remote, options);
    } catch (error) {
      // A wrong command line is wrong for every remote.
      if (!(error instanceof OvsdbError) || error instanceof InvalidArgumentError) throw error;
      failures.push(error);
    }
  }
  const [first] = failures;
  if (failures.length === 1 && first !== undefined) throw first;
  const messages = failures.map((failure) => failure.message).join('; ');
  throw new OvsdbError('ConnectFailed', `no remote gave a schema: ${messages}`, {
    cause: new AggregateError(failures),
  });
}

async function fetchFrom(remote: Remote, { tls, database }: FetchSchemaOptions): Promise<DatabaseSchema> {
  const stream = await connectStream(remote, tls, { timeoutMs: REQUEST_TIMEOUT_MS });
  const session = new RpcSession(stream, {
    // No monitor is set up, and a lost connection fails the request that is under way.
    onNotification: () => undefined,
    onClose: () => undefined,
  });
  try {
    const served = await session.request('list_dbs', [], { timeoutMs: REQUEST_TIMEOUT_MS });
    if (!Array.isArray(served)) throw new ProtocolError(`list_dbs was answered with ${printValue(served)}`);
    const name = database ?? onlyDatabase(remote, served);
    return parseSchema(await session.request('get_schema', [name], { timeoutMs: REQUEST_TIMEOUT_MS }));
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    throw new OvsdbError(error.code, `${formatRemote(remote)}: ${error.message}`, { cause: error });
  } finally {
    session.close();
  }
}

function onlyDatabase(remote: Remote, served: readonly unknown[]): string {
  const names = served.filter((name) => typeof name === 'string' && !name.startsWith('_'));
  const [name] = names;
  if (names.length === 1 && typeof name === 'string') return name;
  throw new InvalidArgumentError(
    `${formatRemote(remote)} serves ${names.length === 0 ? 'no database' : names.join(', ')}; choose one with --database`,
  );
}
