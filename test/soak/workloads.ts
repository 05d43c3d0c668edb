/** A port manager at work: StatefulSets are scaled, their pods come and go, some are released and made again. */
import { lsAdd } from '../../lib/nb/switches.js';
import type { NorthboundClient } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { IP_POOL_ANNOTATION, type StatefulSetLike } from '../../lib/statefulset/workload.js';
import type { Random } from '../random.js';
import { pause, type Tally } from './tally.js';

const NAMESPACE = 'soak';
const LOGICAL_SWITCH = 'workloads';
const NAMES = ['web', 'db', 'cache', 'queue'];
/** The other half takes addresses from the subnet, without those of the pools. */
const POOLS: Readonly<Record<string, string>> = { web: '10.200.1.1..10.200.1.60', db: '10.200.2.1..10.200.2.60' };
const EXCLUDE = '10.200.1.1..10.200.2.255';
const NOMINAL_REPLICAS = 25;
const MAX_REPLICAS = 50;
const CALL = { timeoutMs: 30_000 };
/** What a lost connection explains. */
const EXPLAINED = ['NotReady', 'OutcomeUnknown', 'NotSent', 'ConflictRetriesExhausted', 'Timeout'];

/** See the head of this file. */
export class Workloads {
  readonly #manager: StatefulSetPortManager;
  readonly #random: Random;
  readonly #tally: Tally;

  private constructor(manager: StatefulSetPortManager, random: Random, tally: Tally) {
    this.#manager = manager;
    this.#random = random;
    this.#tally = tally;
  }

  static async start(nb: NorthboundClient, random: Random, tally: Tally): Promise<Workloads> {
    await nb.transact((tx) => lsAdd(tx, LOGICAL_SWITCH));
    const subnet = { logicalSwitch: LOGICAL_SWITCH, cidr: '10.200.0.0/16', gateway: '10.200.0.1', exclude: EXCLUDE };
    const manager = new StatefulSetPortManager(nb, { subnets: { [NAMESPACE]: subnet } });
    for (const event of ['allocated', 'reused', 'retained', 'released'] as const) {
      manager.on(event, () => tally.count(`manager: ${event}`));
    }
    return new Workloads(manager, random, tally);
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(
      NAMES.map(async (name) => {
        while (!signal.aborted) {
          await this.#step(name).catch((error: unknown) => this.#tally.failed('manager', error, EXPLAINED));
          await pause(this.#random.integer(100, 600), signal);
        }
      }),
    );
  }

  /** Every StatefulSet has its usual size, and no port beside. To be called while {@link run} does not. */
  async level(): Promise<void> {
    for (const name of NAMES) {
      await this.#manager.release(statefulSet(name, NOMINAL_REPLICAS), CALL);
      const { errors } = await this.#manager.apply(statefulSet(name, NOMINAL_REPLICAS), CALL);
      for (const error of errors) this.#tally.breach(`manager: ${error.message}`);
    }
    const shared = this.#manager.audit([LOGICAL_SWITCH]);
    if (shared.length > 0) this.#tally.breach(`manager: ports share addresses: ${JSON.stringify(shared)}`);
  }

  close(): void {
    this.#manager.close();
  }

  async #step(name: string): Promise<void> {
    const set = statefulSet(name, this.#random.integer(1, MAX_REPLICAS));
    switch (this.#random.weighted({ scale: 4, replace: 4, release: 1 })) {
      case 'scale':
        await this.#manager.apply(set, CALL);
        break;
      case 'replace': {
        const pod = { metadata: { name: `${name}-0`, namespace: NAMESPACE } };
        await this.#manager.podDeleted(pod);
        await this.#manager.ensurePort(pod, set, CALL);
        break;
      }
      case 'release':
        await this.#manager.release(set, CALL);
        break;
    }
    this.#tally.count('manager: calls');
  }
}

function statefulSet(name: string, replicas: number): StatefulSetLike {
  const pool = POOLS[name];
  const annotations = pool === undefined ? {} : { [IP_POOL_ANNOTATION]: pool };
  return { metadata: { name, namespace: NAMESPACE }, spec: { replicas, template: { metadata: { annotations } } } };
}
