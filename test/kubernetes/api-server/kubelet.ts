/** Scheduler and kubelet in one: pods are bound to nodes, run, become ready, and go when they are told to. */
import type { KubeObject } from './objects.js';
import { jsonObject, timestamp } from './objects.js';
import type { ObjectRegistry } from './registry.js';
import { isRunningAndReady, isTerminating, phaseOf } from './stateful-set-pods.js';

export interface KubeletOptions {
  /** Names of the nodes, used in turn, so that a pod comes back on another one. Default two. */
  readonly nodes?: readonly string[];
  /** Whether a bound pod can run now: a network plugin that waits for an annotation says so here. Default: all can. */
  readonly canRun?: (pod: KubeObject) => boolean;
  /** Whether a pod that is being deleted has ended. Default: all have. */
  readonly hasEnded?: (pod: KubeObject) => boolean;
}

const DEFAULT_NODES = ['node-1', 'node-2'];
const ADDRESS_ANNOTATION = 'ovn.kubernetes.io/ip_address';

export class Kubelet {
  readonly #objects: ObjectRegistry;
  readonly #nodes: readonly string[];
  readonly #canRun: (pod: KubeObject) => boolean;
  readonly #hasEnded: (pod: KubeObject) => boolean;
  #bound = 0;

  constructor(objects: ObjectRegistry, options: KubeletOptions = {}) {
    this.#objects = objects;
    this.#nodes = options.nodes ?? DEFAULT_NODES;
    this.#canRun = options.canRun ?? (() => true);
    this.#hasEnded = options.hasEnded ?? (() => true);
  }

  /** One step for every pod: bound, or running and ready, or gone. */
  step(): void {
    for (const pod of this.#objects.store.scan('pods')) {
      if (isTerminating(pod)) this.#end(pod);
      else if (typeof jsonObject(pod['spec'])['nodeName'] !== 'string') this.#bind(pod);
      else if (phaseOf(pod) === 'Pending' && this.#canRun(pod)) this.#run(pod);
    }
  }

  /** Ends a pod by itself, as a crash of a pod that is not restarted or an eviction does. */
  endPod(namespace: string, name: string, phase: 'Failed' | 'Succeeded' = 'Failed'): void {
    this.#objects.overwrite('pods', namespace, name, (pod) => {
      pod['status'] = { ...jsonObject(pod['status']), phase, conditions: [condition('Ready', 'False')] };
    });
  }

  #end(pod: KubeObject): void {
    const { namespace = '', name, uid } = pod.metadata;
    if (!this.#hasEnded(pod)) return;
    // Stays, marked with no grace, where it has finalizers.
    this.#objects.delete('pods', namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } });
  }

  #bind(pod: KubeObject): void {
    const nodeName = this.#nodes[this.#bound++ % this.#nodes.length] ?? 'node-1';
    this.#objects.overwrite('pods', pod.metadata.namespace ?? '', pod.metadata.name, (copy) => {
      copy['spec'] = { ...jsonObject(copy['spec']), nodeName };
      copy['status'] = { ...jsonObject(copy['status']), conditions: [condition('PodScheduled', 'True')] };
    });
  }

  #run(pod: KubeObject): void {
    if (isRunningAndReady(pod)) return;
    this.#objects.overwrite('pods', pod.metadata.namespace ?? '', pod.metadata.name, (copy) => {
      const ips = (copy.metadata.annotations?.[ADDRESS_ANNOTATION] ?? '').split(',').filter((ip) => ip !== '');
      copy['status'] = {
        ...jsonObject(copy['status']),
        ...{ phase: 'Running', startTime: timestamp() },
        ...(ips.length === 0 ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
        conditions: [condition('PodScheduled', 'True'), condition('Ready', 'True')],
      };
    });
  }
}

function condition(type: string, status: 'True' | 'False'): object {
  return { type, status, lastTransitionTime: timestamp() };
}
