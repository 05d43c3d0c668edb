/** The kept ports that a command line is about. */
import { InvalidArgumentError, printValue } from '../../errors.js';
import { lsGet } from '../../nb/switches.js';
import type { ManagedPort } from '../../statefulset/managed-port.js';
import type { Uuid } from '../../schema/uuid.js';
import type { OptionValues } from './command-line.js';
import type { Database } from './database.js';
import type { Manifest } from './manifest.js';

/** What the selectors ask for. A port must fit each kind that is given, and of one kind any. */
export interface Selection {
  /** `namespace/name` of StatefulSets; undefined: any. */
  readonly statefulSets: readonly string[] | undefined;
  readonly namespaces: readonly string[] | undefined;
  readonly switches: readonly string[] | undefined;
}

/** Reads the selectors. Throws `InvalidArgumentError` for contradictions, and for none at all where one must be given. */
export function selectionOf(values: OptionValues, manifest: Manifest | undefined, isOptional: boolean): Selection {
  const { statefulset, namespace: namespaces, switch: switches, all = false } = values;
  for (const key of statefulset ?? []) {
    if (/^[^/]+\/[^/]+$/.test(key)) continue;
    throw new InvalidArgumentError(`--statefulset is ${printValue(key)}; write it as NAMESPACE/NAME`);
  }
  const given = [manifest, statefulset, namespaces, switches].some((selector) => selector !== undefined);
  if (all && given) throw new InvalidArgumentError('--all leaves nothing to select; leave out --all or the selectors');
  if (!all && !given && !isOptional) {
    throw new InvalidArgumentError('say which ports: -f, --statefulset, --namespace, --switch or --all');
  }
  const named = [...(manifest?.sets.map(({ workload }) => workload.key) ?? []), ...(statefulset ?? [])];
  return { statefulSets: named.length === 0 ? undefined : named, namespaces, switches };
}

/**
 * The kept ports that are selected, by StatefulSet and ordinal. Throws `NorthboundError` `SwitchNotFound` or
 * `AmbiguousSwitch` for a switch that is not there, or not one.
 */
export function keptPorts({ nb, manager }: Database, selection: Selection): ManagedPort[] {
  const { statefulSets, namespaces } = selection;
  const isOnSwitch = switchFilter(nb, selection);
  const ports =
    statefulSets === undefined
      ? manager.listAll()
      : [...new Set(statefulSets)].flatMap((key) => manager.list({ metadata: metadataOf(key) }));
  return ports
    .filter(({ statefulSet }) => namespaces?.includes(metadataOf(statefulSet).namespace) ?? true)
    .filter(({ row }) => isOnSwitch(row._uuid))
    .sort(byStatefulSetAndOrdinal);
}

/** The order that people look for. */
function byStatefulSetAndOrdinal(a: ManagedPort, b: ManagedPort): number {
  if (a.statefulSet !== b.statefulSet) return a.statefulSet < b.statefulSet ? -1 : 1;
  return a.ordinal - b.ordinal;
}

/** Name and namespace of `namespace/name`. */
export function metadataOf(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

function switchFilter(nb: Database['nb'], { switches }: Selection): (port: Uuid<'Logical_Switch_Port'>) => boolean {
  if (switches === undefined) return () => true;
  const wanted = new Set(switches.map((nameOrUuid) => lsGet(nb, nameOrUuid)._uuid));
  return (port) => {
    const logicalSwitch = nb.tables.Logical_Switch.find({ ports: [port] })?._uuid;
    return logicalSwitch !== undefined && wanted.has(logicalSwitch);
  };
}
