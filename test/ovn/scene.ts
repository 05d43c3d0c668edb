/** The network of a test file, and the StatefulSets and ports that its tests need. */
import {
  IP_POOL_ANNOTATION,
  lsAdd,
  StatefulSetPortManager,
  type PodLike,
  type PodOutcomeOk,
  type StatefulSetLike,
  type StatefulSetPortManagerOptions,
} from '../../lib/index.js';
import { OvnNetwork } from './ovn-network.js';

/** The namespace of the StatefulSets, and the name of its logical switch. */
export const NAMESPACE = 'product';

/** The subnets of the switch. */
export const SUBNET = { cidr: '10.16.0.0/24,fd00:10:16::/64', gateway: '10.16.0.1,fd00:10:16::1' };

/** The pool's entry for address number `n`: one of each family. */
export function entry(n: number): string {
  return `10.16.0.${n},fd00:10:16::${n}`;
}

/** A StatefulSet whose pods get these addresses, in sequence. */
export function statefulSet(name: string, ...numbers: readonly number[]): StatefulSetLike {
  const annotations = { [IP_POOL_ANNOTATION]: numbers.map((n) => entry(n)).join(';') };
  return {
    metadata: { name, namespace: NAMESPACE },
    spec: { replicas: numbers.length, template: { metadata: { annotations } } },
  };
}

/** A pod of the namespace. */
export function podOf(name: string, annotations: Readonly<Record<string, string>> = {}): PodLike {
  return { metadata: { name, namespace: NAMESPACE, uid: `${name}-${++pods}`, annotations } };
}

let pods = 0;

/** A network in which a manager writes the ports. */
export class Scene {
  readonly network: OvnNetwork;
  readonly manager: StatefulSetPortManager;

  private constructor(network: OvnNetwork, manager: StatefulSetPortManager) {
    this.network = network;
    this.manager = manager;
  }

  /** Starts the network; the namespace's switch is there, without ports. */
  static async start(options: Partial<StatefulSetPortManagerOptions> = {}): Promise<Scene> {
    const network = await OvnNetwork.start();
    const { nb } = network;
    const subnets = { [NAMESPACE]: { logicalSwitch: NAMESPACE, ...SUBNET } };
    const manager = new StatefulSetPortManager(nb, { subnets, portSecurity: true, ...options });
    const scene = new Scene(network, manager);
    try {
      await nb.transact((tx) => lsAdd(tx, NAMESPACE));
    } catch (error) {
      await scene.stop();
      throw error;
    }
    return scene;
  }

  /** Has the manager make the ports of a StatefulSet; all of its pods must get one. */
  async ports(name: string, ...numbers: readonly number[]): Promise<readonly PodOutcomeOk[]> {
    const { outcomes } = await this.manager.apply(statefulSet(name, ...numbers));
    return outcomes.map((outcome) => {
      if (outcome.status === 'refused') throw outcome.error;
      return outcome;
    });
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.manager.close();
    await this.network.stop();
  }
}

/** Starts a scene for the tests of the surrounding `describe`; ends it after them, and says why one may have failed. */
export function useScene(options: Partial<StatefulSetPortManagerOptions> = {}): () => Scene {
  let scene: Scene | undefined;
  before(async function () {
    this.timeout(120_000);
    scene = await Scene.start(options);
  });
  afterEach(function () {
    if (this.currentTest?.state === 'failed') console.log(scene?.network.warnings());
  });
  after(async function () {
    this.timeout(180_000);
    await scene?.stop();
  });
  return () => scene!;
}

/** A line for the log of the run. */
export function note(what: string, ms: number): void {
  console.log(`      ${what}: ${ms.toFixed(0)} ms`);
}
