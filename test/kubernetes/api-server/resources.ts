/** The resources that are served, and how each of their API versions shows what is stored. */
import { eventFromCore, eventToCore } from './event-versions.js';
import type { KubeObject } from './objects.js';
import type { ResourceName } from './object-store.js';
import type { GroupResource } from './status-error.js';
import type { Strategy } from './strategies.js';
import { STRATEGIES } from './strategies.js';

/** One resource of one API group version. */
export interface Resource {
  readonly stored: ResourceName;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly subresources: readonly string[];
  /** What a field selector can name, besides metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  readonly strategy: Strategy;
  /** From the stored form to this version's, and back. */
  readonly show: (object: KubeObject) => KubeObject;
  readonly store: (object: KubeObject) => KubeObject;
}

const unchanged = (object: KubeObject): KubeObject => object;

function resource(
  given: Pick<Resource, 'group' | 'version' | 'plural' | 'singular' | 'kind'> & Partial<Resource>,
): Resource {
  const stored = given.stored ?? (given.plural as ResourceName);
  return {
    ...{ stored, namespaced: true, subresources: [], selectableFields: [], show: unchanged, store: unchanged },
    strategy: STRATEGIES[stored],
    ...given,
  };
}

export const RESOURCES: readonly Resource[] = [
  resource({
    ...{ group: '', version: 'v1', plural: 'namespaces', singular: 'namespace', kind: 'Namespace', namespaced: false },
    ...{ subresources: ['status', 'finalize'], selectableFields: ['status.phase'] },
  }),
  resource({
    ...{ group: '', version: 'v1', plural: 'pods', singular: 'pod', kind: 'Pod', subresources: ['status'] },
    selectableFields: ['spec.nodeName', 'spec.restartPolicy', 'spec.serviceAccountName', 'status.phase'],
  }),
  resource({
    ...{ group: '', version: 'v1', plural: 'events', singular: 'event', kind: 'Event' },
    selectableFields: [
      ...['involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'involvedObject.uid'],
      ...['reason', 'reportingComponent', 'type'],
    ],
  }),
  resource({
    ...{ group: 'apps', version: 'v1', plural: 'statefulsets', singular: 'statefulset', kind: 'StatefulSet' },
    subresources: ['status', 'scale'],
  }),
  resource({
    ...{ group: 'events.k8s.io', version: 'v1', plural: 'events', singular: 'event', kind: 'Event' },
    ...{ selectableFields: ['regarding.kind', 'regarding.namespace', 'regarding.name', 'reason', 'type'] },
    ...{ show: eventFromCore, store: eventToCore },
  }),
  resource({
    ...{ group: 'coordination.k8s.io', version: 'v1', plural: 'leases', singular: 'lease', kind: 'Lease' },
  }),
];

export function findResource(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find((known) => known.group === group && known.version === version && known.plural === plural);
}

/** The resource in whose form a stored object is kept. */
export function storedResource(stored: ResourceName): Resource {
  const found = RESOURCES.find((known) => known.stored === stored);
  if (found === undefined) throw new Error(`no resource ${stored} is served`);
  return found;
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

export function groupResource({ group, plural }: Resource): GroupResource {
  return { group, resource: plural };
}

/** The discovery documents: `/api`, `/apis`, `/api/v1`, `/apis/<group>`, `/apis/<group>/<version>`. */
export function discovery(path: string): object | undefined {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  const groups = [...new Set(RESOURCES.map(({ group }) => group))].filter((group) => group !== '');
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(apiGroup) };
  const group = groups.find((candidate) => path === `/apis/${candidate}`);
  if (group !== undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) };
  const served = RESOURCES.filter((known) => path === pathOf(known));
  const [first] = served;
  if (first === undefined) return undefined;
  return {
    ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersionOf(first) },
    resources: served.flatMap((known) => [
      { ...discovered(known, ''), singularName: known.singular, verbs: VERBS },
      ...known.subresources.map((name) => ({ ...discovered(known, `/${name}`), verbs: ['get', 'patch', 'update'] })),
    ]),
  };
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

function discovered({ plural, namespaced, kind }: Resource, suffix: string): object {
  return { name: `${plural}${suffix}`, singularName: '', namespaced, kind };
}

function apiGroup(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

function pathOf({ group, version }: Resource): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
}
