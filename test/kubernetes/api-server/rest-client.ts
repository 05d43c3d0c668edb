/** A bare HTTP client for the tests of the API server itself: one connection per request, no retries, no caches. */
import { request as httpRequest } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';

import type { KubernetesApiServer } from './api-server.js';
import type { JsonObject, KubeObject } from './objects.js';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body: an object, a list or a Status. */
  readonly body: KubeObject & JsonObject;
}

export interface WatchEvent {
  readonly type: string;
  readonly object: KubeObject & JsonObject;
}

export const MERGE_PATCH = 'application/merge-patch+json';
export const STRATEGIC_MERGE_PATCH = 'application/strategic-merge-patch+json';
export const JSON_PATCH = 'application/json-patch+json';

export class RestClient {
  readonly #server: KubernetesApiServer;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(server: KubernetesApiServer, headers: Readonly<Record<string, string>> = {}) {
    this.#server = server;
    this.#headers = headers;
  }

  get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  post(path: string, body: object): Promise<Reply> {
    return this.send('POST', path, body);
  }

  put(path: string, body: object): Promise<Reply> {
    return this.send('PUT', path, body);
  }

  patch(path: string, body: unknown, contentType: string = MERGE_PATCH): Promise<Reply> {
    return this.send('PATCH', path, body, contentType);
  }

  delete(path: string, options?: object): Promise<Reply> {
    return this.send('DELETE', path, options);
  }

  async send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Reply> {
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    // Node sends no length of its own with a DELETE.
    const length = { 'content-length': String(Buffer.byteLength(text ?? '')) };
    const request = this.#open(method, path, text === undefined ? {} : { 'content-type': contentType, ...length });
    request.end(text);
    const response = await responseOf(request);
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const received = Buffer.concat(chunks).toString();
    const isJson = response.headers['content-type'] === 'application/json';
    return {
      ...{ status: response.statusCode ?? 0, headers: response.headers, text: received },
      body: (isJson ? JSON.parse(received) : {}) as Reply['body'],
    };
  }

  /** Opens a WATCH; the query comes in addition to `watch=true`. Throws where it is not answered with 200. */
  async watch(path: string, query = ''): Promise<WatchReader> {
    const request = this.#open('GET', `${path}?watch=true${query === '' ? '' : `&${query}`}`, {});
    request.end();
    const response = await responseOf(request);
    if (response.statusCode !== 200) {
      request.destroy();
      throw new Error(`the watch was answered with ${response.statusCode ?? 0}`);
    }
    return new WatchReader(request, response);
  }

  #open(method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest {
    const { url, token, ca } = this.#server;
    const options = {
      ...{ method, agent: false, ...(ca === undefined ? {} : { ca }) },
      headers: { authorization: `Bearer ${token}`, ...headers, ...this.#headers },
    };
    return url.startsWith('https:') ? httpsRequest(`${url}${path}`, options) : httpRequest(`${url}${path}`, options);
  }
}

function responseOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).once('error', reject));
}

/** The events of one WATCH, in order. */
export class WatchReader {
  /** All lines so far, as they came. */
  readonly lines: string[] = [];
  /** All that came, half lines included. */
  text = '';
  /** Resolves when the stream is over: undefined after a whole one, else with what cut it. */
  readonly ended: Promise<Error | undefined>;
  readonly #request: ClientRequest;
  #wake: () => void = () => undefined;
  #isOver = false;
  #read = 0;

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    response.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => {
      this.lines.push(line);
      this.#wake();
    });
    // readline passes the input's errors on; they are taken from the response itself.
    lines.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const over = (error?: Error): void => {
        this.#isOver = true;
        resolve(error);
        this.#wake();
      };
      response.once('error', over);
      response.once('end', () => over());
    });
    request.on('error', () => undefined);
  }

  /** The next event that was not yet read. Throws when the stream ends without one, or after 2 s. */
  async next(): Promise<WatchEvent> {
    const deadline = Date.now() + 2_000;
    for (;;) {
      const line = this.lines[this.#read];
      if (line !== undefined) {
        this.#read += 1;
        return JSON.parse(line) as WatchEvent;
      }
      if (this.#isOver) throw new Error('the watch ended without a further event');
      if (Date.now() > deadline) throw new Error('the watch sent no further event within 2 s');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 100);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The next events as `TYPE name`, `BOOKMARK` or `ERROR code`. */
  async take(count: number): Promise<readonly string[]> {
    const texts: string[] = [];
    for (let taken = 0; taken < count; taken++) texts.push(textOf(await this.next()));
    return texts;
  }

  close(): void {
    this.#request.destroy();
  }
}

function textOf({ type, object }: WatchEvent): string {
  if (type === 'ERROR') return `ERROR ${String(object['code'])}`;
  return type === 'BOOKMARK' ? type : `${type} ${object.metadata.name}`;
}
