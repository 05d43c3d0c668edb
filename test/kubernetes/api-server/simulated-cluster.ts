/**
 * The rest of a cluster beside the API server: StatefulSet controller, garbage collector, scheduler and kubelet,
 * moved on by the test's calls, so that a test decides when pods come and go.
 */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';

import { GarbageCollector } from './garbage-collector.js';
import { Kubelet } from './kubelet.js';
import type { KubeletOptions } from './kubelet.js';
import type { ObjectRegistry } from './registry.js';
import { StatefulSetController } from './stateful-set-controller.js';

const MAX_STEPS = 100_000;
const PAUSE_MS = 5;

export class SimulatedCluster {
  readonly kubelet: Kubelet;
  readonly #objects: ObjectRegistry;
  readonly #statefulSets: StatefulSetController;
  readonly #garbageCollector: GarbageCollector;

  constructor(objects: ObjectRegistry, options: KubeletOptions = {}) {
    this.#objects = objects;
    this.kubelet = new Kubelet(objects, options);
    this.#statefulSets = new StatefulSetController(objects);
    this.#garbageCollector = new GarbageCollector(objects);
  }

  /** One pass of each of them. Resolves with whether anything changed. */
  async step(): Promise<boolean> {
    const before = this.#objects.store.revision;
    this.#statefulSets.step();
    this.#garbageCollector.step();
    this.kubelet.step();
    // Lets the watches' data out between the steps.
    await setImmediate();
    return this.#objects.store.revision !== before;
  }

  /** Steps until nothing changes any more: everything is rolled out, or waits for somebody else. */
  async reconcile(): Promise<void> {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      if (!(await this.step())) return;
    }
    throw new Error(`the simulated cluster did not come to rest within ${MAX_STEPS} steps`);
  }

  /** Goes on, with pauses for the others who take part, until a condition holds. Throws at the time-out. */
  async reconcileUntil(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`within ${timeoutMs} ms it did not come to this: ${what}`);
      if (!(await this.step())) await sleep(PAUSE_MS);
    }
  }
}
