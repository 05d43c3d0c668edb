/** What a plan is: the rules that it follows, what it sees, and what it says for each pod. */
import type { IpFamily } from '../../ipam/address.js';
import type { Pool } from '../../ipam/pool.js';
import type { Uuid } from '../../schema/uuid.js';
import type { ManagedPort, ManagedPortRow, PortAddresses } from '../managed-port.js';
import type { PortError } from '../port-error.js';
import type { ResolvedSettings } from '../settings/resolve-settings.js';
import type { Site } from '../switches/site.js';
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

/** May ports that are there give up addresses for others of the same plan? */
export function maySwap({ onDrift, onRecreate }: Pick<PlanRules, 'onDrift' | 'onRecreate'>): boolean {
  return onDrift === 'readdress' || onRecreate === 'fresh';
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
