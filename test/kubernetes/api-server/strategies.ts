/** What the API server does to objects of each kind before it stores them: defaults, checks, what may change. */
import { eventFaults, eventUpdateFaults } from './event-faults.js';
import type { KubeObject } from './objects.js';
import { arrayOf, isJsonObject, jsonObject, sameJson } from './objects.js';
import type { JsonObject } from './objects.js';
import type { ResourceName } from './object-store.js';
import { selectorMatches } from './selectors.js';
import type { FieldFault } from './status-error.js';

export interface Strategy {
  /** A change of the spec raises metadata.generation. */
  readonly tracksGeneration: boolean;
  /** The status is only written through the status subresource. */
  readonly hasStatus: boolean;
  /** PUT of an object that is not there creates it. */
  readonly createsOnUpdate: boolean;
  /** A DELETE is answered with the object that was deleted rather than with a Status. */
  readonly returnsDeleted: boolean;
  /** Fills in what the client left out, on a private copy. */
  readonly prepareForCreate: (object: KubeObject) => void;
  /** `group`: the API group by whose way the request came. */
  readonly faults: (object: KubeObject, group: string) => readonly FieldFault[];
  /** What an update may not change; not asked for an object that is created. */
  readonly updateFaults: (object: KubeObject, old: KubeObject, group: string) => readonly FieldFault[];
  /** Seconds between a DELETE and the end, for a client that asked for `requested`. */
  readonly gracePeriodSeconds: (object: KubeObject, requested: number | undefined) => number;
}

const PLAIN: Strategy = {
  ...{ tracksGeneration: false, hasStatus: false, createsOnUpdate: false, returnsDeleted: false },
  prepareForCreate: () => undefined,
  faults: () => [],
  updateFaults: () => [],
  gracePeriodSeconds: () => 0,
};

const namespaces: Strategy = {
  ...PLAIN,
  hasStatus: true,
  returnsDeleted: true,
  prepareForCreate: (object) => {
    const { metadata } = object;
    metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name };
    object['spec'] = { ...jsonObject(object['spec']), finalizers: ['kubernetes'] };
    object['status'] = { phase: 'Active' };
  },
};

const pods: Strategy = {
  ...PLAIN,
  hasStatus: true,
  returnsDeleted: true,
  prepareForCreate: (object) => {
    object['spec'] = {
      ...{ restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' },
      ...{ serviceAccountName: 'default', schedulerName: 'default-scheduler', enableServiceLinks: true },
      ...jsonObject(object['spec']),
    };
    object['status'] = { phase: 'Pending', qosClass: 'BestEffort' };
  },
  faults: ({ spec }) =>
    arrayOf(jsonObject(spec)['containers']).length > 0
      ? []
      : [{ field: 'spec.containers', reason: 'FieldValueRequired', message: 'Required value' }],
  updateFaults: (object, old) =>
    sameJson(fixedPodSpec(object), fixedPodSpec(old))
      ? []
      : [forbidden('spec', 'of a pod only the images, tolerations and deadlines can be changed')],
  gracePeriodSeconds: ({ spec, status }, requested) => {
    const { nodeName, terminationGracePeriodSeconds } = jsonObject(spec);
    const { phase } = jsonObject(status);
    // There is no process to wait for where the pod was never bound to a node or has ended.
    if (typeof nodeName !== 'string' || phase === 'Failed' || phase === 'Succeeded') return 0;
    return requested ?? (typeof terminationGracePeriodSeconds === 'number' ? terminationGracePeriodSeconds : 30);
  },
};

/** The part of a pod's spec that cannot be updated. */
function fixedPodSpec(pod: KubeObject): JsonObject {
  const spec: JsonObject = { ...jsonObject(pod['spec']) };
  for (const field of ['activeDeadlineSeconds', 'tolerations', 'terminationGracePeriodSeconds', 'schedulingGates']) {
    Reflect.deleteProperty(spec, field);
  }
  for (const field of ['containers', 'initContainers']) {
    if (field in spec) spec[field] = arrayOf(spec[field]).map((item) => ({ ...jsonObject(item), image: '' }));
  }
  return spec;
}

const CHANGEABLE_SET_FIELDS = [
  ...['replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit'],
  ...['persistentVolumeClaimRetentionPolicy', 'minReadySeconds'],
];

const statefulsets: Strategy = {
  ...PLAIN,
  tracksGeneration: true,
  hasStatus: true,
  prepareForCreate: (object) => {
    const spec = jsonObject(object['spec']);
    const updateStrategy = { type: 'RollingUpdate', ...jsonObject(spec['updateStrategy']) };
    object['spec'] = {
      ...{ podManagementPolicy: 'OrderedReady', replicas: 1, revisionHistoryLimit: 10 },
      ...spec,
      updateStrategy:
        updateStrategy.type === 'RollingUpdate'
          ? {
              ...updateStrategy,
              rollingUpdate: { partition: 0, ...jsonObject(jsonObject(updateStrategy)['rollingUpdate']) },
            }
          : updateStrategy,
    };
    object['status'] = { replicas: 0, availableReplicas: 0 };
  },
  faults: ({ spec }) => {
    const { selector, template, replicas, ordinals, podManagementPolicy } = jsonObject(spec);
    const labels = jsonObject(jsonObject(jsonObject(template)['metadata'])['labels']) as Record<string, string>;
    const { start } = jsonObject(ordinals);
    const faults: FieldFault[] = [];
    if (!isJsonObject(selector)) {
      faults.push({ field: 'spec.selector', reason: 'FieldValueRequired', message: 'Required value' });
    } else if (!selectorMatches(selector, labels)) {
      faults.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
    }
    if (!isCount(replicas)) faults.push(wrong('spec.replicas', replicas, 'must be greater than or equal to 0'));
    if (start !== undefined && !isCount(start)) {
      faults.push(wrong('spec.ordinals.start', start, 'must be greater than or equal to 0'));
    }
    if (podManagementPolicy !== 'OrderedReady' && podManagementPolicy !== 'Parallel') {
      faults.push(wrong('spec.podManagementPolicy', podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
    }
    return faults;
  },
  updateFaults: (object, old) =>
    sameJson(fixedSetSpec(object), fixedSetSpec(old))
      ? []
      : [forbidden('spec', `of a StatefulSet only these fields can be changed: ${CHANGEABLE_SET_FIELDS.join(', ')}`)],
};

function fixedSetSpec(set: KubeObject): JsonObject {
  const fields = Object.entries(jsonObject(set['spec'])).filter(([name]) => !CHANGEABLE_SET_FIELDS.includes(name));
  return Object.fromEntries(fields);
}

const events: Strategy = { ...PLAIN, createsOnUpdate: true, faults: eventFaults, updateFaults: eventUpdateFaults };

export const STRATEGIES: Readonly<Record<ResourceName, Strategy>> = {
  ...{ namespaces, pods, statefulsets, events },
  leases: { ...PLAIN, createsOnUpdate: true },
};

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

function wrong(field: string, value: unknown, why: string): FieldFault {
  return { field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: ${why}` };
}

function forbidden(field: string, why: string): FieldFault {
  return { field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` };
}
