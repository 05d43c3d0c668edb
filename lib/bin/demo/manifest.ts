/** The StatefulSets that the demo plays. */
import { randomUUID } from 'node:crypto';
import { parsePool, type Pool } from '../../ipam/pool.js';
import { IP_POOL_ANNOTATION, readWorkload, type PodLike, type StatefulSetLike } from '../../statefulset/workload.js';
import { readManifest, type ManifestSource } from '../ports/manifest.js';
import { DemoError } from './demo-error.js';

/** A demo is no load test, and may run on somebody's database. */
const MAX_REPLICAS = 10_000;

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

/** All StatefulSets of a manifest. Throws {@link DemoError}, and what `readManifest` and `parsePool` throw. */
export function readSets(source: ManifestSource): DemoSet[] {
  const sets = readManifest([source]).sets.map(({ statefulSet }) => describe(statefulSet));
  const large = sets.find(({ replicas }) => replicas > MAX_REPLICAS);
  if (large !== undefined) {
    throw new DemoError(
      `${source.file}: ${large.key} asks for ${large.replicas} replicas; the demo plays ${MAX_REPLICAS} at most`,
    );
  }
  refuseSharedAddresses(source.file, sets);
  return sets;
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
        throw new DemoError(`${file}: the pools of ${owner.key} and ${set.key} both hold ${ip.text}`);
      }
      owners.set(key, set);
    }
  }
}

/** The same StatefulSet with other replicas or another pool, as after an edit. */
export function edited(
  set: DemoSet,
  edit: { readonly name?: string; readonly replicas?: number; readonly pool?: string | null },
): DemoSet {
  const { object } = set;
  const { [IP_POOL_ANNOTATION]: oldPool, ...others } = object.spec?.template?.metadata?.annotations ?? {};
  const pool = edit.pool === undefined ? oldPool : (edit.pool ?? undefined);
  const annotations: Record<string, string> = others;
  if (pool !== undefined) annotations[IP_POOL_ANNOTATION] = pool;
  const renamed = edit.name === undefined ? {} : { name: edit.name, uid: randomUUID() };
  return describe({
    metadata: { ...object.metadata, ...renamed },
    spec: {
      ...object.spec,
      replicas: edit.replicas ?? set.replicas,
      template: { ...object.spec?.template, metadata: { ...object.spec?.template?.metadata, annotations } },
    },
  });
}

/** Pods for all replicas as the StatefulSet controller makes them, each with a uid of its own. */
export function newPods({ name, namespace, start, replicas }: DemoSet): PodLike[] {
  return Array.from({ length: replicas }, (_, i) => ({
    metadata: { name: `${name}-${start + i}`, namespace, uid: randomUUID() },
  }));
}

function describe(object: StatefulSetLike): DemoSet {
  const { name, namespace, key, uid = randomUUID(), replicas, start, pool } = readWorkload(object);
  return {
    name,
    namespace,
    key,
    replicas,
    start,
    poolText: pool,
    pool: pool === undefined ? undefined : parsePool(pool, `${IP_POOL_ANNOTATION} of ${key}`),
    object: { ...object, metadata: { ...object.metadata, name, namespace, uid } },
  };
}
