/**
 * What is fuzzed, put together as a client does it, but without a network: session, monitor and replica. When a
 * message ends the session, the next one begins with the same replica.
 */
import { ConnectionLostError, OvsdbError } from '../../lib/errors.js';
import { Monitor } from '../../lib/replica/monitor.js';
import { Replica } from '../../lib/replica/replica.js';
import { RpcSession } from '../../lib/rpc/session.js';
import type { DatabaseSchema } from '../../lib/schema/schema.js';
import { FakeStream } from '../unit/rpc/fake-stream.js';
import { checkRows, Follower, must } from './invariants.js';

/** Longest message that the sessions accept. */
export const MAX_MESSAGE_BYTES: number = 8 * 1024 * 1024;

interface Request {
  readonly id: number;
  readonly method: string;
}

/** Lets promises settle that have what they wait for. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** See the head of this file. */
export class Rig {
  readonly replica: Replica;
  readonly monitor: Monitor;
  readonly follower = new Follower();
  readonly #schema: DatabaseSchema;
  #stream = new FakeStream();
  #session: RpcSession | undefined;
  #ends: unknown[] = [];
  /** What went wrong where nobody could catch it. */
  readonly #faults: unknown[] = [];
  /** Requests that have no reply yet. */
  pending: Request[] = [];
  started: 'no' | 'yes' | 'refused' = 'no';

  constructor(schema: DatabaseSchema, tables: readonly string[]) {
    this.#schema = schema;
    const indexes = new Map([
      ['Switch', [['members'], ['ports']]],
      ['Logical_Switch', [['ports']]],
    ]);
    this.replica = new Replica(
      tables.map((table) => ({ table, indexes: indexes.get(table) })),
      (_event, error) => this.#faults.push(error),
    );
    this.replica.events.on('batch', (batch) => {
      this.follower.take(batch);
      checkRows(this.replica, batch);
    });
    this.monitor = new Monitor(schema.name, this.replica);
  }

  get alive(): boolean {
    return this.#session?.closed === false;
  }

  /** Begins a session and asks for the monitor; the reply is for the caller to send. */
  async connect(): Promise<void> {
    this.#ends = [];
    this.pending = [];
    this.started = 'no';
    this.#stream = new FakeStream();
    const session = new RpcSession(this.#stream, {
      onNotification: (method, params) => this.monitor.handle(method, params),
      onClose: (error) => this.#ends.push(error),
      maxMessageBytes: MAX_MESSAGE_BYTES,
      probeIntervalMs: 0,
    });
    this.#session = session;
    this.monitor.start(session, this.#schema, 0).then(
      () => (this.started = 'yes'),
      (error: unknown) => {
        this.started = 'refused';
        this.#expectOvsdbError(error);
        // As the client does: a session without a monitor is of no use.
        session.close();
      },
    );
    await turn();
  }

  /** Makes a request that a genuine or mutated reply may answer. */
  request(method: string, params: readonly unknown[]): void {
    this.#session?.request(method, params).catch((error: unknown) => this.#expectOvsdbError(error));
  }

  /** Collects the requests that the session has sent. */
  collect(): void {
    for (const message of this.#stream.take() as Partial<Request>[]) {
      if (typeof message.method === 'string' && typeof message.id === 'number') this.pending.push(message as Request);
    }
  }

  /**
   * Sends to the session; returns how long that took, in milliseconds: of the processor, where that was busy with other
   * processes meanwhile, and of the clock, where other threads of this one were at work as well.
   */
  feed(chunks: readonly Buffer[]): number {
    const [start, before] = [performance.now(), process.cpuUsage()];
    for (const chunk of chunks) this.#stream.receiveBytes(chunk);
    const { user, system } = process.cpuUsage(before);
    return Math.min(performance.now() - start, (user + system) / 1000);
  }

  /** Ends the session as a lost connection does. */
  lose(): void {
    this.#stream.lose(new ConnectionLostError('the connection is gone', { sent: false }));
  }

  close(): void {
    this.#session?.close();
  }

  /** The session goes on, or has ended with one clear error; nothing was thrown at anybody else. */
  check(): void {
    if (this.#faults.length > 0) throw this.#faults[0];
    must(this.#ends.length <= 1, `a session ended ${this.#ends.length} times`);
    if (this.#ends.length === 1) {
      must(this.#session?.closed === true, 'a session reported its end and went on');
      must(this.#stream.closed, 'a session ended and left its stream open');
      this.#expectOvsdbError(this.#ends[0]);
    }
  }

  /** Why the session ended, where it did by itself. */
  get end(): OvsdbError | undefined {
    return this.#ends[0] as OvsdbError | undefined;
  }

  #expectOvsdbError(error: unknown): void {
    if (!(error instanceof OvsdbError)) this.#faults.push(error);
    else if (error.message.length > 2000)
      this.#faults.push(new Error(`an error message of ${error.message.length} characters`)); // prettier-ignore
    else if (error.cause !== undefined && !isHarmless(error.cause)) this.#faults.push(error);
  }
}

/** Bugs show as errors of JavaScript; only what JSON.parse throws is the server's fault. */
function isHarmless(cause: unknown): boolean {
  if (cause instanceof OvsdbError) return cause.cause === undefined || isHarmless(cause.cause);
  return cause instanceof SyntaxError;
}
