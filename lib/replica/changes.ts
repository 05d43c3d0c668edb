/**
 * The changes of a replica as a stream that each consumer reads at its own pace. It starts with what is there and
 * goes on with every batch. What waits for a consumer that falls behind is bounded: beyond the bound it is
 * replaced by its net difference, so that the consumer still ends up with exactly what the replica holds.
 */
import { setMaxListeners } from 'node:events';

import { InvalidArgumentError } from '../errors.js';
import { NetChanges } from './net-changes.js';
import type { Batch, Replica, RowChange } from './replica.js';

/** Options of a stream of changes. */
export interface ChangesOptions {
  /** Ends the stream; the iterator throws the signal's reason, whatever was still waiting. */
  readonly signal?: AbortSignal | undefined;
  /** How many batches may wait for the consumer, at least 1. Default 1000. */
  readonly maxBatches?: number | undefined;
  /** How many changes of rows, in all batches that wait, may wait for the consumer, at least 1. Default 100000. */
  readonly maxChanges?: number | undefined;
}

/** What was waiting for a consumer that fell behind when it was replaced by its net difference. */
export interface ChangesOverflow {
  readonly batches: number;
  readonly changes: number;
}

const DEFAULT_MAX_BATCHES = 1000;
const DEFAULT_MAX_CHANGES = 100_000;

type Result = IteratorResult<Batch, undefined>;
interface Taker {
  readonly resolve: (result: Result) => void;
  readonly reject: (reason: unknown) => void;
}
type Overflowed = (overflow: ChangesOverflow) => void;

/** Makes streams of the changes of one replica. */
export class ChangeFeed {
  readonly #replica: Replica;
  readonly #onOverflow: Overflowed;
  readonly #open = new Set<ChangeIterator>();
  #end: { readonly error: Error | undefined } | undefined;

  /** `onOverflow` is told of each consumer that falls behind, once until it has caught up. */
  constructor(replica: Replica, onOverflow: Overflowed) {
    this.#replica = replica;
    this.#onOverflow = onOverflow;
  }

  /** Number of consumers that are being served. */
  get consumers(): number {
    return this.#open.size;
  }

  /**
   * A stream of changes. Each loop over it is a consumer of its own, which starts, when it asks for its first batch,
   * with one of cause `initial` that inserts every row that is there, even if there is none; if the replica never was
   * in sync, that comes as soon as it is. Every later batch follows in order. A consumer that falls behind by more
   * than the options allow gets one batch of cause `overflow` in place of those that wait: deletes, then updates, then
   * inserts, row by row the difference from what it saw. Leaving the loop ends the consumer.
   *
   * Throws `InvalidArgumentError` for options that make no sense.
   */
  iterate(options: ChangesOptions = {}): AsyncIterable<Batch> {
    const { maxBatches = DEFAULT_MAX_BATCHES, maxChanges = DEFAULT_MAX_CHANGES, signal } = options;
    for (const [name, value] of Object.entries({ maxBatches, maxChanges })) {
      if (!(value >= 1)) throw new InvalidArgumentError(`changes: ${name} is ${value}; give 1 or more`);
    }
    const limits = { maxBatches, maxChanges, signal };
    return { [Symbol.asyncIterator]: () => new ChangeIterator(this.#replica, limits, this.#host()) };
  }

  /**
   * No change comes any more: each consumer still gets what waits for it, and is then done, or gets `error` thrown
   * where there is one. Of effect for later consumers too, which see just what is there.
   */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const iterator of [...this.#open]) iterator.end(this.#end);
  }

  #host(): IteratorHost {
    return {
      onOpen: (iterator) => {
        if (this.#end === undefined) this.#open.add(iterator);
        else iterator.end(this.#end);
      },
      onStop: (iterator) => this.#open.delete(iterator),
      onOverflow: this.#onOverflow,
    };
  }
}

interface IteratorHost {
  onOpen(iterator: ChangeIterator): void;
  /** It needs nothing more from the replica. */
  onStop(iterator: ChangeIterator): void;
  readonly onOverflow: Overflowed;
}

interface Limits {
  readonly maxBatches: number;
  readonly maxChanges: number;
  readonly signal: AbortSignal | undefined;
}

/** One consumer. */
class ChangeIterator implements AsyncIterator<Batch, undefined> {
  readonly #replica: Replica;
  readonly #limits: Limits;
  readonly #host: IteratorHost;
  #isOpen = false;
  /** The version of the replica that the consumer began with; undefined until there is one. */
  #beganAt: number | undefined;
  #waiting: Batch[] = [];
  #waitingChanges = 0;
  /** Takes the place of the waiting batches after an overflow. */
  #net: NetChanges | undefined;
  /** Calls of `next` that came before there was something for them. */
  readonly #takers: Taker[] = [];
  /** Nothing is added to what waits; told to the consumer once, after that. */
  #end: { error: unknown } | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(replica: Replica, limits: Limits, host: IteratorHost) {
    this.#replica = replica;
    this.#limits = limits;
    this.#host = host;
  }

  next(): Promise<Result> {
    if (!this.#isOpen) this.#start();
    const batch = this.#take();
    if (batch !== undefined) return Promise.resolve({ done: false, value: batch });
    return new Promise((resolve, reject) => {
      this.#takers.push({ resolve, reject });
      this.#tellEnd();
    });
  }

  return(): Promise<Result> {
    this.#discard(undefined);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** See {@link ChangeFeed.end}. */
  end({ error }: { readonly error: unknown }): void {
    if (this.#end !== undefined) return;
    this.#stop({ error });
    this.#tellEnd();
  }

  #start(): void {
    this.#isOpen = true;
    if (this.#end !== undefined) return;
    const { signal } = this.#limits;
    if (signal?.aborted === true) {
      this.#discard(signal.reason);
      return;
    }
    // Its version is raised with the first snapshot, also with an empty one.
    if (this.#replica.version > 0) this.#begin();
    const stopListening = this.#replica.events.on('batch', (batch) => this.#onBatch(batch));
    const onAbort = (): void => this.#discard(signal?.reason);
    // One signal may well end hundreds of streams.
    if (signal !== undefined) setMaxListeners(0, signal);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#unsubscribe = () => {
      stopListening();
      signal?.removeEventListener('abort', onAbort);
    };
    this.#host.onOpen(this);
  }

  #begin(): void {
    this.#beganAt = this.#replica.version;
    const changes: RowChange[] = [];
    for (const [table, { rows }] of this.#replica.stores) {
      for (const row of rows.values()) changes.push({ type: 'insert', table, row });
    }
    this.#deliver({ cause: 'initial', changes });
  }

  #onBatch(batch: Batch): void {
    if (this.#beganAt === undefined) this.#begin();
    // A consumer that began in a listener of this very batch has its changes already.
    else if (this.#replica.version !== this.#beganAt) this.#deliver(batch);
  }

  #deliver(batch: Batch): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) {
      taker.resolve({ done: false, value: batch });
      return;
    }
    if (this.#net !== undefined) {
      this.#net.add(batch.changes);
      return;
    }
    this.#waiting.push(batch);
    this.#waitingChanges += batch.changes.length;
    const { maxBatches, maxChanges } = this.#limits;
    const batches = this.#waiting.length;
    // A single batch is its own net difference.
    if (batches === 1 || (batches <= maxBatches && this.#waitingChanges <= maxChanges)) return;
    const overflow = { batches, changes: this.#waitingChanges };
    this.#net = new NetChanges();
    for (const { changes } of this.#waiting) this.#net.add(changes);
    this.#waiting = [];
    this.#waitingChanges = 0;
    this.#host.onOverflow(overflow);
  }

  #take(): Batch | undefined {
    if (this.#net !== undefined) {
      const changes = this.#net.toChanges();
      this.#net = undefined;
      return { cause: 'overflow', changes };
    }
    const batch = this.#waiting.shift();
    this.#waitingChanges -= batch?.changes.length ?? 0;
    return batch;
  }

  /** Ends at once: what waits is forgotten. */
  #discard(error: unknown): void {
    this.#isOpen = true;
    this.#waiting = [];
    this.#net = undefined;
    this.#stop({ error });
    this.#tellEnd();
  }

  #stop(end: { error: unknown }): void {
    this.#end = end;
    this.#unsubscribe();
    this.#host.onStop(this);
  }

  /** Calls of `next` wait only while nothing else does, so the end is what they get. */
  #tellEnd(): void {
    if (this.#end === undefined) return;
    for (const taker of this.#takers.splice(0)) {
      const { error } = this.#end;
      this.#end.error = undefined;
      if (error === undefined) taker.resolve({ done: true, value: undefined });
      else taker.reject(error);
    }
  }
}
