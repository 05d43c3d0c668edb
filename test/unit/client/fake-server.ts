/** A server without a network, which answers as one of a standalone database does, or as a test wants. */
import type { OvsdbError } from '../../../lib/errors.js';
import { ConnectFailedError, ConnectionLostError } from '../../../lib/errors.js';
import { ZERO_UUID } from '../../../lib/schema/uuid.js';
import { formatRemote, type Remote } from '../../../lib/wire/remote.js';
import type { OpenStream, Stream } from '../../../lib/wire/stream.js';
import { FakeStream } from '../rpc/fake-stream.js';

/** A message of the client. */
export interface Request {
  readonly id: unknown;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What the server does with a request: a result, an error, silence, or the end of the connection. */
export type Answer = { readonly result: unknown } | { readonly error: unknown } | 'silence' | 'cut';

/** The rows of its database's one table T, by uuid. */
export type Rows = Record<string, { readonly name: string }>;

export const ROW = 'aaaaaaaa-0000-4000-8000-000000000000';
const SERVER_ROW = 'bbbbbbbb-0000-4000-8000-000000000000';

const text = { type: 'string' };
const optional = { type: { key: 'string', min: 0, max: 1 } };
const boolean = { type: 'boolean' };
const SERVER_SCHEMA = {
  name: '_Server',
  version: '1.2.0',
  tables: {
    Database: {
      columns: {
        name: text,
        model: text,
        connected: boolean,
        leader: boolean,
        cid: { type: { key: 'uuid', min: 0, max: 1 } },
        sid: { type: { key: 'uuid', min: 0, max: 1 } },
        index: { type: { key: 'integer', min: 0, max: 1 } },
        schema: optional,
      },
    },
  },
};
export const SCHEMA = { name: 'DB', version: '1.0.0', tables: { T: { columns: { name: text }, isRoot: true } } };

/** One connection, as the server sees it. */
export class FakeConnection extends FakeStream {
  readonly requests: Request[] = [];
  readonly #onRequest: (request: Request, connection: FakeConnection) => void;

  constructor(remote: Remote, onRequest: (request: Request, connection: FakeConnection) => void) {
    super(remote);
    this.#onRequest = onRequest;
  }

  override write(message: string): void {
    super.write(message);
    const request = JSON.parse(message) as Request;
    this.requests.push(request);
    queueMicrotask(() => {
      if (!this.closed) this.#onRequest(request, this);
    });
  }

  /** Ends the connection as a server that goes does. */
  cut(): void {
    this.lose(new ConnectionLostError('the server closed the connection', { sent: false }));
  }
}

/** See the head of this file. */
export class FakeServer {
  readonly connections: FakeConnection[] = [];
  /** Attempts to connect, by remote, with the time of each. */
  readonly attempts: { readonly remote: string; readonly at: number; readonly timeoutMs: number | undefined }[] = [];
  /** Decides on a request before the server does; undefined leaves it to the server. */
  onRequest: (request: Request, connection: FakeConnection) => Answer | undefined = () => undefined;
  /** Decides whether a connection can be made; an error says why not. */
  onConnect: (remote: string) => OvsdbError | undefined | 'silence' = () => undefined;
  /** The row of the database in `_Server`, apart from its name; undefined where there is none. */
  status: object | undefined = { model: 'standalone', connected: true, leader: true };
  rows: Rows = { [ROW]: { name: 'a' } };
  schema: object = SCHEMA;

  readonly open: OpenStream = async (remote, _tls, limits): Promise<Stream> => {
    const name = formatRemote(remote);
    this.attempts.push({ remote: name, at: performance.now(), timeoutMs: limits?.timeoutMs });
    limits?.signal?.throwIfAborted();
    const refusal = this.onConnect(name);
    if (refusal === 'silence') {
      return new Promise((_resolve, reject) => {
        const { signal } = limits ?? {};
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if (refusal !== undefined) throw refusal;
    const connection = new FakeConnection(remote, (request, on) => this.#serve(request, on));
    this.connections.push(connection);
    return Promise.resolve(connection);
  };

  /** The newest connection. */
  get latest(): FakeConnection {
    return this.connections.at(-1)!;
  }

  /** Methods of all requests so far, in order. */
  get methods(): string[] {
    return this.connections.flatMap(({ requests }) => requests.map(({ method }) => method));
  }

  /** Tells the client of the latest connection that the database's row of `_Server` has changed. */
  changeStatus(changed: object | null): void {
    const update = changed === null ? { delete: null } : { modify: changed };
    this.latest.receive({
      id: null,
      method: 'update3',
      params: ['ovn-northbound:_Server:status', ZERO_UUID, { Database: { [SERVER_ROW]: update } }],
    });
  }

  #serve(request: Request, connection: FakeConnection): void {
    const answer = this.onRequest(request, connection) ?? this.#answer(request);
    if (answer === 'cut') connection.cut();
    else if (answer !== 'silence') connection.receive({ id: request.id, result: null, error: null, ...answer });
  }

  #answer({ method, params }: Request): Answer {
    const [database] = params;
    switch (method) {
      case 'get_schema':
        return { result: database === '_Server' ? SERVER_SCHEMA : this.schema };
      case 'monitor_cond_since':
        return { result: [false, ZERO_UUID, database === '_Server' ? this.#server() : { T: initial(this.rows) }] };
      case 'monitor_cond':
      case 'monitor':
        return { result: { T: initial(this.rows) } };
      case 'echo':
        return { result: params };
      case 'lock':
        return { result: { locked: false } };
      case 'list_dbs':
        return { result: ['_Server', 'DB'] };
      case 'transact':
        return { result: [] };
      default:
        return { result: {} };
    }
  }

  #server(): object {
    return this.status === undefined ? {} : { Database: { [SERVER_ROW]: { initial: { name: 'DB', ...this.status } } } };
  }
}

function initial(rows: Rows): object {
  return Object.fromEntries(Object.entries(rows).map(([uuid, row]) => [uuid, { initial: row }]));
}

/** An error of a server that cannot be reached. */
export function refused(): OvsdbError {
  return new ConnectFailedError('nobody listens');
}
