/** Takes over the ports that another system made for the pods of a StatefulSet. */
import { InvalidArgumentError, printValue } from '../../errors.js';
import { portName, type ManagedPortRow } from '../managed-port.js';
import type { AdoptOptions } from '../manager-options.js';
import type { AdoptedPort, AdoptResult } from '../manager-results.js';
import type { PlanRules } from '../plan/pod-plan.js';
import { managedBy } from '../plan/plan-kept.js';
import type { PortAllocator } from './port-allocator.js';
import type { PodCall } from './port-transactions.js';
import type { ManagerClient } from '../switches/switch-index.js';
import { ordinalsOf, podOfOrdinal, type Workload, type WorkloadPod } from '../workload.js';

type Naming = (namespace: string, pod: string) => string;

const NAMINGS: Readonly<Record<string, Naming>> = {
  'pod.namespace': portName,
  namespace_pod: (namespace, pod) => `${namespace}_${pod}`,
};

/** The adoption of one StatefulSet's ports. */
export class PortAdoptions {
  readonly #client: ManagerClient;
  readonly #workload: Workload;
  readonly #existingName: Naming;
  readonly #dryRun: boolean;

  /** Throws `InvalidArgumentError`. */
  constructor(client: ManagerClient, workload: Workload, { existingName = 'pod.namespace', dryRun }: AdoptOptions) {
    const naming = typeof existingName === 'function' ? existingName : NAMINGS[existingName];
    if (naming === undefined) {
      const known = Object.keys(NAMINGS).join(', ');
      throw new InvalidArgumentError(
        `existingName is ${printValue(existingName)}; it must be one of ${known}, or a function of namespace and pod`,
      );
    }
    this.#client = client;
    this.#workload = workload;
    this.#existingName = naming;
    this.#dryRun = dryRun === true;
  }

  /** See `StatefulSetPortManager.adopt`. */
  async run(allocator: PortAllocator, call: PodCall, manager: PlanRules): Promise<AdoptResult> {
    const { key } = this.#workload;
    const rules: PlanRules = { ...manager, adopt: true, onDrift: 'keep', existingName: this.#existingName };
    const foreign = new Map<WorkloadPod, ManagedPortRow>();
    const missing = new Map<number, string>();
    for (const ordinal of ordinalsOf(this.#workload)) {
      const pod = podOfOrdinal(this.#workload, ordinal);
      const row = this.#rowOf(pod);
      if (row === undefined) missing.set(ordinal, pod.name);
      else if (managedBy(this.#workload, row) === undefined) foreign.set(pod, row);
    }
    const pods = [...foreign.keys()];
    const preview = allocator.preview(this.#workload, pods, rules);
    const outcomes = this.#dryRun ? preview.outcomes : await allocator.ensure(call, pods, rules);
    // Whoever made them may have deleted some since.
    const found = new Set(outcomes.map(({ pod }) => pod));
    for (const { ordinal, name } of pods) if (!found.has(name)) missing.set(ordinal, name);
    const rows = new Map([...foreign].map(([pod, row]) => [pod.name, row]));
    const adopted = outcomes.flatMap((outcome): AdoptedPort[] => {
      const row = rows.get(outcome.pod);
      if (outcome.status !== 'adopted' || row === undefined) return [];
      const { statefulSet, ordinal, pod, port, ip4, ip6, mac, drift } = outcome;
      const former = { uuid: row._uuid, formerName: row.name, formerVendor: row.external_ids['vendor'] };
      return [{ statefulSet, ordinal, pod, port, ip4, ip6, mac, ...former, drift }];
    });
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'refused' ? [outcome.error] : []));
    return {
      statefulSet: key,
      dryRun: this.#dryRun,
      adopted,
      missing: [...missing].sort(([a], [b]) => a - b).map(([, pod]) => pod),
      errors,
      transactions: preview.transactions,
    };
  }

  #rowOf({ name }: WorkloadPod): ManagedPortRow | undefined {
    const { namespace } = this.#workload;
    const ports = this.#client.tables.Logical_Switch_Port;
    return ports.find({ name: portName(namespace, name) }) ?? ports.find({ name: this.#existingName(namespace, name) });
  }
}
