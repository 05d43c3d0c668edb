/** What manifests say of the addresses of pods, for telling which ports drift from their pools. */
import { tryParseIp } from '../../ipam/address.js';
import { InvalidPoolError } from '../../ipam/errors.js';
import { parsePool, type Pool } from '../../ipam/pool.js';
import { IP_ADDRESS_ANNOTATION, type PodLike, type Workload } from '../../statefulset/workload.js';
import type { ManifestSet } from '../ports/manifest.js';

interface Wishes {
  readonly workload: Workload;
  readonly pool: Pool | undefined;
  readonly pods: ReadonlyMap<string, PodLike>;
}

/** See the head of this file. */
export class ManifestWishes {
  readonly #sets = new Map<string, Wishes>();
  /** Pools that cannot be read, for people. Their ports are not compared with them. */
  readonly complaints: string[] = [];
  readonly #isRelative: boolean;

  /** `indexing` says whose the first entry of a pool is, as the port manager's option does. */
  constructor(sets: readonly ManifestSet[], indexing: 'relative' | 'absolute' = 'relative') {
    this.#isRelative = indexing === 'relative';
    for (const { workload, pods } of sets) {
      this.#sets.set(workload.key, { workload, pods, pool: this.#readPool(workload) });
    }
  }

  /**
   * The IP addresses that a pod is to have: what it asks for itself, or its entry of the pool, none where the pool ends
   * before it. Undefined where any will do, or nobody has said.
   */
  wantedIps(statefulSet: string, ordinal: number): readonly string[] | undefined {
    const set = this.#sets.get(statefulSet);
    if (set === undefined) return undefined;
    const { workload, pool, pods } = set;
    const asked = pods.get(`${workload.name}-${ordinal}`)?.metadata?.annotations?.[IP_ADDRESS_ANNOTATION];
    if (asked !== undefined) return asked.split(',').map((text) => tryParseIp(text.trim())?.text ?? text.trim());
    if (pool === undefined) return undefined;
    const { v4, v6 } = pool.entries[this.#isRelative ? ordinal - workload.start : ordinal] ?? {};
    return [v4?.text, v6?.text].filter((text) => text !== undefined);
  }

  /** Is a pod beyond the replicas of its StatefulSet? */
  isBeyond(statefulSet: string, ordinal: number): boolean {
    const workload = this.#sets.get(statefulSet)?.workload;
    return workload !== undefined && (ordinal < workload.start || ordinal >= workload.start + workload.replicas);
  }

  #readPool({ key, pool }: Workload): Pool | undefined {
    if (pool === undefined) return undefined;
    try {
      return parsePool(pool, `ip_pool of ${key}`);
    } catch (error) {
      if (!(error instanceof InvalidPoolError)) throw error;
      this.complaints.push(error.message);
      return undefined;
    }
  }
}
