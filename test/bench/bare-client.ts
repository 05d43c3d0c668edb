/**
 * The floor: the least that a Node program can do on an OVSDB connection. A bare socket, a loop that finds
 * where messages end, `JSON.parse` and `JSON.stringify`. No checks, no limits, no time-outs, no replica: not
 * a client to use, but the measure of what a client adds.
 */
import { connect, type Socket } from 'node:net';

export interface BareMessage {
  readonly id: number | null;
  readonly method?: string;
  readonly params?: readonly unknown[];
  readonly result?: unknown;
  readonly error?: unknown;
}

export type WireOperation = Readonly<Record<string, unknown>>;

type WireResult = Readonly<Record<string, unknown>> & { readonly error?: unknown };

const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';

/** A connection to `unix:PATH`. */
export class BareClient {
  /** Takes notifications; requests of the server other than `echo` do not occur. */
  onNotification: (message: BareMessage) => void = () => undefined;
  /** Called when the server has ended the connection. */
  onClose: () => void = () => undefined;
  /** The last transaction that the reply to `monitor` knew of. */
  lastTransaction = NO_TRANSACTION;
  bytesReceived = 0;
  /** When the first bytes came after the last request was sent: of its reply, while requests are sent one by one. */
  replyBeganAt = NaN;
  onReplyBegan: () => void = () => undefined;
  /** Where the bytes that arrive are kept, if anywhere. */
  recording: Buffer[] | undefined;
  readonly #socket: Socket;
  readonly #pending = new Map<number, (message: BareMessage) => void>();
  #nextId = 0;
  #parts: Buffer[] = [];
  #depth = 0;
  #inString = false;
  #escaped = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#scan(chunk));
    socket.on('end', () => this.onClose());
  }

  static connect(remote: string): Promise<BareClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ path: remote.slice('unix:'.length) });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new BareClient(socket)));
    });
  }

  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    const message = await new Promise<BareMessage>((resolve) => {
      this.#pending.set(id, resolve);
      this.replyBeganAt = NaN;
      this.#socket.write(JSON.stringify({ id, method, params }));
    });
    if (message.error !== null && message.error !== undefined) throw new Error(JSON.stringify(message.error));
    return message.result;
  }

  async transact(operations: readonly WireOperation[]): Promise<readonly WireResult[]> {
    const results = (await this.request('transact', ['OVN_Northbound', ...operations])) as WireResult[];
    for (const result of results) if (result.error !== undefined) throw new Error(JSON.stringify(result));
    return results;
  }

  /**
   * Monitors these columns of these tables; resolves with the rows by table and uuid: all, or what has changed since a
   * transaction that the server remembers.
   */
  async monitor(
    tables: Readonly<Record<string, readonly string[]>>,
    since: string = NO_TRANSACTION,
  ): Promise<Record<string, Record<string, { initial: WireRow }>>> {
    const requests = Object.entries(tables).map(([table, columns]) => [table, [{ columns }]]);
    const params = ['OVN_Northbound', 'bench', Object.fromEntries(requests), since];
    const reply = (await this.request('monitor_cond_since', params)) as [boolean, string, never];
    this.lastTransaction = reply[1];
    return reply[2];
  }

  close(): void {
    this.#socket.destroy();
  }

  #scan(chunk: Buffer): void {
    this.bytesReceived += chunk.length;
    this.recording?.push(chunk);
    if (Number.isNaN(this.replyBeganAt)) {
      this.replyBeganAt = performance.now();
      this.onReplyBegan();
    }
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let start = 0;
    for (let i = 0; i < chunk.length; i++) {
      const c = chunk[i];
      if (inString) {
        if (escaped) escaped = false;
        else if (c === 0x5c) escaped = true;
        else if (c === 0x22) inString = false;
      } else if (c === 0x22) inString = true;
      else if (c === 0x7b || c === 0x5b) depth++;
      else if ((c === 0x7d || c === 0x5d) && --depth === 0) {
        this.#parts.push(chunk.subarray(start, i + 1));
        start = i + 1;
        const [first] = this.#parts;
        const text = (this.#parts.length === 1 ? first : Buffer.concat(this.#parts))?.toString('utf8') ?? '';
        this.#parts = [];
        this.#receive(JSON.parse(text) as BareMessage);
      }
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
  }

  #receive(message: BareMessage): void {
    if (message.method === 'echo') {
      this.#socket.write(JSON.stringify({ id: message.id, result: message.params, error: null }));
    } else if (message.method !== undefined) {
      this.onNotification(message);
    } else if (message.id !== null) {
      const resolve = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      resolve?.(message);
    }
  }
}

/** A row as it is on the wire. */
export type WireRow = Readonly<Record<string, unknown>>;
