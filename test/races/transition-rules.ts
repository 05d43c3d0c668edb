/** Which changes of a managed port an operation may make: everything else is a violation. */
import { incarnationOf, uidOf, type Operation, type Place } from './ledger.js';
import type { PortState } from './port-row.js';

/** What is known of a managed port besides its row. */
export interface PortPast {
  /** Operation that inserted it. */
  readonly insertedBy: string | undefined;
  /** The last change of its addresses: by which operation, and what they were before. */
  readonly readdressed: { readonly by: string; readonly before: PortState } | undefined;
  /** Has a port that no manager made had one of its addresses at the same time? Who was first, no manager can tell. */
  readonly isContested: boolean;
}

/** Why an operation must not insert this port; undefined when it may. */
export function faultOfInsert(operation: Operation, port: PortState, place: Place | undefined): string | undefined {
  const fault = faultOfSubject(operation, port);
  if (fault !== undefined) return fault;
  const ordinal = Number(port.owner?.ordinal);
  const { kind, spec } = operation;
  if (kind === 'teardown' || kind === 'release') return `${kind} makes no ports`;
  if (kind === 'ensure' ? ordinal !== operation.ordinal : !(ordinal < spec.replicas))
    return 'nobody asked for this pod';
  if (port.owner?.uid !== uidOf(spec)) return `it was made for uid ${uidOf(spec)} and names another one`;
  return faultOfAddresses(operation, port, place);
}

/** What else a transaction that deletes a port does. */
export interface Meanwhile {
  /** It makes another port of the name. */
  readonly isReplaced: boolean;
  /** It gives an address of the port back to another one. */
  readonly isReturned: boolean;
  /** The port cannot have what it had before its last change: another managed port has an address of that. */
  readonly isBarred: boolean;
}

/** Why an operation must not delete this port; undefined when it may. */
export function faultOfDelete(
  operation: Operation,
  port: PortState,
  past: PortPast,
  { isReplaced, isReturned, isBarred }: Meanwhile,
): string | undefined {
  const { kind, spec, policies, id } = operation;
  const fault = faultOfSubject(operation, port);
  if (fault !== undefined) return fault;
  if (past.insertedBy === id) {
    return past.isContested || isReturned ? undefined : 'it was taken back, and nobody else had its addresses';
  }
  if (past.readdressed?.by === id && isBarred && past.isContested) return undefined;
  const owner = incarnationOf(port.owner?.uid);
  if (owner > spec.incarnation) return `it belongs to a later incarnation, ${String(port.owner?.uid)}`;
  if (kind === 'release') return owner === spec.incarnation ? undefined : 'it belongs to another incarnation';
  if (kind === 'teardown') return 'a pod that goes leaves its port';
  const isBeyond = Number(port.owner?.ordinal) >= spec.replicas;
  if (policies.onRecreate === 'fresh' && owner < spec.incarnation && (isReplaced || isBeyond)) return undefined;
  if (policies.onScaleDown === 'release' && kind !== 'ensure' && isBeyond) {
    return owner === spec.incarnation ? undefined : 'an earlier incarnation used it last';
  }
  return 'nobody asked for that';
}

/** Why an operation must not change a port like this; undefined when it may. */
export function faultOfUpdate(
  operation: Operation,
  before: PortState,
  after: PortState,
  past: PortPast,
  place: Place | undefined,
): string | undefined {
  const fault = faultOfSubject(operation, before);
  if (fault !== undefined) return fault;
  const { kind, spec, id } = operation;
  if (kind === 'teardown' || kind === 'release') return `${kind} changes no ports`;
  if (!isSameAddresses(before, after)) {
    if (before.macs.join() !== after.macs.join()) return 'its MAC address was changed';
    const isTakenBack = past.readdressed?.by === id && isSameAddresses(past.readdressed.before, after);
    if (!isTakenBack) {
      if (kind !== 'readdress') return 'its address was changed, and nobody asked for that';
      const addressFault = faultOfAddresses(operation, after, place);
      if (addressFault !== undefined) return addressFault;
    }
  }
  const [uidBefore, uidAfter] = [before.owner?.uid, after.owner?.uid];
  if (uidBefore !== uidAfter && uidAfter !== uidOf(spec)) return `its owner became ${String(uidAfter)}`;
  if (incarnationOf(uidAfter) < incarnationOf(uidBefore))
    return `an earlier incarnation took it from ${String(uidBefore)}`;
  const { statefulSet, pod, ordinal } = before.owner ?? {};
  const isSameSubject =
    after.owner?.statefulSet === statefulSet && after.owner?.pod === pod && after.owner?.ordinal === ordinal;
  return isSameSubject && before.name === after.name ? undefined : 'it became the port of another pod';
}

/** Are these the same addresses? */
export function isSameAddresses(a: PortState, b: PortState): boolean {
  return a.ips.join() === b.ips.join() && a.macs.join() === b.macs.join();
}

function faultOfSubject({ spec }: Operation, { owner }: PortState): string | undefined {
  const key = `${spec.namespace}/${spec.name}`;
  return owner?.statefulSet === key ? undefined : `the operation was about ${key}`;
}

/** The entry of the pool, or an address of the subnet where there is none. */
function faultOfAddresses(
  { spec }: Operation,
  { ips, owner }: PortState,
  place: Place | undefined,
): string | undefined {
  if (spec.pool !== undefined) {
    const entry = spec.pool[Number(owner?.ordinal)];
    return ips.join() === entry ? undefined : `its entry in the pool is ${String(entry)}, not ${ips.join()}`;
  }
  const strange = ips.filter((ip) => place?.accepts(ip) !== true);
  return strange.length === 0 ? undefined : `${strange.join()} cannot be given out on ${String(place?.logicalSwitch)}`;
}
