/** One WATCH: a stream of JSON lines, fed by the store's writes, through which faults can be sent too. */
import type { ServerResponse } from 'node:http';

import type { KubeObject } from './objects.js';
import type { Change, ObjectStore } from './object-store.js';
import { badOption, count, resourceVersion, selection } from './list.js';
import type { Resource } from './resources.js';
import { apiVersionOf } from './resources.js';
import type { Predicate } from './selectors.js';
import type { Status } from './status-error.js';
import { StatusError } from './status-error.js';

/** How long a watch lasts when the client names no time. The real server's is half an hour or more. */
const DEFAULT_TIMEOUT_SECONDS = 1_800;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

type WatchEventType = Change['type'] | 'BOOKMARK' | 'ERROR';

export interface WatchRequest {
  readonly resource: Resource;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

export class WatchStream {
  readonly resource: Resource;
  /** Empty for all namespaces. */
  readonly namespace: string;
  readonly response: ServerResponse;
  /** Ends when the connection does, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #store: ObjectStore;
  readonly #matches: Predicate;
  readonly #allowBookmarks: boolean;
  readonly #onClose: (() => void)[] = [];
  #sentRevision = 0;
  #held: Change[] | undefined;

  /** Sends what is due at the start. Throws a StatusError, with nothing sent, for a request that cannot be served. */
  constructor(store: ObjectStore, { resource, namespace, query, response }: WatchRequest) {
    this.resource = resource;
    this.namespace = namespace;
    this.response = response;
    this.#store = store;
    this.#matches = selection(resource, query);
    this.#allowBookmarks = ['true', '1'].includes(query.get('allowWatchBookmarks') ?? '');
    const start = startOf(store, query, this.#allowBookmarks);
    const timeoutSeconds = count(query, 'timeoutSeconds');
    this.closed = new Promise((resolve) => {
      response.once('close', () => {
        for (const close of this.#onClose) close();
        resolve();
      });
    });
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    this.#begin(start);
    this.#onClose.push(store.subscribe((change) => this.#take(change)));
    this.#endAfter(timeoutSeconds === 0 ? DEFAULT_TIMEOUT_SECONDS : timeoutSeconds);
  }

  get isOpen(): boolean {
    return !this.response.writableEnded && !this.response.destroyed;
  }

  /** A bookmark with the present revision; only for a client that asked for bookmarks. */
  sendBookmark(): void {
    if (!this.#allowBookmarks || this.#held !== undefined) return;
    this.#sentRevision = this.#store.revision;
    this.#send('BOOKMARK', this.#bookmark(this.#sentRevision));
  }

  /** An ERROR event, after which the server ends the stream. */
  fail(status: Status): void {
    this.#send('ERROR', status);
    this.response.end();
  }

  /** The end as at the time-out: with the stream whole. */
  end(): void {
    this.response.end();
  }

  /** The first half of an event's line; the caller then cuts the connection. */
  sendHalfAnEvent(): void {
    const line = JSON.stringify({ type: 'MODIFIED', object: this.#bookmark(this.#store.revision) });
    this.response.write(line.slice(0, line.length / 2));
  }

  /** From now on nothing is sent, with the connection open, as from a server that hangs or a path that drops packets. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends what was held back, and goes on. */
  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const change of held) this.#take(change);
  }

  #begin(start: Start): void {
    if (start.from === 'revision') {
      this.#sentRevision = start.revision;
      for (const change of this.#store.since(start.revision)) this.#take(change);
      return;
    }
    this.#sentRevision = this.#store.revision;
    const within = this.namespace === '' ? undefined : this.namespace;
    for (const object of this.#store.scan(this.resource.stored, within)) {
      const shown = this.resource.show(object);
      if (this.#matches(shown)) this.#send('ADDED', shown);
    }
    if (start.marksEnd) this.#send('BOOKMARK', this.#bookmark(this.#sentRevision, { [INITIAL_EVENTS_END]: 'true' }));
  }

  #take(change: Change): void {
    if (change.key.resource !== this.resource.stored) return;
    if (this.namespace !== '' && change.key.namespace !== this.namespace) return;
    if (this.#held !== undefined) {
      this.#held.push(change);
      return;
    }
    // A watch can be from a revision that is yet to come, as after the database was set back.
    if (change.revision <= this.#sentRevision) return;
    this.#sentRevision = change.revision;
    const now = this.resource.show(change.object);
    const before = change.previous === undefined ? undefined : this.resource.show(change.previous);
    const matched = before !== undefined && this.#matches(before);
    const matches = change.type !== 'DELETED' && this.#matches(now);
    // To a client that selects, an object that stops matching is deleted, and one that starts to is new.
    // Either way a deletion shows the last state that was stored, with the revision of what ended it.
    if (matches) this.#send(matched ? 'MODIFIED' : 'ADDED', now);
    else if (matched) this.#send('DELETED', withRevision(before, change.revision));
  }

  #bookmark(revision: number, annotations?: Record<string, string>): object {
    return {
      ...{ kind: this.resource.kind, apiVersion: apiVersionOf(this.resource) },
      metadata: {
        ...{ resourceVersion: String(revision), creationTimestamp: null },
        ...(annotations === undefined ? {} : { annotations }),
      },
    };
  }

  #send(type: WatchEventType, object: object): void {
    if (this.isOpen) this.response.write(`${JSON.stringify({ type, object })}\n`);
  }

  #endAfter(seconds: number): void {
    const timer = setTimeout(() => {
      // The real server bookmarks two seconds before the end; what counts is that one comes just before it.
      this.sendBookmark();
      this.end();
    }, seconds * 1_000);
    timer.unref();
    this.#onClose.push(() => clearTimeout(timer));
  }
}

type Start =
  { readonly from: 'revision'; readonly revision: number } | { readonly from: 'objects'; readonly marksEnd: boolean };

function startOf(store: ObjectStore, query: URLSearchParams, allowBookmarks: boolean): Start {
  const wanted = resourceVersion(query);
  const initial = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  if (initial === null) {
    if (match !== '')
      throw badOption('resourceVersionMatch', 'it is forbidden for watch unless sendInitialEvents is provided');
    if (wanted === undefined || wanted === 0) return { from: 'objects', marksEnd: false };
  } else {
    if (match !== 'NotOlderThan') {
      throw badOption('resourceVersionMatch', 'sendInitialEvents requires resourceVersionMatch "NotOlderThan"');
    }
    if (initial === 'true') {
      if (!allowBookmarks) throw badOption('allowWatchBookmarks', 'sendInitialEvents requires allowWatchBookmarks');
      return { from: 'objects', marksEnd: true };
    }
  }
  const revision = wanted === undefined || wanted === 0 ? store.revision : wanted;
  // Throws where the history does not reach back so far.
  store.since(revision);
  return { from: 'revision', revision };
}

function withRevision(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

/**
 * What a watch from a forgotten revision gets: the real server opens the stream and sends the failure as its
 * only event, unless the request is refused before it comes to the watch cache.
 */
export function answerExpired(response: ServerResponse, error: StatusError): void {
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.end(`${JSON.stringify({ type: 'ERROR', object: error.status })}\n`);
}
