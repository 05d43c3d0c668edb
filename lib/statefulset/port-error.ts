/** Why a pod gets no port, or a StatefulSet none at all: a flat family, told apart by `code`. */
import { OvsdbError } from '../errors.js';
import type { PoolFault } from '../ipam/errors.js';

/** An address that cannot be used, and why. */
export interface AddressFault {
  /** The address, as it was written. */
  readonly ip: string;
  /** Position of the pool's entry in its text, counted from 0; undefined for an address from elsewhere. */
  readonly index: number | undefined;
  /** Continues a sentence that begins with the address: `is not in 10.16.0.0/24`. */
  readonly reason: string;
}

/** What each code carries in `details`. */
export interface PortErrorDetails {
  /** The client was not in sync before the deadline; nothing was looked at or sent. */
  NotReady: { readonly timeoutMs: number };
  /** The StatefulSet or pod given is not one: a field is missing or has a value that Kubernetes would refuse. */
  InvalidStatefulSet: { readonly field: string };
  /** The pod's name is not `<StatefulSet>-<ordinal>`. */
  InvalidOrdinal: { readonly pod: string };
  /** `ip_pool` does not keep to its grammar. */
  InvalidPool: { readonly faults: readonly PoolFault[] };
  /** An override of one pod's addresses is malformed. */
  InvalidAddress: { readonly text: string; readonly reason: string };
  /** Addresses lie outside of the namespace's subnet; all of them are listed. */
  AddressOutOfSubnet: { readonly cidrs: readonly string[]; readonly addresses: readonly AddressFault[] };
  /** Network, broadcast, anycast, gateway or router port addresses; excluded ones with `strictExclude`. */
  ReservedAddress: { readonly addresses: readonly AddressFault[] };
  /** Another port of the switch has the address. `retained`: that is a kept port of a pod that is not up. */
  AddressInUse: { readonly ip: string; readonly port: string; readonly retained: boolean };
  /** Another port of the switch has the MAC address that was asked for. */
  MacInUse: { readonly mac: string; readonly port: string };
  /** The pool has fewer addresses than the StatefulSet has pods. */
  PoolExhausted: { readonly ordinal: number; readonly poolLength: number; readonly missing: number };
  /** No free address is left in the subnet; the figures count addresses. */
  SubnetExhausted: { readonly cidr: string; readonly total: bigint; readonly used: bigint; readonly excluded: bigint };
  /** Nothing says which switch or CIDR the namespace's pods belong to. */
  SubnetUnknown: { readonly namespace: string };
  /** What describes the namespace's subnet, an option or the switch's `other_config`, is malformed. */
  InvalidSubnet: { readonly namespace: string };
  /** There is no logical switch of this name or uuid. */
  SwitchNotFound: { readonly logicalSwitch: string };
  /** Several logical switches have the name. */
  AmbiguousSwitch: { readonly logicalSwitch: string; readonly uuids: readonly string[] };
  /** A port of the pod's name exists that this StatefulSet does not own. */
  PortOwnedByOther: { readonly port: string; readonly owner: string };
  /** With `onRecreate: 'reject'`: the port is kept for another incarnation (uid) of the StatefulSet. */
  OwnerMismatch: { readonly port: string; readonly have: string; readonly given: string };
  /** With `onDrift: 'error'`: the port's address is not the one that the pool says. */
  PoolDrift: { readonly want: readonly string[]; readonly have: readonly string[] };
  /** A setting of the pod's port makes no sense; `field` is its name, with the key in brackets where it is a map. */
  InvalidSettings: { readonly field: string };
  /** No row of DHCP_Options has this uuid, or this CIDR. */
  DhcpOptionsNotFound: { readonly dhcpOptions: string };
  /** Several rows of DHCP_Options have the subnet's CIDR. */
  AmbiguousDhcpOptions: { readonly cidr: string; readonly uuids: readonly string[] };
  /** There is no port group of this name. */
  PortGroupNotFound: { readonly portGroup: string };
  /** Others kept being faster. */
  ConflictRetriesExhausted: { readonly attempts: number };
}

/** Stable codes of {@link PortError}. */
export type PortErrorCode = keyof PortErrorDetails;

/** Whom an error is about. */
export interface PortErrorSubject {
  readonly namespace: string;
  readonly statefulSet: string;
  /** Undefined when the error is about the whole StatefulSet. */
  readonly pod?: string | undefined;
  /** The addresses that the pod's port has and keeps, if there is one. */
  readonly keeps?: string | undefined;
  /** What did not happen, where that is something else than that pods get no ports. */
  readonly failure?: string | undefined;
}

/** A pod gets no port, or none of a StatefulSet's pods does; see {@link PortErrorDetails}. */
export class PortError<C extends PortErrorCode = PortErrorCode> extends OvsdbError {
  declare readonly code: C;
  /** What the code carries; `isPortError` narrows it. */
  readonly details: PortErrorDetails[C];
  readonly namespace: string;
  readonly statefulSet: string;
  /** Name of the pod; undefined when the error is about the whole StatefulSet. */
  readonly pod: string | undefined;

  constructor(code: C, subject: PortErrorSubject, reason: string, details: PortErrorDetails[C], cause?: unknown) {
    const { namespace, statefulSet, pod, keeps, failure } = subject;
    const what = keeps === undefined ? 'gets no port' : `keeps its port with ${keeps}`;
    const who =
      pod === undefined
        ? `StatefulSet ${namespace}/${statefulSet} gets no ports`
        : `pod ${pod} of ${namespace}/${statefulSet} ${what}`;
    super(code, `${failure ?? who}: ${reason}`, cause === undefined ? undefined : { cause });
    this.details = details;
    this.namespace = namespace;
    this.statefulSet = statefulSet;
    this.pod = pod;
  }
}

/** Is this an error of the family, with this code? Narrows `details`. */
export function isPortError<C extends PortErrorCode>(error: unknown, code: C): error is PortError<C> {
  return error instanceof PortError && error.code === code;
}
