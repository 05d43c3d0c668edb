/**
 * Events (v1) for `kubectl describe`. The same fact about the same object is one Event whose `count` and `lastTimestamp`
 * move on, told at most once in a while, however often an attempt fails. Its name follows from what it says, so that a
 * controller that was restarted, or a second one beside it, counts on instead of beginning anew.
 *
 * Events are for people: when they cannot be written, that is logged, and nothing waits for them.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { backOffMs, type BackOffLimits } from './back-off.js';
import { isAborted } from './deadline.js';
import type { KubeApi } from './kube-api.js';
import { askedDelayMs, hasStatus, KubeError } from './kube-error.js';
import type { KubeObject } from './kube-objects.js';
import { explain, type Log } from './log.js';

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: 'v1' | 'apps/v1';
  readonly kind: 'Pod' | 'StatefulSet';
  readonly object: KubeObject;
}

export interface EventRecorderOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly log: Log;
  /** The same event is written again at most this often, in milliseconds. Default five minutes. */
  readonly repeatMs?: number;
  /** Default half a second to 30 seconds. */
  readonly backOff?: BackOffLimits;
  readonly random?: () => number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

interface Fact {
  readonly subject: EventSubject;
  readonly reason: string;
  readonly message: string;
  readonly name: string;
  /** How often it was told to the API server; 0: not yet. */
  count: number;
  /** How often it happened since. */
  pending: number;
  writtenAt: number;
  lastAt: number;
}

/** An Event as the API server has it, as far as it is read. */
interface WrittenEvent {
  readonly count?: number;
}

const COMPONENT = 'ovn-statefulset-controller';
/** Of a message, in UTF-8. */
const MAX_MESSAGE_BYTES = 1024;
const ELLIPSIS = '…';
const MAX_QUEUE = 1000;
/** Facts that are remembered; the API server forgets its Events after an hour. */
const MAX_FACTS = 10_000;
const ATTEMPTS = 5;

/** See the head of this file. */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #facts = new Map<string, Fact>();
  readonly #queue = new Set<Fact>();
  readonly #abort = new AbortController();
  #sending: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  /** Tells of something wrong with an object; `reason` is one word in CamelCase. Returns at once. */
  warn(subject: EventSubject, reason: string, message: string): void {
    if (this.#abort.signal.aborted) return;
    const now = this.#now();
    const { name: objectName, uid } = subject.object.metadata;
    const hash = createHash('sha256').update([uid, reason, message].join('\n')).digest('hex').slice(0, 16);
    const name = `${objectName.slice(0, 230).replace(/[^a-z0-9]+$/, '')}.${hash}`;
    let fact = this.#facts.get(name);
    if (fact === undefined) {
      fact = {
        subject,
        reason,
        message: shorten(message),
        name,
        count: 0,
        pending: 0,
        writtenAt: -Infinity,
        lastAt: now,
      };
    } else {
      this.#facts.delete(name);
    }
    // The last one told is the last one forgotten.
    this.#facts.set(name, fact);
    const [oldest] = this.#facts.keys();
    if (this.#facts.size > MAX_FACTS && oldest !== undefined) this.#facts.delete(oldest);
    fact.pending += 1;
    fact.lastAt = now;
    if (now - fact.writtenAt < (this.#options.repeatMs ?? 300_000) || this.#queue.size >= MAX_QUEUE) return;
    this.#queue.add(fact);
    this.#sending ??= this.#send();
  }

  /** Gives what is still to be written some time, and ends. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#abort.abort(), graceMs);
    await this.#sending;
    clearTimeout(timer);
    this.#abort.abort();
  }

  /** One after the other: events must never be what loads the API server. */
  async #send(): Promise<void> {
    const { signal } = this.#abort;
    for (const fact of this.#queue) {
      this.#queue.delete(fact);
      for (let attempt = 1; !signal.aborted; attempt++) {
        try {
          await this.#write(fact, signal);
          break;
        } catch (error) {
          if (isAborted(signal)) break;
          // The namespace is going, or the event makes no sense to the server: it will not be another time.
          const isHopeless = hasStatus(error, 400, 403, 404, 422) || attempt >= ATTEMPTS;
          if (isHopeless) {
            this.#options.log('warn', 'an event could not be written', { event: fact.message, error: explain(error) });
            fact.writtenAt = this.#now();
            break;
          }
          const limits = this.#options.backOff ?? { minMs: 500, maxMs: 30_000 };
          const waitMs = Math.max(askedDelayMs(error), backOffMs(attempt, limits, this.#options.random ?? Math.random));
          await sleep(waitMs, undefined, { signal }).catch(() => undefined);
        }
      }
    }
    this.#sending = undefined;
  }

  async #write(fact: Fact, signal: AbortSignal): Promise<void> {
    const { pending } = fact;
    const namespace = fact.subject.object.metadata.namespace ?? 'default';
    const path = `/api/v1/namespaces/${namespace}/events`;
    if (fact.count === 0) {
      try {
        await this.#options.api.request('POST', path, { body: this.#event(fact, namespace), signal });
        this.#written(fact, pending, pending);
        return;
      } catch (error) {
        if (!hasStatus(error, 409)) throw error;
        // An earlier controller, or one beside this, has told it already.
        const written = await this.#options.api.request<WrittenEvent>('GET', `${path}/${fact.name}`, { signal });
        fact.count = written.count ?? 1;
      }
    }
    const count = fact.count + pending;
    const body = { count, lastTimestamp: isoTime(fact.lastAt) };
    try {
      await this.#options.api.request('PATCH', `${path}/${fact.name}`, {
        body,
        contentType: 'application/merge-patch+json',
        signal,
      });
    } catch (error) {
      // The API server has forgotten it: the next attempt makes it anew.
      if (hasStatus(error, 404)) {
        fact.count = 0;
        throw new KubeError(error.message, { cause: error });
      }
      throw error;
    }
    this.#written(fact, count, pending);
  }

  #written(fact: Fact, count: number, told: number): void {
    fact.count = count;
    fact.pending -= told;
    fact.writtenAt = this.#now();
  }

  #event(fact: Fact, namespace: string): unknown {
    const { apiVersion, kind, object } = fact.subject;
    const { name, uid, resourceVersion } = object.metadata;
    const time = isoTime(fact.lastAt);
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: fact.name, namespace },
      involvedObject: { apiVersion, kind, namespace, name, uid, resourceVersion },
      type: 'Warning',
      reason: fact.reason,
      message: fact.message,
      source: { component: COMPONENT },
      reportingComponent: COMPONENT,
      reportingInstance: '',
      firstTimestamp: time,
      lastTimestamp: time,
      count: fact.pending,
    };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** Times of core Events have no fractions of seconds. */
function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function shorten(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= MAX_MESSAGE_BYTES) return message;
  // A character that was cut in two becomes U+FFFD, and goes.
  const start = bytes
    .subarray(0, MAX_MESSAGE_BYTES - Buffer.byteLength(ELLIPSIS))
    .toString()
    .replace(/\uFFFD$/, '');
  return `${start}${ELLIPSIS}`;
}
