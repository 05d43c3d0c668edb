/**
 * Keeps a copy of one kind of objects up to date: lists them, then watches from where the list ended, and tells of each
 * difference. What goes wrong on the way is made good here, and is nobody else's business:
 *
 * - A watch that ends, cleanly or not, is taken up where it stood: bookmarks move that place on while nothing happens.
 * - 410 Gone, as an answer, any error inside a watch but "too many requests", or a server that has forgotten newer changes (it was restored from a copy):
 *   everything is listed anew and compared, so that what happened meanwhile is told as additions, updates and deletions.
 * - An object that was deleted and made anew under its name is told as a deletion and an addition.
 * - Everything else waits and tries again, longer each time, or as long as the API server says (429, Retry-After).
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { backOffMs, type BackOffLimits } from './back-off.js';
import { isAborted } from './deadline.js';
import type { KubeApi, WatchEvent } from './kube-api.js';
import { askedDelayMs, hasStatus, KubeError, statusError, type StatusBody } from './kube-error.js';
import { keyOf, type KubeObject } from './kube-objects.js';
import { explain, type Log } from './log.js';

/** What happened to an object: `before` is absent for a new one, `now` for one that is gone. */
export interface Change<T> {
  readonly key: string;
  readonly before: T | undefined;
  readonly now: T | undefined;
}

export interface ReflectorOptions<Raw extends KubeObject, T extends KubeObject> {
  readonly api: Pick<KubeApi, 'request' | 'watch'>;
  /** Of the collection: `/api/v1/pods`. */
  readonly path: string;
  /** Only objects with these labels. */
  readonly labelSelector?: string;
  /** What to keep of an object; undefined leaves it out. */
  readonly keep: (raw: Raw) => T | undefined;
  readonly onChange: (change: Change<T>) => void;
  readonly log: Log;
  /** Default half a second to 30 seconds. */
  readonly backOff?: BackOffLimits;
  /** Objects in one part of a list. Default 500. */
  readonly pageSize?: number;
  /** How long a watch shall last at most, in seconds; each lasts from half of it to all of it. Default 600. */
  readonly watchSeconds?: number;
  readonly random?: () => number;
}

interface ListBody<Raw> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items?: readonly Raw[];
}

const DEFAULT_BACK_OFF: BackOffLimits = { minMs: 500, maxMs: 30_000 };
/** A watch that ends sooner and brought nothing counts as a failure, or a server that ends each at once would be flooded. */
const SHORTEST_WATCH_MS = 1_000;
/** Time beyond the watch's own for its end to arrive. */
const WATCH_END_MS = 15_000;
/** Lists that follow each other sooner than this count as failures: in a large cluster they weigh heavily. */
const PEACE_MS = 60_000;

/** The API server has ended a watch with an error inside it. */
class WatchError extends KubeError {
  constructor(error: KubeError) {
    super(error.message, error);
  }
}

/** See the head of this file. */
export class Reflector<Raw extends KubeObject, T extends KubeObject> {
  readonly #options: ReflectorOptions<Raw, T>;
  readonly #backOff: BackOffLimits;
  readonly #random: () => number;
  readonly #objects = new Map<string, T>();
  readonly #synced: Promise<void>;
  #resolveSynced: () => void = () => undefined;
  #isSynced = false;
  /** Where the next watch starts; undefined: list first. */
  #resourceVersion: string | undefined;
  #failures = 0;
  #listedAt = -Infinity;
  #listsInARow = 0;

  constructor(options: ReflectorOptions<Raw, T>) {
    this.#options = options;
    this.#backOff = options.backOff ?? DEFAULT_BACK_OFF;
    this.#random = options.random ?? Math.random;
    this.#synced = new Promise((resolve) => (this.#resolveSynced = resolve));
  }

  /** The objects by key. Until the first list is complete they are none; from then on always what the server last said. */
  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  /** Has the first list arrived? */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Resolves when the first list has arrived. */
  get synced(): Promise<void> {
    return this.#synced;
  }

  /** Follows the objects until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, path } = this.#options;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal);
        await this.#watch(signal);
      } catch (error) {
        if (isAborted(signal)) return;
        if (this.#mustList(error)) {
          log('info', `${path} is listed anew`, { because: explain(error) });
          this.#resourceVersion = undefined;
          // At once, if it is the first time in a while: that a watch has expired is nothing to wait for.
          const isFirst = performance.now() - this.#listedAt > PEACE_MS;
          this.#listsInARow = isFirst ? 0 : this.#listsInARow + 1;
          if (isFirst) continue;
          this.#failures = Math.max(this.#failures, this.#listsInARow);
        } else {
          this.#failures += 1;
        }
        const waitMs = Math.max(askedDelayMs(error), backOffMs(this.#failures, this.#backOff, this.#random));
        log('warn', `${path} cannot be followed`, { error: explain(error), waitMs: Math.round(waitMs) });
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Does this error mean that the place to watch from is of no use any more? */
  #mustList(error: unknown): boolean {
    if (this.#resourceVersion === undefined) return false;
    // Within a watch, all but "too many requests" may be about a change at that very place, and would come again.
    if (error instanceof WatchError) return error.status !== 429;
    return hasStatus(error, 410, 400) || (error instanceof KubeError && error.reason === 'ResourceVersionTooLarge');
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, path, keep, labelSelector, pageSize = 500 } = this.#options;
    const found = new Map<string, T>();
    let resourceVersion: string;
    let next: string | undefined;
    do {
      // Without a resourceVersion the list is as new as it can be, even when a server was restored from a copy.
      const query = { limit: pageSize, continue: next, labelSelector };
      const body = await api.request<ListBody<Raw>>('GET', path, { query, signal });
      for (const raw of body.items ?? []) {
        const object = keep(raw);
        if (object !== undefined) found.set(keyOf(object), object);
      }
      resourceVersion = body.metadata.resourceVersion;
      next = body.metadata.continue === '' ? undefined : body.metadata.continue;
    } while (next !== undefined);
    for (const key of [...this.#objects.keys()]) if (!found.has(key)) this.#put(key, undefined);
    for (const [key, object] of found) this.#put(key, object);
    this.#resourceVersion = resourceVersion;
    this.#listedAt = performance.now();
    this.#isSynced = true;
    this.#resolveSynced();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { api, path, labelSelector, watchSeconds = 600 } = this.#options;
    const timeoutSeconds = Math.ceil((watchSeconds / 2) * (1 + this.#random()));
    const query = {
      resourceVersion: this.#resourceVersion,
      allowWatchBookmarks: true,
      timeoutSeconds,
      labelSelector,
    };
    const startedAt = performance.now();
    let events = 0;
    await api.watch<Raw>(path, { query, signal, longestMs: timeoutSeconds * 1000 + WATCH_END_MS }, (event) => {
      this.#take(event);
      events += 1;
      this.#failures = 0;
    });
    if (events === 0 && performance.now() - startedAt < SHORTEST_WATCH_MS) {
      throw new KubeError(`WATCH ${path}: the server ended it at once`);
    }
    this.#failures = 0;
  }

  #take({ type, object: raw }: WatchEvent<Raw>): void {
    if (type === 'ERROR') {
      const status = raw as StatusBody;
      throw new WatchError(statusError(`WATCH ${this.#options.path}`, status.code ?? 500, status));
    }
    if (type === 'ADDED' || type === 'MODIFIED') {
      const object = this.#options.keep(raw);
      // Left out, but it may have been kept until now: a pod that another owner took over, for example.
      this.#put(keyOf(raw), object);
    } else if (type === 'DELETED') {
      const key = keyOf(raw);
      if (this.#objects.get(key)?.metadata.uid === raw.metadata.uid) this.#put(key, undefined);
    }
    // A bookmark is nothing but its resourceVersion.
    this.#resourceVersion = raw.metadata.resourceVersion;
  }

  #put(key: string, now: T | undefined): void {
    const before = this.#objects.get(key);
    if (before === undefined && now === undefined) return;
    if (before !== undefined && before.metadata.resourceVersion === now?.metadata.resourceVersion) {
      if (before.metadata.uid === now.metadata.uid) return;
    }
    const isAnother = before !== undefined && now !== undefined && before.metadata.uid !== now.metadata.uid;
    if (isAnother) this.#put(key, undefined);
    if (now === undefined) this.#objects.delete(key);
    else this.#objects.set(key, now);
    this.#options.onChange({ key, before: isAnother ? undefined : before, now });
  }
}
