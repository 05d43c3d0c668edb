/**
 * Brings one StatefulSet, its pods and its ports in line. It looks only at what is there now, never at what happened, so
 * it may be called at any time, any number of times, and by several controllers at once; when nothing is to be done it
 * sends nothing, neither to the API server nor to the northbound database.
 */
import {
  PortError,
  type ApplyResult,
  type ManagedPort,
  type NamespaceSubnet,
  type NorthboundClient,
  type PodLike,
  type PodOutcomeOk,
  type PodPort,
  type StatefulSetLike,
  type StatefulSetPortManager,
} from 'ovn-northbound';

import { annotationChanges, podForManager, wishAnnotations } from './annotations.js';
import type { EventRecorder, EventSubject } from './events.js';
import type { KubeApi } from './kube-api.js';
import { hasStatus } from './kube-error.js';
import { splitKey, type Namespace, type Pod, type StatefulSet } from './kube-objects.js';
import { LiveCluster } from './live-cluster.js';
import type { Log } from './log.js';
import { inParallel } from './parallel.js';
import { policyOfPorts, policyWarning, type ReleasePolicy } from './release-policy.js';
import { subnetFacts } from './subnets.js';

/** What a reconciliation sees of the cluster: the copies that the reflectors keep. */
export interface ClusterView {
  statefulSet(key: string): StatefulSet | undefined;
  /** The pods of a StatefulSet, or of one that had its name. */
  podsOf(key: string): readonly Pod[];
  namespace(name: string): Namespace | undefined;
  /** The subnet of a namespace; undefined when nothing says its switch. */
  subnetOf(namespace: string): NamespaceSubnet | undefined;
  /** The policy of this StatefulSet when this process last saw it; undefined when it never did. */
  lastPolicy(key: string): ReleasePolicy | undefined;
  /** Takes the pods that went since the last call. */
  takeGonePods(key: string): readonly Pod[];
  /** Gives pods back whose end could not be dealt with. */
  returnGonePods(key: string, pods: readonly Pod[]): void;
}

export interface ReconcilerOptions {
  readonly api: Pick<KubeApi, 'request'>;
  readonly nb: NorthboundClient;
  readonly manager: StatefulSetPortManager;
  /** `vendor` of this controller's ports; others are none of its business. */
  readonly vendor: string;
  /** Time for the northbound database to be in sync, in milliseconds. */
  readonly timeoutMs: number;
  readonly view: ClusterView;
  readonly events: Pick<EventRecorder, 'warn'>;
  readonly log: Log;
}

/** Something is not as it should be, is told where people look for it, and will be tried again. */
export class UnfinishedError extends Error {}

/** Errors that pass by themselves; the log has them, but nobody has to act. */
const PASSING: ReadonlySet<string> = new Set(['NotReady', 'ConflictRetriesExhausted']);
/** Pods that are annotated at the same time. */
const PARALLEL_PATCHES = 8;

/** See the head of this file. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #live: LiveCluster;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#live = new LiveCluster(options.api);
  }

  /** Does what there is to do for the StatefulSet `namespace/name`. Rejects when something is left to be done. */
  async reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { view } = this.#options;
    await this.#notePodsGone(key, signal);
    const set = view.statefulSet(key);
    if (set === undefined) return this.#statefulSetGone(key, signal);
    // It makes no more pods. Its ports are dealt with when it is gone.
    if (set.metadata.deletionTimestamp !== undefined) return;
    const { namespace = 'default' } = set.metadata;
    // The StatefulSet was faster than its namespace, which comes on another connection, and brings the key back.
    if (view.namespace(namespace) === undefined)
      throw new UnfinishedError(`namespace ${namespace} has not been seen yet`);
    if (!this.#isOurs(set)) return;
    const pods = view.podsOf(key).filter((pod) => isMember(set, pod));
    const result = await this.#apply(set, pods, signal);
    this.#tell(set, pods, result);
    await this.#annotate(set, pods, result, signal);
    const [first] = result.errors;
    if (first === undefined) return;
    const others = result.errors.length === 1 ? '' : `; and ${result.errors.length - 1} more pods get no port`;
    throw new UnfinishedError(`${first.message} [${first.code}]${others}`);
  }

  async #notePodsGone(key: string, signal: AbortSignal): Promise<void> {
    const { view, manager } = this.#options;
    const names = new Set(view.podsOf(key).map(({ metadata }) => metadata.name));
    // One that is back under its name is not gone.
    const gone = view.takeGonePods(key).filter(({ metadata }) => !names.has(metadata.name));
    for (const [done, pod] of gone.entries()) {
      try {
        await manager.podDeleted(podForManager(pod), { signal });
      } catch (error) {
        view.returnGonePods(key, gone.slice(done));
        throw error;
      }
    }
  }

  /**
   * Is this StatefulSet one for OVN? It is when its namespace has a switch, when it asks for addresses, or when it has
   * ports; then what is missing is an error. Others belong to another network, and are let be.
   */
  #isOurs(set: StatefulSet): boolean {
    const { namespace = 'default' } = set.metadata;
    if (set.hostNetwork) return false;
    return (
      this.#options.view.subnetOf(namespace) !== undefined ||
      set.spec.template.metadata?.annotations?.['ovn.kubernetes.io/ip_pool'] !== undefined ||
      this.#ownPorts(set).length > 0
    );
  }

  /** The ports that are kept for a StatefulSet of this cluster. */
  #ownPorts(set: StatefulSetLike): ManagedPort[] {
    const { manager, vendor } = this.#options;
    return manager.list(set).filter(({ row }) => row.external_ids['vendor'] === vendor);
  }

  async #apply(set: StatefulSet, pods: readonly Pod[], signal: AbortSignal): Promise<ApplyResult> {
    const { manager, nb, timeoutMs } = this.#options;
    const given = [...pods.map(podForManager), ...podsToCome(set, pods)];
    try {
      await nb.synced({ signal, timeoutMs });
      await this.#makeSure(set, manager.plan(set, { pods: given }), signal);
      return await manager.apply(set, { pods: given, signal });
    } catch (error) {
      if (isForPeople(error)) this.#warn(set, error.code, error.message);
      throw error;
    }
  }

  /** Rejects when what a plan takes away or changes follows from a copy of the cluster that is behind. */
  async #makeSure(set: StatefulSet, { outcomes, released }: ApplyResult, signal: AbortSignal): Promise<void> {
    const { name, namespace = 'default', uid, generation } = set.metadata;
    const isMoved = outcomes.some(({ status }) => status === 'moved');
    if (isMoved) {
      const [live, seen] = [await this.#live.namespace(namespace, signal), this.#options.view.namespace(namespace)];
      if (JSON.stringify(live?.metadata.annotations) !== JSON.stringify(seen?.metadata.annotations)) {
        throw new UnfinishedError(`namespace ${namespace} has changed, which has not been seen yet`);
      }
    }
    const isReaddressed = outcomes.some(({ status }) => status === 'readdressed');
    if (!isMoved && !isReaddressed && released.length === 0 && !this.#takesOver(set, outcomes)) return;
    const live = await this.#live.statefulSet(namespace, name, signal);
    if (live?.metadata.uid !== uid || live.metadata.generation !== generation) {
      throw new UnfinishedError(`StatefulSet ${namespace}/${name} has changed, which has not been seen yet`);
    }
    await this.#makeSureOfNoPod(namespace, released, signal);
  }

  /**
   * Would ports become this StatefulSet's that another of its name used last? That one is the older, as a rule; times of
   * creation, which have whole seconds, do not tell when both were made in the same one.
   */
  #takesOver(set: StatefulSet, outcomes: ApplyResult['outcomes']): boolean {
    const { uid } = set.metadata;
    const others = this.#ownPorts(set).filter(({ ownerUid }) => ownerUid !== undefined && ownerUid !== uid);
    const names = new Set(others.map(({ row }) => row.name));
    return outcomes.some((outcome) => names.has(outcome.port));
  }

  async #makeSureOfNoPod(
    namespace: string,
    ports: readonly Pick<PodPort, 'pod'>[],
    signal: AbortSignal,
  ): Promise<void> {
    const names = ports.map(({ pod }) => pod);
    const pod = await this.#live.anyPod(namespace, names, signal);
    if (pod !== undefined) throw new UnfinishedError(`pod ${namespace}/${pod} exists, but has not been seen yet`);
  }

  /** Events for everything that somebody may have to act upon. */
  #tell(set: StatefulSet, pods: readonly Pod[], { outcomes, errors, warnings }: ApplyResult): void {
    for (const warning of [...warnings, policyWarning(set)]) {
      if (warning !== undefined) this.#warn(set, 'ManifestWarning', warning);
    }
    const byName = new Map(pods.map((pod) => [pod.metadata.name, pod]));
    for (const error of errors) {
      const pod = byName.get(error.pod ?? '');
      // One that does not exist yet is told when it does.
      if (pod !== undefined) this.#options.events.warn(podSubject(pod), error.code, error.message);
    }
    for (const outcome of outcomes) {
      // The drift of one that was readdressed is what it was before.
      if ((outcome.status !== 'reused' && outcome.status !== 'adopted') || outcome.drift === undefined) continue;
      const pod = byName.get(outcome.pod);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || outcome.stale) continue;
      const { have, want } = outcome.drift;
      const wanted = want.length === 0 ? 'no address for it' : want.join(',');
      const message = `its port keeps ${have.join(',')}, where the pool or the pod's annotation says ${wanted}`;
      this.#options.events.warn(podSubject(pod), 'AddressDrift', message);
    }
  }

  #warn(set: StatefulSet, reason: string, message: string): void {
    this.#options.events.warn({ apiVersion: 'apps/v1', kind: 'StatefulSet', object: set }, reason, message);
  }

  async #annotate(
    set: StatefulSet,
    pods: readonly Pod[],
    { outcomes }: ApplyResult,
    signal: AbortSignal,
  ): Promise<void> {
    const { nb, view } = this.#options;
    const subnet = view.subnetOf(set.metadata.namespace ?? 'default');
    if (subnet === undefined) return;
    const facts = subnetFacts(nb, subnet);
    const ports = new Map<string, PodOutcomeOk>();
    for (const outcome of outcomes) {
      // A stale one belongs to a StatefulSet that is newer than the one seen here.
      if (outcome.status !== 'refused' && !outcome.stale) ports.set(outcome.pod, outcome);
    }
    const work = pods.flatMap((pod) => {
      const port = ports.get(pod.metadata.name);
      if (port === undefined || pod.metadata.deletionTimestamp !== undefined) return [];
      const annotations = annotationChanges(pod, port, facts);
      return annotations === undefined ? [] : [{ pod, annotations }];
    });
    const late: string[] = [];
    await inParallel(work, PARALLEL_PATCHES, async ({ pod, annotations }) => {
      if (!(await this.#patch(pod, annotations, signal))) late.push(pod.metadata.name);
    });
    if (late.length > 0) throw new UnfinishedError(`changed while they were annotated: ${late.join(', ')}`);
  }

  /**
   * Annotates a pod, provided that it still is the one that was seen: the uid keeps an address from a pod that was made
   * anew under the same name, the resourceVersion keeps old news from overwriting newer. Returns false if it is not.
   */
  async #patch(pod: Pod, annotations: Readonly<Record<string, string | null>>, signal: AbortSignal): Promise<boolean> {
    const { name, namespace = 'default', uid, resourceVersion } = pod.metadata;
    try {
      await this.#options.api.request('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}`, {
        contentType: 'application/merge-patch+json',
        body: { metadata: { uid, resourceVersion, annotations } },
        signal,
      });
      return true;
    } catch (error) {
      if (hasStatus(error, 404)) return true;
      // A resourceVersion that is not the present one conflicts; a uid that is not the present one is invalid.
      if (hasStatus(error, 409) || (hasStatus(error, 422) && error.message.includes('metadata.uid'))) return false;
      throw error;
    }
  }

  /** Releases the ports of a StatefulSet that is gone, if that is its policy, once its last pod is gone too. */
  async #statefulSetGone(key: string, signal: AbortSignal): Promise<void> {
    const { log, manager, view } = this.#options;
    const { namespace, name } = splitKey(key);
    const ports = this.#ownPorts({ metadata: { namespace, name } });
    if (ports.length === 0) return;
    if ((view.lastPolicy(key) ?? policyOfPorts(ports)) === 'keep') return;
    // The end of the last one brings the key back here.
    if (view.podsOf(key).length > 0) return;
    const uids = uidsOf(ports);
    if ((await this.#live.statefulSet(namespace, name, signal)) !== undefined) {
      throw new UnfinishedError(`StatefulSet ${key} exists, but has not been seen yet`);
    }
    const pods = ports.map(({ pod }) => ({ pod: splitKey(pod).name }));
    await this.#makeSureOfNoPod(namespace, pods, signal);
    for (const uid of uids) {
      // Only ports that this incarnation used last: one that was made anew meanwhile keeps its own.
      const { released } = await manager.release({ metadata: { namespace, name, uid } }, { signal });
      if (released.length === 0) continue;
      log('info', `released the ports of StatefulSet ${key}, which is gone`, { ports: released.length, uid });
    }
  }
}

function podSubject(pod: Pod): EventSubject {
  return { apiVersion: 'v1', kind: 'Pod', object: pod };
}

/**
 * Pods that do not exist yet, as far as the template asks for addresses of their own: ports are made before their pods, and
 * one that was made without the wish would keep its addresses.
 */
function podsToCome(set: StatefulSet, pods: readonly Pod[]): readonly PodLike[] {
  const annotations = wishAnnotations(set.spec.template.metadata?.annotations ?? {});
  if (Object.keys(annotations).length === 0) return [];
  const { name, namespace } = set.metadata;
  const { replicas = 1, ordinals } = set.spec;
  const known = new Set(pods.map((pod) => pod.metadata.name));
  const names = Array.from({ length: replicas }, (_, i) => `${name}-${(ordinals?.start ?? 0) + i}`);
  return names.filter((pod) => !known.has(pod)).map((pod) => ({ metadata: { name: pod, namespace, annotations } }));
}

/** Is the pod one that this StatefulSet has made, or would make? */
function isMember({ metadata: { name } }: StatefulSet, pod: Pod): boolean {
  return pod.metadata.name.startsWith(`${name}-`) && /^(0|[1-9][0-9]*)$/.test(pod.metadata.name.slice(name.length + 1));
}

/** The incarnations that used these ports last. */
function uidsOf(ports: readonly ManagedPort[]): ReadonlySet<string> {
  return new Set(ports.flatMap(({ ownerUid }) => ownerUid ?? []));
}

/** Is this an error that somebody has to act upon? */
function isForPeople(error: unknown): error is PortError {
  return error instanceof PortError && !PASSING.has((error as PortError).code);
}
