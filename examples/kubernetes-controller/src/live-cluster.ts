/**
 * What the API server says now, in place of the copies that the reflectors keep. Those are behind, for as long as a broken
 * watch goes unnoticed; what takes an address away must not go by them, or a controller that has fallen behind would
 * undo what another one beside it has done since.
 */
import type { KubeApi } from './kube-api.js';
import { hasStatus } from './kube-error.js';
import { keepNamespace, keepStatefulSet } from './kube-objects.js';
import type { KubeObject, Namespace, RawStatefulSet, StatefulSet } from './kube-objects.js';

/** Label of every pod that a StatefulSet made; the value is the pod's name. */
export const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name';
/** Names in one request: they are part of its URL, which must stay below some kilobytes. */
const NAMES_PER_REQUEST = 50;

/** See the head of this file. Everything rejects with `KubeError`, or the signal's reason. */
export class LiveCluster {
  readonly #api: Pick<KubeApi, 'request'>;

  constructor(api: Pick<KubeApi, 'request'>) {
    this.#api = api;
  }

  async statefulSet(namespace: string, name: string, signal: AbortSignal): Promise<StatefulSet | undefined> {
    const raw = await this.#get<RawStatefulSet>(`/apis/apps/v1/namespaces/${namespace}/statefulsets/${name}`, signal);
    return raw && keepStatefulSet(raw);
  }

  async namespace(name: string, signal: AbortSignal): Promise<Namespace | undefined> {
    const raw = await this.#get<KubeObject>(`/api/v1/namespaces/${name}`, signal);
    return raw && keepNamespace(raw);
  }

  /** The first that is found of these pods of a StatefulSet; undefined when there is none of them. */
  async anyPod(namespace: string, names: readonly string[], signal: AbortSignal): Promise<string | undefined> {
    for (let from = 0; from < names.length; from += NAMES_PER_REQUEST) {
      const some = names.slice(from, from + NAMES_PER_REQUEST);
      const { items } = await this.#api.request<{ readonly items?: readonly KubeObject[] }>(
        'GET',
        `/api/v1/namespaces/${namespace}/pods`,
        { query: { labelSelector: `${POD_NAME_LABEL} in (${some.join(',')})` }, signal },
      );
      const [found] = items ?? [];
      if (found !== undefined) return found.metadata.name;
    }
    return undefined;
  }

  async #get<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#api.request<T>('GET', path, { signal });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }
}
