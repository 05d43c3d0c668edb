/**
 * Decides, pod by pod and in sequence, what has to happen to the ports of a StatefulSet. Pure: it reads what it is shown
 * of the database and sends nothing.
 */
import type { Pool } from '../../ipam/pool.js';
import { PORT_KEYS, portName, readManagedPort, staticAddresses } from '../managed-port.js';
import type { IpPair, ManagedPortRow } from '../managed-port.js';
import { chooseAddresses, claimAll, poolEnds, wantedAddresses } from './plan-addresses.js';
import { driftOf, managedBy, planKept, planMoves } from './plan-kept.js';
import { PortError } from '../port-error.js';
import type { PlanRules, PlanScope, PlanView, PodPlan, Step } from './pod-plan.js';
import { subjectOf } from '../switches/site.js';
import type { Workload, WorkloadPod } from '../workload.js';

/** Plans pods in the order given; see {@link PodPlan}. Never throws a `PortError`: a pod that gets no port is refused. */
export function planPods(
  workload: Workload,
  pool: Pool | undefined,
  pods: readonly WorkloadPod[],
  view: PlanView,
  rules: PlanRules,
): PodPlan[] {
  const settings = pods.map((pod) => attempt(() => view.settings(pod)));
  // Whom the settings refuse keeps its address: nobody else of the plan may count on that.
  const wanted = pods.map((pod, i) => {
    const refused = settings[i];
    return refused instanceof PortError ? refused : attempt(() => wantedAddresses(workload, pool, pod, view, rules));
  });
  const scope: PlanScope = { workload, pool, view, rules, moving: planMoves(workload, pods, wanted, view, rules) };
  const plans: PodPlan[] = [];
  for (const [i, pod] of pods.entries()) {
    if (rules.existingName !== undefined && existingPort(workload, pod, view, rules) === undefined) continue;
    const own = settings[i];
    if (own instanceof PortError) {
      plans.push(refusal(workload, pod, own));
      continue;
    }
    const step = attempt(() => planPod(scope, pod, wanted[i]));
    if (step instanceof PortError) plans.push(refusal(workload, pod, step));
    else plans.push(Object.assign(step, { settings: step.action === 'reuse' && step.stale ? undefined : own }));
  }
  return plans;
}

function refusal({ namespace }: Workload, pod: WorkloadPod, error: PortError): PodPlan {
  return { pod, port: portName(namespace, pod.name), action: 'refuse', error, settings: undefined };
}

function planPod(scope: PlanScope, pod: WorkloadPod, wanted: IpPair | PortError | undefined): Step {
  const { workload, pool, view, rules, moving } = scope;
  if (wanted instanceof PortError) throw wanted;
  const port = portName(workload.namespace, pod.name);
  const row = existingPort(workload, pod, view, rules);
  const kept = managedBy(workload, row);
  if (kept !== undefined && kept.row.name === port) return planKept(scope, pod, kept, wanted);
  if (row !== undefined) return planForeign(scope, pod, row, wanted);
  if (wanted === undefined && pool !== undefined) throw poolEnds(workload, pool, pod, rules.indexing);
  const isExcepted = (holder: string): boolean => moving.has(holder);
  const addresses = chooseAddresses(subjectOf(workload, pod.name), pod, wanted, view, { isExcepted });
  claimAll(view, addresses, port);
  return { pod, port, action: 'create', addresses, replaces: undefined };
}

/** The port of the pod's name, else the one that another system has made for it, where that is to be taken over. */
function existingPort(
  { namespace }: Workload,
  { name }: WorkloadPod,
  view: Pick<PlanView, 'port'>,
  { existingName }: PlanRules,
): ManagedPortRow | undefined {
  return view.port(portName(namespace, name)) ?? (existingName && view.port(existingName(namespace, name)));
}

/** A port of the pod's name that the StatefulSet does not own: claimed as it is, or left alone. */
function planForeign(
  { workload, pool, view, rules }: PlanScope,
  pod: WorkloadPod,
  row: ManagedPortRow,
  wanted: IpPair | undefined,
): Step {
  const owner = ownerOf(workload, row);
  const refuse = (hint: string): never => {
    const reason = `a port named ${row.name} exists (${row._uuid}) that belongs to ${owner}; ${hint}`;
    throw new PortError('PortOwnedByOther', subjectOf(workload, pod.name), reason, { port: row.name, owner });
  };
  if (!rules.adopt) return refuse('delete or rename that port, or have it taken over with the option adopt: true');
  const { logicalSwitch } = view.site;
  if (view.switchOf(row) !== logicalSwitch._uuid)
    return refuse(`it is not on switch "${logicalSwitch.name}", so it cannot be adopted`);
  const addresses = staticAddresses(row);
  if (addresses === undefined)
    return refuse('it cannot be adopted, because its addresses are not one MAC with IP addresses');
  const port = portName(workload.namespace, pod.name);
  return { pod, port, action: 'adopt', row, addresses, drift: driftOf(workload, pool, pod, addresses, wanted) };
}

/** To whom a port belongs that is not the StatefulSet's, for people. */
function ownerOf(workload: Workload, row: ManagedPortRow): string {
  const { statefulSet, vendor = row.external_ids[PORT_KEYS.vendor] } = readManagedPort(row) ?? {};
  if (statefulSet === undefined) return vendor ?? '(unknown)';
  return vendor === workload.vendor ? statefulSet : `${statefulSet} of vendor ${vendor ?? '(unknown)'}`;
}

function attempt<T>(make: () => T): T | PortError {
  try {
    return make();
  } catch (error) {
    if (error instanceof PortError) return error;
    throw error;
  }
}
