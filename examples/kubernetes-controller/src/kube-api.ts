/**
 * Requests to the API server. Where it is, its certificates and who asks come from `KubeConfig` of
 * `@kubernetes/client-node`, for every request anew, so that tokens that are rotated are taken up: within a minute, or when
 * the server refuses the former one.
 *
 * The typed clients of that package are left aside on purpose: their requests know no time limit, a watch that hangs
 * while it connects cannot be ended, the reason for a refused watch is lost, and they read the times in a list as `Date`
 * where those in a watch are texts. A controller needs few kinds of requests, so one way for all of them is simplest:
 * JSON as it comes, a deadline, a signal, and the server's own words in the error.
 */
import { once } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import {
  Agent as HttpsAgent,
  request as httpsRequest,
  type AgentOptions as HttpsAgentOptions,
  type RequestOptions,
} from 'node:https';

import { KubeConfig } from '@kubernetes/client-node';

import { Deadline } from './deadline.js';
import { KubeError, statusError, type StatusBody } from './kube-error.js';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One event of a watch, as the API server sends it. */
export interface WatchEvent<T> {
  readonly type: string;
  readonly object: T;
}

/** What a request may say besides its path. */
export interface RequestDetails {
  readonly query?: Query;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_PROBE_MS = 30_000;
const MAX_ERROR_BODY = 64 * 1024;

/** The API server, for this controller's kinds of requests. */
export class KubeApi {
  #config: KubeConfig;
  readonly #timeoutMs: number;
  /** Connections that are kept, with the credentials that they were made with. */
  #kept: { readonly credentials: string; readonly agent: HttpAgent } | undefined;

  /** `timeoutMs` limits each request and the start of each watch; default 30 seconds. */
  constructor(config: KubeConfig, { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
  }

  /** Sends a request and resolves with the object in the answer. Rejects with {@link KubeError}, or the signal's reason. */
  async request<T>(method: string, path: string, details: RequestDetails): Promise<T> {
    const what = `${method} ${path}`;
    using deadline = new Deadline(details.signal, this.#timeoutMs, what);
    return await this.#failingAs(what, deadline, async () => {
      // A program that fetches the credentials knows no signal, hence the race.
      const response = await deadline.race(this.#send(method, path, { ...details, signal: deadline.signal }));
      const text = await readText(response, Infinity);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    });
  }

  /**
   * Watches a collection; calls `onEvent` with each event and resolves when the server ends the watch, as it does after
   * `timeoutSeconds`. Rejects with {@link KubeError} when the watch is refused, breaks off, or goes on for longer than
   * `longestMs`, which shows a connection that is dead without having been closed.
   */
  async watch<T>(
    path: string,
    details: { readonly query: Query; readonly signal: AbortSignal; readonly longestMs: number },
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    const what = `WATCH ${path}`;
    using whole = new Deadline(details.signal, details.longestMs, what);
    try {
      await this.#failingAs(what, whole, async () => {
        const response = await this.#startWatch(what, path, details.query, whole.signal);
        let pending = '';
        for await (const chunk of response as AsyncIterable<string>) {
          const lines = (pending + chunk).split('\n');
          pending = lines.pop() ?? '';
          for (const line of lines) if (line.trim() !== '') onEvent(JSON.parse(line) as WatchEvent<T>);
        }
      });
    } finally {
      // A watch that did not start in time may still be about to.
      whole.abort(new KubeError(`${what}: ended`));
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#kept?.agent.destroy();
    this.#kept = undefined;
  }

  /** Only the start has the time limit of a request; `signal` ends the stream whenever that is. */
  async #startWatch(what: string, path: string, query: Query, signal: AbortSignal): Promise<IncomingMessage> {
    using start = new Deadline(signal, this.#timeoutMs, what);
    const response = await start.race(this.#send('GET', path, { query: { ...query, watch: true }, signal }));
    response.socket.setKeepAlive(true, KEEP_ALIVE_PROBE_MS);
    response.setEncoding('utf8');
    return response;
  }

  async #send(
    method: string,
    path: string,
    { query = {}, body, contentType, signal }: RequestDetails,
  ): Promise<IncomingMessage> {
    const server = this.#config.getCurrentCluster()?.server;
    if (server === undefined) throw new KubeError('the kubeconfig names no cluster for its current context');
    const url = new URL(server.replace(/\/+$/, '') + path);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const options: RequestOptions = { method, signal, headers: {} };
    await this.#config.applyToHTTPSOptions(options);
    options.headers = {
      ...(options.headers as OutgoingHttpHeaders),
      accept: 'application/json',
      'user-agent': 'ovn-statefulset-controller',
      ...(payload !== undefined && {
        'content-type': contentType ?? 'application/json',
        'content-length': Buffer.byteLength(payload),
      }),
    };
    options.agent = this.#keepConnections(options.agent);
    const request = (url.protocol === 'http:' ? httpRequest : httpsRequest)(url, options);
    request.end(payload);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    // An error after the answer has begun ends the reading of it; here it only must not go unheard.
    request.on('error', () => undefined);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    if (status === 401) this.#forgetCredentials();
    throw statusError(
      `${method} ${path}`,
      status,
      readStatus(await readText(response, MAX_ERROR_BODY)),
      response.headers['retry-after'],
    );
  }

  /**
   * `KubeConfig` keeps what it has read from a token file, or was told by a program, for a time that goes by the clock of
   * this machine, which may be wrong. A copy of it has kept nothing yet.
   */
  #forgetCredentials(): void {
    const { clusters, users, contexts, currentContext } = this.#config;
    this.#config = new KubeConfig();
    this.#config.loadFromOptions({ clusters, users, contexts, currentContext });
  }

  /** `KubeConfig` makes an agent for each request; with one for all, connections and TLS sessions are used again. */
  #keepConnections(agent: RequestOptions['agent']): RequestOptions['agent'] {
    // Agents of other classes speak to proxies; those are left as they are.
    const isPlain = agent instanceof HttpAgent && [HttpAgent, HttpsAgent].some((known) => agent.constructor === known);
    if (!isPlain) return agent;
    const { options } = agent as unknown as { readonly options: HttpsAgentOptions };
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
    const credentials = [ca, cert, key, pfx, passphrase, servername, rejectUnauthorized].map(String).join('\n');
    if (this.#kept?.credentials !== credentials) {
      const former = this.#kept?.agent;
      const kept = { ...options, keepAlive: true };
      this.#kept = { credentials, agent: agent instanceof HttpsAgent ? new HttpsAgent(kept) : new HttpAgent(kept) };
      former?.destroy();
    }
    return this.#kept.agent;
  }

  async #failingAs<T>(what: string, deadline: Deadline, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      if (error instanceof KubeError) throw error;
      throw new KubeError(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

/** Reads an answer, up to a length. */
async function readText(response: IncomingMessage, longest: number): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response as AsyncIterable<string>) {
    text += chunk;
    if (text.length > longest) break;
  }
  return text;
}

/** Proxies in between answer with anything; what is no `Status` becomes its message. */
function readStatus(text: string): StatusBody {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // Not JSON.
  }
  return { message: text.slice(0, 200) };
}
