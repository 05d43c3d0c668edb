/** What a manager answers and tells. */
import type { Uuid } from '../schema/uuid.js';
import type { Operation } from '../transaction/operations.js';
import type { PodPort } from './managed-port.js';
import type { PortDrift } from './plan/pod-plan.js';
import type { PortError } from './port-error.js';

/**
 * What became of one pod's port:
 * `created`; `reused`, as it was (`refreshed` when uids were noted anew, or settings brought up to date); `readdressed`;
 * `moved` to another switch, with other addresses; `adopted` from somebody else; `refused`, with the reason.
 */
export type PodOutcome =
  | (PodPort & {
      readonly status: 'created' | 'reused' | 'readdressed' | 'moved' | 'adopted';
      /** Uuid of the row. In a plan, undefined for a port that does not exist yet. */
      readonly uuid: Uuid<'Logical_Switch_Port'> | undefined;
      /** Were uids noted anew, or settings brought up to date? */
      readonly refreshed: boolean;
      /**
       * The port was used since by a later incarnation of the StatefulSet than the one given, as their creation
       * timestamps tell: nothing was changed.
       */
      readonly stale: boolean;
      /** Set when the port's addresses are not what the pool, or an override, says. */
      readonly drift: PortDrift | undefined;
    })
  | {
      readonly status: 'refused';
      /** `namespace/name` of the StatefulSet. */
      readonly statefulSet: string;
      readonly ordinal: number;
      readonly pod: string;
      readonly port: string;
      readonly error: PortError;
    };

/** A pod's outcome other than `refused`. */
export type PodOutcomeOk = Exclude<PodOutcome, { status: 'refused' }>;

/** The outcome of a pod that gets no port. */
export type RefusedPod = Extract<PodOutcome, { status: 'refused' }>;

/** Result of {@link StatefulSetPortManager.apply}. */
export interface ApplyResult {
  /** `namespace/name`. */
  readonly statefulSet: string;
  /** One for each ordinal, in sequence. */
  readonly outcomes: readonly PodOutcome[];
  /** Ports of ordinals that the StatefulSet no longer has, which were deleted as `onScaleDown` or `onRecreate` says. */
  readonly released: readonly PodPort[];
  /** The errors of the pods that got no port; empty when all is well. */
  readonly errors: readonly PortError[];
  /** Likely mistakes in the manifest. */
  readonly warnings: readonly string[];
}

/** Result of {@link StatefulSetPortManager.plan}. */
export interface PlanResult extends ApplyResult {
  /** The operations that `apply` would send, transaction by transaction. */
  readonly transactions: readonly (readonly Operation[])[];
}

/** Result of {@link StatefulSetPortManager.podDeleted}. */
export interface PodDeletedResult {
  /** The port that is kept for the pod; undefined when it has none. */
  readonly retained: PodPort | undefined;
  /** A later pod of the name uses the port already, as their uids tell. */
  readonly stale: boolean;
}

/** Result of {@link StatefulSetPortManager.release}. */
export interface ReleaseResult {
  /** The ports that were deleted. */
  readonly released: readonly PodPort[];
  /**
   * Ports that were left, because they belong to another incarnation (uid) of the StatefulSet by now, or are on a switch
   * that the client does not replicate.
   */
  readonly skipped: readonly PodPort[];
}

/** Result of {@link StatefulSetPortManager.prune}. */
export interface PruneResult {
  /** The ports that were deleted. */
  readonly pruned: readonly PodPort[];
  /** Ports that nobody needs, as it seems, but that were not seen so for long enough. */
  readonly waiting: readonly (PodPort & { readonly remainingMs: number })[];
}

/** A port that was taken over from another system. */
export interface AdoptedPort extends PodPort {
  readonly uuid: Uuid<'Logical_Switch_Port'>;
  /** Name that the row had. */
  readonly formerName: string;
  /** Value that `vendor` had in its `external_ids`. */
  readonly formerVendor: string | undefined;
  /** Set when its addresses, which it keeps, are not what the pool says. */
  readonly drift: PortDrift | undefined;
}

/** Result of {@link StatefulSetPortManager.adopt}. */
export interface AdoptResult {
  /** `namespace/name`. */
  readonly statefulSet: string;
  /** Was nothing sent? */
  readonly dryRun: boolean;
  /** Ports that were taken over, or with `dryRun` would be. */
  readonly adopted: readonly AdoptedPort[];
  /** Pods that have no port, by name. */
  readonly missing: readonly string[];
  /** Why ports were left to whoever has them. */
  readonly errors: readonly PortError[];
  /** The operations that were sent, or would be, transaction by transaction. */
  readonly transactions: readonly (readonly Operation[])[];
}

/** Events of a manager and what their listeners get. */
export interface StatefulSetPortManagerEvents {
  /** A port was created. */
  allocated: [port: PodOutcomeOk];
  /** A call found a kept port: each one, each time. */
  reused: [port: PodOutcomeOk];
  /** A kept port got other IP addresses. */
  readdressed: [port: PodOutcomeOk];
  /** A kept port went to another switch, with other addresses. */
  moved: [port: PodOutcomeOk];
  /** A port of somebody else was taken over. */
  adopted: [port: PodOutcomeOk];
  /** A pod went; its port stays. */
  retained: [port: PodPort];
  /** A port was deleted, as asked. */
  released: [port: PodPort];
  /** A kept port has other addresses than the pool, or an override, says. */
  drift: [port: PodOutcomeOk];
  /**
   * A kept port was deleted by somebody who is no manager. The next `ensurePort` or `apply` makes it again, with the same
   * addresses if they are free.
   */
  portLost: [port: PodPort];
  /** A pod got no port, because somebody else has its address. */
  conflict: [error: PortError];
  /** A pod got no port, because the pool or the subnet has no address left. */
  exhausted: [error: PortError];
}
