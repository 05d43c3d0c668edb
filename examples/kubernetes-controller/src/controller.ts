/**
 * The controller: follows StatefulSets, pods and namespaces, and keeps the ports of the northbound database and the
 * annotations of the pods in line with them.
 *
 * Everything that happens comes down to a key, `namespace/name` of a StatefulSet, in a queue: which event it was does not
 * matter, because the work for a key looks at all there is. At each resync, and at the start, every StatefulSet is put in
 * the queue, and every one that has ports but is gone.
 *
 * Any number of controllers may run at once. Each change is either guarded by the database or bound to what was read, so
 * none needs to be the leader; several only do the same reading several times.
 */
import { StatefulSetPortManager, type NorthboundClient, type StatefulSetPortManagerOptions } from 'ovn-northbound';

import type { BackOffLimits } from './back-off.js';
import { EventRecorder } from './events.js';
import type { KubeApi } from './kube-api.js';
import { askedDelayMs } from './kube-error.js';
import { keepNamespace, keepPod, keepStatefulSet } from './kube-objects.js';
import type { Namespace, Pod, RawPod, RawStatefulSet, StatefulSet } from './kube-objects.js';
import { POD_NAME_LABEL } from './live-cluster.js';
import { explain, type Log } from './log.js';
import { PodIndex } from './pod-index.js';
import { Reconciler, UnfinishedError, type ClusterView } from './reconcile.js';
import { Reflector, type Change } from './reflector.js';
import { notedPolicy, policyOf, type ReleasePolicy } from './release-policy.js';
import { subnetOf } from './subnets.js';
import { WorkQueue, type WorkQueueMetrics } from './work-queue.js';

export interface ControllerOptions {
  readonly api: KubeApi;
  /** Connected; it stays the caller's to close. */
  readonly nb: NorthboundClient;
  readonly log: Log;
  /** Rules for the ports; the subnets come from the namespaces. */
  readonly rules?: Omit<StatefulSetPortManagerOptions, 'subnets' | 'port'>;
  /** What becomes of the ports of a deleted StatefulSet whose annotation does not say. Default `keep`. */
  readonly onDelete?: ReleasePolicy;
  /** Logical switch of namespaces whose annotation does not say. */
  readonly defaultSwitch?: string | undefined;
  /** StatefulSets that are worked on at the same time. Default 4. */
  readonly workers?: number;
  /** Time between two looks at everything, in milliseconds. Default five minutes. */
  readonly resyncMs?: number;
  /** Waits before work that failed is tried again. Default a fifth of a second to one minute. */
  readonly workBackOff?: BackOffLimits;
  /** Waits before lists and watches that failed are tried again. Default half a second to 30 seconds. */
  readonly watchBackOff?: BackOffLimits;
  /** The same event is written again at most this often, in milliseconds. Default five minutes. */
  readonly eventRepeatMs?: number;
}

const DEFAULT_VENDOR = 'ovn-northbound';
/** Time for one StatefulSet in the northbound database, waiting for the connection included. */
const DEFAULT_TIMEOUT_MS = 30_000;
/** Changes of the northbound database may be the cure for what failed; they come in crowds. */
const CURE_DELAY_MS = 1_000;

/** Figures of a controller. */
export interface ControllerMetrics {
  readonly queue: WorkQueueMetrics;
  readonly statefulSets: number;
  readonly pods: number;
}

/** See the head of this file. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #events: EventRecorder;
  readonly #manager: StatefulSetPortManager;
  readonly #vendor: string;
  readonly #queue: WorkQueue;
  readonly #pods = new PodIndex();
  /** The policies of StatefulSets as last seen, those included that are gone. */
  readonly #lastPolicies = new Map<string, ReleasePolicy>();
  readonly #statefulSetReflector: Reflector<RawStatefulSet, StatefulSet>;
  readonly #podReflector: Reflector<RawPod, Pod>;
  readonly #namespaceReflector: Reflector<Namespace, Namespace>;
  readonly #abort = new AbortController();
  readonly #stopListening: (() => void)[] = [];
  #following: Promise<unknown> = Promise.resolve();
  #resync: NodeJS.Timeout | undefined;
  #cure: NodeJS.Timeout | undefined;
  /** Keys whose last attempt found something that only somebody else can put right. */
  readonly #unfinished = new Set<string>();
  #hasStarted = false;

  constructor(options: ControllerOptions) {
    this.#options = options;
    const { api, nb, log, rules, watchBackOff, eventRepeatMs } = options;
    const timeoutMs = rules?.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#vendor = rules?.vendor ?? DEFAULT_VENDOR;
    this.#manager = new StatefulSetPortManager(nb, {
      ...rules,
      timeoutMs,
      vendor: this.#vendor,
      subnets: (namespace) => this.#subnetOf(namespace),
      port: ({ namespace, statefulSet }) => {
        const policy = this.#policyOf(`${namespace}/${statefulSet}`);
        return policy === undefined ? undefined : { externalIds: notedPolicy(policy) };
      },
    });
    this.#events = new EventRecorder({
      api,
      log,
      ...(watchBackOff !== undefined && { backOff: watchBackOff }),
      ...(eventRepeatMs !== undefined && { repeatMs: eventRepeatMs }),
    });
    const reflecting = { api, log, ...(watchBackOff !== undefined && { backOff: watchBackOff }) };
    this.#statefulSetReflector = new Reflector<RawStatefulSet, StatefulSet>({
      ...reflecting,
      path: '/apis/apps/v1/statefulsets',
      keep: keepStatefulSet,
      onChange: (change) => this.#statefulSetChanged(change),
    });
    this.#podReflector = new Reflector<RawPod, Pod>({
      ...reflecting,
      path: '/api/v1/pods',
      // Pods of others need not be sent by the API server at all.
      labelSelector: POD_NAME_LABEL,
      keep: keepPod,
      onChange: (change) => this.#podChanged(change),
    });
    this.#namespaceReflector = new Reflector<Namespace, Namespace>({
      ...reflecting,
      path: '/api/v1/namespaces',
      keep: keepNamespace,
      onChange: (change) => this.#namespaceChanged(change),
    });
    const reconciler = new Reconciler({
      api,
      nb,
      log,
      manager: this.#manager,
      vendor: this.#vendor,
      timeoutMs,
      events: this.#events,
      view: this.#view(),
    });
    this.#queue = new WorkQueue({
      workers: options.workers ?? 4,
      backOff: options.workBackOff ?? { minMs: 200, maxMs: 60_000 },
      work: async (key, signal) => {
        await reconciler.reconcile(key, signal);
        this.#unfinished.delete(key);
      },
      askedDelayMs,
      onFailure: (key, error, { failures, delayMs }) => {
        this.#unfinished.add(key);
        const level = error instanceof UnfinishedError ? 'info' : 'warn';
        log(level, `StatefulSet ${key} is not done yet`, {
          error: explain(error),
          failures,
          delayMs: Math.round(delayMs),
        });
      },
    });
    this.#listen();
  }

  /** What keeps the controller from its work, for people; undefined when nothing does. */
  get notReady(): string | undefined {
    const { nb } = this.#options;
    const waiting = Object.entries(this.#reflectors()).filter(([, reflector]) => !reflector.isSynced);
    if (waiting.length > 0) return `waiting for the first list of ${waiting.map(([name]) => name).join(', ')}`;
    if (nb.state.name !== 'synced') return `the northbound database is not in sync: ${nb.state.name}`;
    return this.#hasStarted ? undefined : 'starting';
  }

  /** Figures for the curious. */
  get metrics(): ControllerMetrics {
    return {
      queue: this.#queue.metrics,
      statefulSets: this.#statefulSetReflector.objects.size,
      pods: this.#podReflector.objects.size,
    };
  }

  /** Begins. Resolves when the first lists have arrived and work has begun, or when it is stopped before. */
  async start(): Promise<void> {
    const { signal } = this.#abort;
    const reflectors = Object.values(this.#reflectors());
    this.#following = Promise.all(reflectors.map((reflector) => reflector.run(signal)));
    // Nothing is done on a partial view: a pod that is not known yet would pass for one that is gone.
    await Promise.race([Promise.all(reflectors.map(({ synced }) => synced)), this.#following]);
    if (signal.aborted) return;
    this.#addEverything();
    this.#resync = setInterval(() => this.#addEverything(), this.#options.resyncMs ?? 300_000);
    this.#queue.start();
    this.#hasStarted = true;
    this.#options.log('info', 'started', { statefulSets: this.metrics.statefulSets, pods: this.metrics.pods });
  }

  /** Ends: what is under way has `graceMs` to end by itself. Each step is one transaction, so nothing is left half done. */
  async stop(graceMs: number): Promise<void> {
    clearInterval(this.#resync);
    clearTimeout(this.#cure);
    this.#abort.abort(new Error('the controller stops'));
    for (const stop of this.#stopListening.splice(0)) stop();
    await Promise.all([this.#queue.stop(graceMs), this.#following]);
    await this.#events.close(graceMs);
    this.#manager.close();
  }

  #listen(): void {
    const { nb, log } = this.#options;
    const cure = (): void => this.#cureSoon();
    this.#stopListening.push(
      this.#manager.on('portLost', ({ statefulSet, port }) => {
        log('warn', 'a port was deleted by somebody else and is made again', { statefulSet, port });
        this.#queue.add(statefulSet);
      }),
      this.#manager.on('allocated', ({ statefulSet, port, ip4, ip6, mac }) =>
        log('info', 'made a port', { statefulSet, port, ip4, ip6, mac }),
      ),
      this.#manager.on('released', ({ statefulSet, port, ip4, ip6 }) =>
        log('info', 'deleted a port', { statefulSet, port, ip4, ip6 }),
      ),
      nb.tables.Logical_Switch.on('insert', cure),
      nb.tables.Logical_Switch_Port.on('delete', cure),
    );
  }

  /** Tries everything again soon that was refused: a switch that was missing may be there, an address free. */
  #cureSoon(): void {
    if (this.#unfinished.size === 0) return;
    this.#cure ??= setTimeout(() => {
      this.#cure = undefined;
      for (const key of this.#unfinished) this.#queue.add(key);
    }, CURE_DELAY_MS);
  }

  #addEverything(): void {
    const keys = new Set(this.#statefulSetReflector.objects.keys());
    for (const { statefulSet, row } of this.#manager.listAll()) {
      // Those of another vendor may be of another cluster, whose StatefulSets are not gone because they are not in this one.
      if (row.external_ids['vendor'] === this.#vendor) keys.add(statefulSet);
    }
    for (const key of keys) this.#queue.add(key);
    for (const key of this.#lastPolicies.keys()) if (!keys.has(key)) this.#lastPolicies.delete(key);
  }

  #statefulSetChanged({ key, before, now }: Change<StatefulSet>): void {
    const last = now ?? before;
    if (last !== undefined) this.#lastPolicies.set(key, policyOf(last, this.#options.onDelete ?? 'keep'));
    this.#queue.add(key);
  }

  #podChanged({ before, now }: Change<Pod>): void {
    for (const key of this.#pods.change(before, now)) this.#queue.add(key);
  }

  #namespaceChanged({ before, now }: Change<Namespace>): void {
    const namespace = (now ?? before)?.metadata.name;
    const isSame = JSON.stringify(before?.metadata.annotations) === JSON.stringify(now?.metadata.annotations);
    if (now === undefined || (isSame && before !== undefined)) return;
    for (const [key, set] of this.#statefulSetReflector.objects) {
      if (set.metadata.namespace === namespace) this.#queue.add(key);
    }
  }

  #reflectors(): Readonly<Record<string, Pick<Reflector<RawPod, Pod>, 'run' | 'isSynced' | 'synced'>>> {
    return {
      StatefulSets: this.#statefulSetReflector,
      pods: this.#podReflector,
      namespaces: this.#namespaceReflector,
    };
  }

  #subnetOf(namespace: string): ReturnType<typeof subnetOf> {
    return subnetOf(this.#namespaceReflector.objects.get(namespace), this.#options.defaultSwitch);
  }

  #policyOf(key: string): ReleasePolicy | undefined {
    const set = this.#statefulSetReflector.objects.get(key);
    return set && policyOf(set, this.#options.onDelete ?? 'keep');
  }

  #view(): ClusterView {
    return {
      statefulSet: (key) => this.#statefulSetReflector.objects.get(key),
      podsOf: (key) => this.#pods.of(key),
      namespace: (name) => this.#namespaceReflector.objects.get(name),
      subnetOf: (namespace) => this.#subnetOf(namespace),
      lastPolicy: (key) => this.#lastPolicies.get(key),
      takeGonePods: (key) => this.#pods.takeGone(key),
      returnGonePods: (key, pods) => this.#pods.returnGone(key, pods),
    };
  }
}
