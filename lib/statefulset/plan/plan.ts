/**
 * Decides, pod by pod and in sequence, what has to happen to the ports of a StatefulSet. Pure: it reads what it is shown
 * of the database and sends nothing.
 */
import type { IpFamily } from '../../ipam/address.js';
import type { Pool } from '../../ipam/pool.js';
import type { Uuid } from '../../schema/uuid.js';
import { PORT_KEYS, portName, readManagedPort, staticAddresses } from '../managed-port.js';
import type { IpPair, ManagedPort, ManagedPortRow, PortAddresses } from '../managed-port.js';
import { chooseAddresses, claimAll, poolEnds, wantedAddresses } from './plan-addresses.js';
import { driftOf, managedBy, planKept, planMoves } from './plan-kept.js';
import { PortError } from '../port-error.js';
import type { ResolvedSettings } from '../settings/resolve-settings.js';
import { subjectOf, type Site } from '../switches/site.js';
import type { Workload, WorkloadPod } from '../workload.js';

/** What to do when a kept port has other addresses than the pool (or an override) says now. */
export type OnDrift = 'keep' | 'error' | 'readdress';

/** What to do with the ports of an earlier incarnation (uid) of the StatefulSet. */
export type OnRecreate = 'inherit' | 'fresh' | 'reject';

/** The rules that a plan follows. */
export interface PlanRules {
  readonly indexing: 'relative' | 'absolute';
  readonly onDrift: OnDrift;
  readonly onRecreate: OnRecreate;
  /** Take over ports that somebody else made. */
  readonly adopt: boolean;
  /** Take over ports of these names as well, and make none: a pod that has no port is left out of the plan. */
  readonly existingName?: (namespace: string, pod: string) => string;
  readonly pick: 'random' | 'sequential';
  readonly strictExclude: boolean;
}

/** A port that has an address, as far as errors tell of it. */
export interface AddressHolder {
  readonly port: string;
  readonly retained: boolean;
}

/** What a plan sees of the database, and of plans that are on their way. */
export interface PlanView {
  readonly site: Site;
  /** The port of this name, on whatever switch. */
  port(name: string): ManagedPortRow | undefined;
  /** The switch that a port is on; undefined when it is not replicated. */
  switchOf(port: ManagedPortRow): Uuid<'Logical_Switch'> | undefined;
  /** Name of the router port of the switch that has this IP or MAC address. */
  routerPort(address: string): string | undefined;
  /** Who has this IP or MAC address, or claims it on the way, but for ports that have it and are excepted. */
  holder(address: string, isExcepted?: (port: string) => boolean): AddressHolder | undefined;
  /** A free address of the subnet, or how full the subnet is. `pod` gets the same one again when a plan is made anew. */
  pick(
    family: IpFamily,
    pod: string,
  ): { readonly ip: string } | { readonly total: bigint; readonly used: bigint; readonly excluded: bigint };
  /** A MAC address to try; the same one again for a pod when a plan is made anew, while `attempt` is 0. */
  pickMac(pod: string, attempt: number): string;
  /** What else the port of a pod is to be. Throws `PortError`. */
  settings(pod: WorkloadPod): ResolvedSettings;
  /** Takes an address, so that nothing else in this plan or another one gets it. */
  claim(address: string, port: string): void;
}

/** Want and have of a port whose addresses are not what the pool, or an override, says. */
export interface PortDrift {
  /** Addresses that the pool says now; empty when it says none for this pod. */
  readonly want: readonly string[];
  readonly have: readonly string[];
}

/** What the plan says for one pod. */
export type PodPlan = Step & {
  /** What else the port is to be; undefined where nothing is changed. */
  readonly settings: ResolvedSettings | undefined;
};

/** What happens to one pod's port. */
export type Step = { readonly pod: WorkloadPod; readonly port: string } &
  /** `replaces` goes in the same transaction. */
  (
    | { readonly action: 'create'; readonly addresses: PortAddresses; readonly replaces: ManagedPort | undefined }
    | {
        readonly action: 'reuse';
        readonly kept: ManagedPort;
        readonly drift: PortDrift | undefined;
        readonly stale: boolean;
      }
    | {
        readonly action: 'readdress';
        readonly kept: ManagedPort;
        readonly addresses: PortAddresses;
        readonly drift: PortDrift;
      }
    | {
        readonly action: 'move';
        readonly kept: ManagedPort;
        readonly addresses: PortAddresses;
        readonly from: Uuid<'Logical_Switch'>;
      }
    | {
        readonly action: 'adopt';
        readonly row: ManagedPortRow;
        readonly addresses: PortAddresses;
        readonly drift: PortDrift | undefined;
      }
    | { readonly action: 'refuse'; readonly error: PortError }
  );

/** What all pods of one plan have in common. */
export interface PlanScope {
  readonly workload: Workload;
  readonly pool: Pool | undefined;
  readonly view: PlanView;
  readonly rules: PlanRules;
  /** Kept ports that are sure to give up their IP addresses, so that others of the plan may have them. */
  readonly moving: ReadonlySet<string>;
}

/** Plans pods in the order given; see {@link PodPlan}. Never throws a `PortError`: a pod that gets no port is refused. */
export function planPods(
  workload: Workload,
  pool: Pool | undefined,
  pods: readonly WorkloadPod[],
  view: PlanView,
  rules: PlanRules,
): PodPlan[] {
  const settingsBy = new Map(pods.map((pod) => [pod, attempt(() => view.settings(pod))]));
  // Whom the settings refuse keeps its address: nobody else of the plan may count on that.
  const wantedBy = new Map(
    pods.map((pod) => {
      const settings = settingsBy.get(pod);
      if (settings instanceof PortError) return [pod, settings];
      return [pod, attempt(() => wantedAddresses(workload, pool, pod, view, rules))];
    }),
  );
  const scope: PlanScope = { workload, pool, view, rules, moving: planMoves(workload, wantedBy, view, rules) };
  return pods.flatMap((pod) => {
    if (rules.existingName !== undefined && existingPort(workload, pod, view, rules) === undefined) return [];
    const planned = attempt(() => {
      const settings = settingsBy.get(pod);
      if (settings instanceof PortError) throw settings;
      const step = planPod(scope, pod, wantedBy.get(pod));
      return Object.assign(step, { settings: step.action === 'reuse' && step.stale ? undefined : settings });
    });
    if (!(planned instanceof PortError)) return planned;
    const port = portName(workload.namespace, pod.name);
    return { pod, port, action: 'refuse', error: planned, settings: undefined };
  });
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
