/**
 * An HTTP(S) server on the loopback that speaks list, watch and patch as the Kubernetes API server does, for
 * tests: real sockets, the real objects' life, a history that can be compacted, and faults on command.
 * The objects are in `objects`, which tests and simulated controllers change without a request.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

import { makePki } from '../../../lib/testing/pki.js';
import { kubeconfigText } from './kubeconfig.js';
import { Faults } from './faults.js';
import type { FailedAnswer, FaultHandle, RequestDelay, RequestFault } from './faults.js';
import { handle, resourceOf } from './handlers.js';
import type { Answer } from './handlers.js';
import { ObjectStore } from './object-store.js';
import type { PolicyRule } from './rbac.js';
import { allows, isPublic } from './rbac.js';
import type { RecordedRequest } from './recorded-request.js';
import { parsedOrText, readBody } from './recorded-request.js';
import { ObjectRegistry } from './registry.js';
import { requestAttributes } from './request-info.js';
import { expired, failureOf, forbidden, StatusError } from './status-error.js';
import { answerExpired, WatchStream } from './watch.js';

export interface ApiServerOptions {
  /** Serve HTTPS with a certificate for 127.0.0.1 from a CA made for this server. Default false. */
  readonly tls?: boolean;
  /** Only what these rules allow is not forbidden. Default: everything is allowed. */
  readonly rules?: readonly PolicyRule[];
}

/** How {@link KubernetesApiServer.dropWatches} ends them: RST, a whole stream, or half an event and then RST. */
export type WatchDrop = 'reset' | 'end' | 'cut';

type WatchFilter = (watch: WatchStream) => boolean;

interface Certificates {
  readonly folder: string;
  readonly ca: Buffer;
  readonly key: Buffer;
  readonly cert: Buffer;
}

/** Longer answers are compressed for a client that takes it, as by the real server. */
const GZIP_THRESHOLD = 128 * 1024;
const LISTEN_ATTEMPTS = 20;
const LISTEN_PAUSE_MS = 100;
const USER = 'system:serviceaccount:kube-system:controller';

export class KubernetesApiServer {
  readonly objects: ObjectRegistry;
  /** All requests, oldest first, those with a bad token included. */
  readonly requests: RecordedRequest[] = [];
  /** The bearer token that is accepted; can be changed while the server runs. */
  token: string = randomBytes(16).toString('hex');
  /** What the token's user may do; undefined: everything. */
  rules: readonly PolicyRule[] | undefined;
  /** How a WATCH from a forgotten revision is refused: by an ERROR event, as the watch cache does, or by HTTP 410. */
  expiredWatchAnswer: 'event' | 'status' = 'event';
  readonly #store = new ObjectStore();
  readonly #faults = new Faults();
  readonly #certificates: Certificates | undefined;
  readonly #watches = new Set<WatchStream>();
  readonly #sockets = new Map<number, Socket>();
  #server: Server | undefined;
  #port = 0;

  private constructor(certificates: Certificates | undefined, rules: readonly PolicyRule[] | undefined) {
    this.#certificates = certificates;
    this.rules = rules;
    this.objects = new ObjectRegistry(this.#store);
    for (const name of ['default', 'kube-system']) this.objects.create('namespaces', '', { metadata: { name } });
  }

  /** A running server on a free port of the loopback, with the namespaces `default` and `kube-system`. */
  static async start(options: ApiServerOptions = {}): Promise<KubernetesApiServer> {
    const certificates = options.tls === true ? await makeCertificates() : undefined;
    const server = new KubernetesApiServer(certificates, options.rules);
    await server.start();
    return server;
  }

  get url(): string {
    return `${this.#certificates === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  get isRunning(): boolean {
    return this.#server !== undefined;
  }

  /** Of the last write. */
  get resourceVersion(): string {
    return String(this.#store.revision);
  }

  /** The open watches. */
  get watches(): readonly WatchStream[] {
    return [...this.#watches].filter(({ isOpen }) => isOpen);
  }

  /** PEM of the CA; undefined without TLS. */
  get ca(): string | undefined {
    return this.#certificates?.ca.toString();
  }

  /** A kubeconfig, in YAML, with this server and its present token. */
  kubeconfig(): string {
    return kubeconfigText({ server: this.url, token: this.token, ca: this.#certificates?.ca });
  }

  /** Listens again, on the port that it had before. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const tls = this.#certificates;
    const server =
      tls === undefined ? createServer(listener) : createTlsServer({ key: tls.key, cert: tls.cert }, listener);
    // The real server keeps idle connections for minutes; Node's five seconds would cut into a client's requests.
    server.keepAliveTimeout = 180_000;
    server.on('connection', (socket: Socket) => {
      const port = socket.remotePort ?? 0;
      this.#sockets.set(port, socket);
      socket.once('close', () => this.#sockets.delete(port));
    });
    this.#port = await listen(server, this.#port);
    this.#server = server;
  }

  /** Cuts every connection and refuses new ones. The objects are kept. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets.values()) socket.resetAndDestroy();
    await closed;
  }

  /**
   * Stops and starts again.
   * @param history - `lost`: no watch can go on from before, as with a watch cache that is filled anew. Default `kept`.
   */
  async restart({ history = 'kept', downMs = 0 }: { history?: 'kept' | 'lost'; downMs?: number } = {}): Promise<void> {
    await this.stop();
    if (history === 'lost') this.compact();
    await sleep(downMs);
    await this.start();
  }

  /** Stops for good and removes the certificates. */
  async close(): Promise<void> {
    await this.stop();
    if (this.#certificates !== undefined) await rm(this.#certificates.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  fail(fault: RequestFault): FaultHandle {
    return this.#faults.fail(fault);
  }

  delay(delay: RequestDelay): FaultHandle {
    return this.#faults.delay(delay);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Forgets the history: a WATCH or a chunked LIST from before now is answered with 410. Open watches go on. */
  compact(): void {
    // One step on, so that the last revision that a client has seen is forgotten too.
    this.#store.skipRevisions(1);
    this.#store.compact();
  }

  /** Ends open watches by an ERROR event with code 410. Compact first, or the client goes on where it was. */
  expireWatches(filter?: WatchFilter): number {
    const error = expired(
      `too old resource version: ${this.#store.oldestRevision - 1} (${this.#store.oldestRevision})`,
    );
    return this.#each(filter, (watch) => watch.fail(error.status));
  }

  /** Ends open watches by an ERROR event of another kind, such as 500 or 429. */
  failWatches(answer: FailedAnswer, filter?: WatchFilter): number {
    return this.#each(filter, (watch) => watch.fail(failureOf(answer.status, answer).status));
  }

  /** Ends open watches without an event. Returns how many. */
  dropWatches(how: WatchDrop = 'reset', filter?: WatchFilter): number {
    return this.#each(filter, (watch) => {
      if (how === 'end') {
        watch.end();
        return;
      }
      if (how === 'reset') this.#reset(watch.response);
      else {
        watch.sendHalfAnEvent();
        // The half must be out before the reset, which would take it along.
        setTimeout(() => this.#reset(watch.response), 20);
      }
    });
  }

  /** Sends nothing on open watches until {@link resumeWatches}, with their connections open. */
  holdWatches(filter?: WatchFilter): number {
    return this.#each(filter, (watch) => watch.hold());
  }

  resumeWatches(filter?: WatchFilter): number {
    return this.#each(filter, (watch) => watch.resume());
  }

  /** A bookmark to every watch that asked for bookmarks; the real server sends one a minute. */
  sendBookmarks(): void {
    this.#each(undefined, (watch) => watch.sendBookmark());
  }

  #each(filter: WatchFilter | undefined, action: (watch: WatchStream) => void): number {
    const chosen = this.watches.filter((watch) => filter?.(watch) ?? true);
    for (const watch of chosen) action(watch);
    return chosen.length;
  }

  #reset({ socket }: ServerResponse | IncomingMessage): void {
    this.#sockets.get(socket?.remotePort ?? 0)?.resetAndDestroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const record = await this.#record(request);
      response.once('finish', () => (record.status = response.statusCode));
      await this.#answer(request, response, record);
    } catch (error) {
      // A client that went away in the middle of its request gets no answer.
      if (!response.destroyed) sendStatus(response, asStatusError(error));
    }
  }

  async #record(request: IncomingMessage): Promise<RecordedRequest> {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    const record: RecordedRequest = {
      ...{ method, path: url.pathname, query: url.searchParams },
      ...{ contentType: headers['content-type'], userAgent: headers['user-agent'] },
      ...{ body: parsedOrText(await readBody(request)), attributes: requestAttributes(method, url) },
      ...{ receivedAt: Date.now(), status: undefined },
    };
    this.requests.push(record);
    return record;
  }

  async #answer(request: IncomingMessage, response: ServerResponse, record: RecordedRequest): Promise<void> {
    const delayMs = this.#faults.delayMsFor(record);
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    // A server that was stopped meanwhile carries nothing out any more.
    if (request.socket.destroyed) return;
    const fault = this.#faults.failureFor(record);
    if (fault?.applied !== true && fault !== undefined) {
      this.#fault(request, response, fault.answer);
      return;
    }
    this.#authorize(request, record);
    if (record.attributes.verb === 'watch' && fault === undefined) {
      this.#watch(response, record);
      return;
    }
    const answer = handle(this.objects, record);
    if (fault === undefined) send(response, answer);
    else this.#fault(request, response, fault.answer);
  }

  #fault(request: IncomingMessage, response: ServerResponse, answer: RequestFault['answer']): void {
    if (answer === 'reset') this.#reset(request);
    else if (answer !== 'hang') sendStatus(response, failureOf(answer.status, answer));
  }

  #authorize({ headers }: IncomingMessage, { attributes }: RecordedRequest): void {
    if (isPublic(attributes) && !attributes.path.startsWith('/api')) return;
    if (headers.authorization !== `Bearer ${this.token}`) throw failureOf(401, { message: 'Unauthorized' });
    if (this.rules === undefined || isPublic(attributes) || allows(this.rules, attributes)) return;
    const { verb, group, resource, subresource, namespace, name } = attributes;
    const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
    const full = subresource === '' ? resource : `${resource}/${subresource}`;
    const why = `User "${USER}" cannot ${verb} resource "${full}" in API group "${group}" ${scope}`;
    throw forbidden({ group, resource }, name, why);
  }

  #watch(response: ServerResponse, record: RecordedRequest): void {
    const { attributes, query } = record;
    const resource = resourceOf(record);
    const named = new URLSearchParams(query);
    // A watch on one object is one on its collection with the name as a field selector.
    if (attributes.name !== '') {
      const selector = [query.get('fieldSelector') ?? '', `metadata.name=${attributes.name}`];
      named.set('fieldSelector', selector.filter((term) => term !== '').join(','));
    }
    try {
      const stream = new WatchStream(this.#store, {
        resource,
        namespace: attributes.namespace,
        query: named,
        response,
      });
      record.status = 200;
      this.#watches.add(stream);
      void stream.closed.then(() => this.#watches.delete(stream));
    } catch (error) {
      const isExpired = error instanceof StatusError && error.status.code === 410;
      if (!isExpired || this.expiredWatchAnswer === 'status') throw error;
      answerExpired(response, error);
    }
  }
}

/** Resolves with the port. A port that was in use before may be held for a moment by somebody's outgoing connection. */
async function listen(server: Server, port: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      if (attempt === LISTEN_ATTEMPTS) throw error;
      await sleep(LISTEN_PAUSE_MS);
    }
  }
}

function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  return failureOf(500, {
    message: `Internal error occurred: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
  });
}

function sendStatus(response: ServerResponse, { status }: StatusError): void {
  const { retryAfterSeconds } = status.details ?? {};
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  send(response, { code: status.code, body: status });
}

function send(response: ServerResponse, { code, body }: Answer): void {
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json';
  const headers = { 'content-type': type, 'cache-control': 'no-cache, private', vary: 'Accept-Encoding' };
  const text = isText ? body : `${JSON.stringify(body)}\n`;
  const takesGzip = (response.req.headers['accept-encoding'] ?? '').includes('gzip');
  if (takesGzip && text.length > GZIP_THRESHOLD) {
    response.writeHead(code, { ...headers, 'content-encoding': 'gzip' }).end(gzipSync(text, { level: 1 }));
  } else {
    response.writeHead(code, headers).end(text);
  }
}

async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'kube-api-'));
  const { ca, serverPrivateKey, serverCertificate } = await makePki(folder, true);
  const [caPem, key, cert] = await Promise.all([readFile(ca), readFile(serverPrivateKey), readFile(serverCertificate)]);
  return { folder, ca: caPem, key, cert };
}
