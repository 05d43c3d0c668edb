/**
 * What etcd is to the API server: objects by key, one revision for all of them that rises with every write,
 * and a history of writes that can be compacted. Stored objects are never changed in place.
 */
import type { KubeObject } from './objects.js';
import { expired } from './status-error.js';

export type ResourceName = 'namespaces' | 'pods' | 'statefulsets' | 'events' | 'leases';

/** `namespace` is empty for objects of the cluster. */
export interface ObjectKey {
  readonly resource: ResourceName;
  readonly namespace: string;
  readonly name: string;
}

export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: ObjectKey;
  /** After the write; the last state, with the deletion's revision, where it was deleted. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

interface Entry {
  readonly key: ObjectKey;
  readonly object: KubeObject;
}

/** Far from 1, so that a client that counts instead of comparing is found out. */
const FIRST_REVISION = 1_000;

export class ObjectStore {
  #revision = FIRST_REVISION;
  #compacted = FIRST_REVISION;
  readonly #entries = new Map<ResourceName, Map<string, Entry>>();
  /** Entries by resource in the order of their keys, until the next addition or removal. */
  readonly #ordered = new Map<ResourceName, readonly string[]>();
  #history: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();

  /** Of the last write of any object. */
  get revision(): number {
    return this.#revision;
  }

  /** The oldest revision that a watch can start from and that a list can show. */
  get oldestRevision(): number {
    return this.#compacted;
  }

  read(key: ObjectKey): KubeObject | undefined {
    return this.#of(key.resource).get(textOf(key))?.object;
  }

  /** All objects of a resource, of one namespace where given, in the order of their keys. */
  scan(resource: ResourceName, namespace?: string): readonly KubeObject[] {
    const entries = this.#of(resource);
    const order = this.#ordered.get(resource) ?? [...entries.keys()].sort(compareText);
    this.#ordered.set(resource, order);
    const found: KubeObject[] = [];
    for (const text of order) {
      const entry = entries.get(text);
      if (entry !== undefined && (namespace === undefined || entry.key.namespace === namespace))
        found.push(entry.object);
    }
    return found;
  }

  /** As {@link scan}, at an earlier revision. Throws 410 Expired where the history no longer reaches back to it. */
  scanAt(revision: number, resource: ResourceName, namespace?: string): readonly KubeObject[] {
    const entries = new Map(this.#of(resource));
    for (const { key, previous } of [...this.since(revision)].reverse()) {
      if (key.resource !== resource) continue;
      if (previous === undefined) entries.delete(textOf(key));
      else entries.set(textOf(key), { key, object: previous });
    }
    return [...entries]
      .filter(([, { key }]) => namespace === undefined || key.namespace === namespace)
      .sort(([a], [b]) => compareText(a, b))
      .map(([, { object }]) => object);
  }

  /** The writes after a revision. Throws 410 Expired where the history no longer reaches back to it. */
  since(revision: number): readonly Change[] {
    if (revision < this.#compacted) {
      throw expired(`too old resource version: ${revision} (${this.#compacted})`);
    }
    // Counted from the end: nearly always a client has missed little.
    let start = this.#history.length;
    while (start > 0 && (this.#history[start - 1]?.revision ?? 0) > revision) start -= 1;
    return this.#history.slice(start);
  }

  /** Stores the object under the next revision and returns it as stored. */
  write(key: ObjectKey, object: KubeObject): KubeObject {
    const previous = this.read(key);
    const stored = this.#stamped(object);
    this.#of(key.resource).set(textOf(key), { key, object: stored });
    if (previous === undefined) this.#ordered.delete(key.resource);
    this.#commit(key, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
    return stored;
  }

  /** Removes an object that is there and returns its last state, with the deletion's revision. */
  remove(key: ObjectKey, last: KubeObject): KubeObject {
    const previous = this.read(key);
    const stored = this.#stamped(last);
    this.#of(key.resource).delete(textOf(key));
    this.#ordered.delete(key.resource);
    this.#commit(key, 'DELETED', stored, previous);
    return stored;
  }

  /** Raises the revision with no change to any object, as writes to resources that nobody here watches do. */
  skipRevisions(count: number): void {
    this.#revision += count;
  }

  /** Forgets the history up to a revision, the present one when none is given. */
  compact(revision: number = this.#revision): void {
    this.#compacted = Math.max(this.#compacted, Math.min(revision, this.#revision));
    this.#history = this.#history.filter((change) => change.revision > this.#compacted);
  }

  /** Calls the listener inside every write, in order. Returns the function that ends it. */
  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #of(resource: ResourceName): Map<string, Entry> {
    const entries = this.#entries.get(resource) ?? new Map<string, Entry>();
    this.#entries.set(resource, entries);
    return entries;
  }

  #stamped(object: KubeObject): KubeObject {
    const metadata = { ...object.metadata, resourceVersion: String(this.#revision + 1) };
    return { ...object, metadata };
  }

  #commit(key: ObjectKey, type: Change['type'], object: KubeObject, previous: KubeObject | undefined): void {
    this.#revision += 1;
    const change: Change = { revision: this.#revision, type, key, object, previous };
    this.#history.push(change);
    for (const listener of [...this.#listeners]) listener(change);
  }
}

/** The object's key within its resource, as {@link listKey} has it for objects. */
function textOf({ namespace, name }: ObjectKey): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}

/** By what a list is ordered and continued: `namespace/name`, or the name alone. */
export function listKey({ metadata }: KubeObject): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
