/** What an audit may find. */

interface Finding {
  /** Name of the logical switch. */
  readonly logicalSwitch: string;
  /** One sentence for people: what is wrong, and what to do. */
  readonly message: string;
}

/** A finding about one port that is kept for a pod. */
interface KeptPortFinding extends Finding {
  /** Name of the Logical_Switch_Port. */
  readonly port: string;
  /** `namespace/name` of the StatefulSet that the port is kept for. */
  readonly statefulSet: string;
}

/** Several ports of one switch have the same IP or MAC address. */
export interface SharedAddressFinding extends Finding {
  readonly kind: 'shared-address';
  /** The IP or MAC address that they share. */
  readonly address: string;
  /** Names of the ports, with the StatefulSet that each is kept for, if any. */
  readonly ports: readonly { readonly name: string; readonly statefulSet: string | undefined }[];
}

/** The `addresses` of a kept port are not those that its `external_ids` note: somebody has changed either. */
export interface ChangedAddressesFinding extends KeptPortFinding {
  readonly kind: 'changed-addresses';
  /** The element of `addresses` that the keys stand for: MAC, then IP addresses. */
  readonly noted: string;
  /** The column `addresses`. */
  readonly have: readonly string[];
}

/** A port has keys of ours, but they do not make a managed port: nothing will reuse, release or prune it. */
export interface UnreadablePortFinding extends Finding {
  readonly kind: 'unreadable-port';
  readonly port: string;
  /** The keys of `external_ids` that are missing (`value` undefined), malformed or at odds with others. */
  readonly keys: readonly {
    readonly key: string;
    readonly value: string | undefined;
    /** Continues a sentence that begins with the key: `is missing`. */
    readonly reason: string;
  }[];
}

/** A kept port is not named after its pod, so the pod's port is looked for, and made, under another name. */
export interface WrongNameFinding extends KeptPortFinding {
  readonly kind: 'wrong-name';
  /** `namespace/pod`. */
  readonly pod: string;
  /** The name that the pod's port must have. */
  readonly expected: string;
  /** Names of other ports that are kept for the same pod. */
  readonly duplicates: readonly string[];
}

/** A kept port has addresses that no pod of its namespace may have. */
export interface OutsideSubnetFinding extends KeptPortFinding {
  readonly kind: 'outside-subnet';
  readonly addresses: readonly {
    readonly ip: string;
    /** Continues a sentence that begins with the address: `is the gateway of 10.16.0.0/24`. */
    readonly reason: string;
  }[];
}

/** A kept port is on another switch than the one that `subnets` names for its namespace. */
export interface WrongSwitchFinding extends KeptPortFinding {
  readonly kind: 'wrong-switch';
  /** Name of the namespace's switch, or its uuid where `subnets` names it so and there is none. */
  readonly expected: string;
}

/**
 * A port that no manager keeps, but that looks like the port of a StatefulSet's pod: another system made it. These are
 * what {@link StatefulSetPortManager.adopt} can take over.
 */
export interface ForeignPortFinding extends Finding {
  readonly kind: 'foreign-port';
  readonly port: string;
  /** What tells the pod: the port's name, in the manner of Kube-OVN or of OVN-Kubernetes, or its key `pod`. */
  readonly naming: 'pod.namespace' | 'namespace_pod' | 'external_ids';
  /** `namespace/name` of the StatefulSet that the pod must be of. */
  readonly statefulSet: string;
  readonly ordinal: number;
  /** `namespace/pod`. */
  readonly pod: string;
  /** Value of the key `vendor`. */
  readonly vendor: string | undefined;
  /** The column `addresses`. */
  readonly addresses: readonly string[];
}

/** Several switches have a name that `subnets` gives: the pods of these namespaces get no ports. */
export interface AmbiguousSwitchFinding extends Finding {
  readonly kind: 'ambiguous-switch';
  readonly uuids: readonly string[];
  /** Namespaces that the name is given for. */
  readonly namespaces: readonly string[];
}

/** A finding of {@link StatefulSetPortManager.audit}; `kind` tells what it is about. */
export type AuditFinding =
  | AmbiguousSwitchFinding
  | SharedAddressFinding
  | UnreadablePortFinding
  | WrongNameFinding
  | WrongSwitchFinding
  | OutsideSubnetFinding
  | ChangedAddressesFinding
  | ForeignPortFinding;

/** Kinds of findings, in the order in which an audit lists them: the gravest first. */
export const AUDIT_KINDS: readonly AuditFinding['kind'][] = [
  'ambiguous-switch',
  'shared-address',
  'unreadable-port',
  'wrong-name',
  'wrong-switch',
  'outside-subnet',
  'changed-addresses',
  'foreign-port',
];
