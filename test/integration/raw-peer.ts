/** A client that speaks raw JSON-RPC and keeps all that it gets, over a socket or any other stream. */
import type { Stream } from '../../lib/wire/stream.js';
import { decodeUtf8, Framer } from '../../lib/wire/framer.js';
import { parseJson, stringifyJson } from '../../lib/wire/json.js';

/** A message of a server. */
export interface Message {
  readonly id: unknown;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

const PATIENCE_MS = 10_000;

/** See the head of this file. */
export class RawPeer implements Disposable {
  readonly #stream: Stream;
  readonly #framer = new Framer();
  #received: Message[] = [];
  #isOver = false;
  #nextId = 0;
  #wake: () => void = () => undefined;

  constructor(stream: Stream) {
    this.#stream = stream;
    stream.start({
      onData: (chunk) => {
        this.#framer.push(chunk, ({ bytes }) => this.#received.push(parseJson(decodeUtf8(bytes), true) as Message));
        this.#wake();
      },
      onClose: () => {
        this.#isOver = true;
        this.#wake();
      },
    });
  }

  /** Has the server ended the connection? */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends a request, or any text, and does not wait. Returns the id of the request. */
  send(method: string, params: readonly unknown[], id: unknown = `r${this.#nextId++}`): unknown {
    this.sendText(stringifyJson({ method, params, id }));
    return id;
  }

  sendText(text: string): void {
    this.#stream.write(text);
  }

  /** Sends a request and waits for its reply; what comes before it stays to be taken. */
  async request(method: string, params: readonly unknown[], id?: unknown): Promise<Message> {
    const sent = this.send(method, params, id);
    return this.reply(sent);
  }

  /** The reply to a request, as soon as it comes; a connection that ends rejects. */
  async reply(id: unknown): Promise<Message> {
    const text = stringifyJson(id);
    const find = (): number =>
      this.#received.findIndex((message) => message.method === undefined && stringifyJson(message.id) === text);
    await this.#until(() => find() >= 0 || this.#isOver);
    const place = find();
    if (place < 0) throw new Error('the server closed the connection');
    return this.#received.splice(place, 1)[0]!;
  }

  /** All that has come until now, in order, once the server has handled what was sent before. */
  async take(): Promise<readonly Message[]> {
    const id = 'barrier';
    if (!this.#isOver) {
      this.send('echo', [], id);
      await this.#until(() => this.#isOver || this.#received.some((message) => message.id === id));
    }
    return this.#received.splice(0).filter((message) => message.id !== id);
  }

  /** What has come until now, without asking the server. */
  taken(): readonly Message[] {
    return this.#received.splice(0);
  }

  /** Resolves when the server has ended the connection. */
  async ended(): Promise<void> {
    await this.#until(() => this.#isOver);
  }

  /** Resolves when so many messages are there to be taken. */
  async arrived(count: number): Promise<void> {
    await this.#until(() => this.#received.length >= count);
  }

  async #until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('what was waited for did not come');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }
}
