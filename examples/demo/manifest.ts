/** Reads the StatefulSets out of a manifest. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { IP_POOL_ANNOTATION, parsePool, type Pool, type PodLike, type StatefulSetLike } from 'ovn-northbound';
import { parseAllDocuments } from 'yaml';

/** A demo is no load test, and may run on somebody's database. */
const MAX_REPLICAS = 10_000;

/** A manifest that cannot be used. */
export class ManifestError extends Error {}

/** A StatefulSet as the demo plays it. */
export interface DemoSet {
  readonly name: string;
  readonly namespace: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly replicas: number;
  readonly start: number;
  readonly poolText: string | undefined;
  readonly pool: Pool | undefined;
  /** The manifest's object, with the uid that an API server would have given it. */
  readonly object: StatefulSetLike;
}

/** All StatefulSets of a file of YAML documents, those in lists included. Throws {@link ManifestError}, `InvalidPoolError`. */
export function readManifest(file: string): DemoSet[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ManifestError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  const objects: unknown[] = [];
  for (const document of [parseAllDocuments(text)].flat()) {
    const fault = document.errors[0];
    if (fault !== undefined) throw new ManifestError(`${file} is not YAML: ${fault.message}`, { cause: fault });
    try {
      objects.push(document.toJS());
    } catch (error) {
      throw new ManifestError(`${file} is not usable YAML: ${messageOf(error)}`, { cause: error });
    }
  }
  const sets = objects.flatMap(flatten).filter((object) => object.kind === 'StatefulSet');
  if (sets.length === 0) {
    const kinds = objects.flatMap(flatten).map(({ kind }) => (typeof kind === 'string' ? kind : 'something unnamed'));
    throw new ManifestError(`${file} holds no StatefulSet${kinds.length === 0 ? '' : `, only ${kinds.join(', ')}`}`);
  }
  const read = sets.map((object) => describe(file, object as StatefulSetLike));
  const large = read.find(({ replicas }) => replicas > MAX_REPLICAS);
  if (large !== undefined) {
    throw new ManifestError(
      `${file}: ${large.key} asks for ${large.replicas} replicas; the demo plays ${MAX_REPLICAS} at most`,
    );
  }
  const twice = read.find(({ key }, i) => read.some((other, j) => j < i && other.key === key));
  if (twice !== undefined) throw new ManifestError(`${file} holds the StatefulSet ${twice.key} twice`);
  refuseSharedAddresses(file, read);
  return read;
}

/** The second StatefulSet of a namespace could not get addresses that the pool of the first one has. */
function refuseSharedAddresses(file: string, sets: readonly DemoSet[]): void {
  const owners = new Map<string, DemoSet>();
  for (const set of sets) {
    for (const ip of (set.pool?.entries ?? []).flatMap(({ v4, v6 }) => [v4 ?? [], v6 ?? []].flat())) {
      const key = `${set.namespace} ${ip.text}`;
      const owner = owners.get(key);
      // A pool by itself holds no address twice: its parser sees to that.
      if (owner !== undefined) {
        throw new ManifestError(`${file}: the pools of ${owner.key} and ${set.key} both hold ${ip.text}`);
      }
      owners.set(key, set);
    }
  }
}

/** The same StatefulSet with other replicas or another pool, as after an edit. */
export function edited(set: DemoSet, edit: { name?: string; replicas?: number; pool?: string | null }): DemoSet {
  const { object } = set;
  const { [IP_POOL_ANNOTATION]: oldPool, ...annotations } = object.spec?.template?.metadata?.annotations ?? {};
  const pool = edit.pool === undefined ? oldPool : (edit.pool ?? undefined);
  const metadata = { ...object.spec?.template?.metadata, annotations: { ...annotations } as Record<string, string> };
  if (pool !== undefined) metadata.annotations[IP_POOL_ANNOTATION] = pool;
  const renamed = edit.name === undefined ? {} : { name: edit.name, uid: randomUUID() };
  return describe(set.key, {
    metadata: { ...object.metadata, ...renamed },
    spec: {
      ...object.spec,
      replicas: edit.replicas ?? set.replicas,
      template: { ...object.spec?.template, metadata },
    },
  });
}

/** Pods for all replicas as the StatefulSet controller makes them, each with a uid of its own. */
export function newPods({ name, namespace, start, replicas }: DemoSet): PodLike[] {
  return Array.from({ length: replicas }, (_, i) => ({
    metadata: { name: `${name}-${start + i}`, namespace, uid: randomUUID() },
  }));
}

function describe(where: string, given: StatefulSetLike): DemoSet {
  const { metadata, spec } = given;
  const name: unknown = metadata?.name;
  if (typeof name !== 'string' || name === '') throw new ManifestError(`${where}: a StatefulSet without metadata.name`);
  const namespace: unknown = metadata?.namespace ?? 'default';
  if (typeof namespace !== 'string') {
    throw new ManifestError(`${where}: metadata.namespace of ${name} is ${JSON.stringify(namespace)}, not a text`);
  }
  const key = `${namespace}/${name}`;
  const count = (field: string, value: unknown): number => {
    if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value);
    throw new ManifestError(
      `${where}: ${field} of ${key} is ${JSON.stringify(value)}, not a whole number of 0 or more`,
    );
  };
  const poolText: unknown = spec?.template?.metadata?.annotations?.[IP_POOL_ANNOTATION];
  if (poolText !== undefined && typeof poolText !== 'string') {
    throw new ManifestError(`${where}: ${IP_POOL_ANNOTATION} of ${key} is ${JSON.stringify(poolText)}, not a text`);
  }
  return {
    name,
    namespace,
    key,
    replicas: count('spec.replicas', spec?.replicas ?? 1),
    start: count('spec.ordinals.start', spec?.ordinals?.start ?? 0),
    poolText,
    pool: poolText === undefined ? undefined : parsePool(poolText, `${IP_POOL_ANNOTATION} of ${key}`),
    object: { ...given, metadata: { ...metadata, name, namespace, uid: metadata?.uid ?? randomUUID() } },
  };
}

interface KubernetesObject {
  readonly kind?: unknown;
  readonly items?: unknown;
}

/** The object, or the members of a list as `kubectl get -o yaml` prints it. */
function flatten(object: unknown): KubernetesObject[] {
  if (typeof object !== 'object' || object === null) return [];
  const { items, kind } = object as KubernetesObject;
  if (!Array.isArray(items)) return [object];
  return (items as unknown[]).flatMap((item) =>
    // The members of a typed list need not repeat their kind.
    flatten(kind === 'StatefulSetList' && typeof item === 'object' ? { kind: 'StatefulSet', ...item } : item),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
