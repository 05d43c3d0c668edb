/**
 * What this controller reads and keeps of Kubernetes objects. Caches hold nothing else: of a pod, which may weigh some
 * ten kilobytes, a few hundred bytes remain.
 */

export type Annotations = Readonly<Record<string, string>>;

/** Of the metadata that every object has (meta/v1). */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** Raised with each change of the spec; not every kind of object has it. */
  readonly generation?: number;
  readonly creationTimestamp?: string;
  /** Set when the object is being deleted and still there. */
  readonly deletionTimestamp?: string;
  readonly annotations?: Annotations;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

/** Any object, as lists and watches bring it. */
export interface KubeObject {
  readonly metadata: ObjectMeta;
}

/** A namespace as it is kept. */
export type Namespace = KubeObject;

/** A pod as it is kept. */
export interface Pod extends KubeObject {
  /** Name of the StatefulSet that controls it, or did. */
  readonly statefulSet: string;
}

/** A StatefulSet as it is kept. */
export interface StatefulSet extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly ordinals?: { readonly start?: number };
    readonly template: { readonly metadata?: { readonly annotations?: Annotations } };
  };
  /** Its pods have the network of their node, and no port. */
  readonly hostNetwork: boolean;
}

/** A pod (v1), as far as it is read. */
export type RawPod = KubeObject;

/** A StatefulSet (apps/v1), as far as it is read. */
export interface RawStatefulSet extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly ordinals?: { readonly start?: number };
    readonly template?: {
      readonly metadata?: { readonly annotations?: Annotations };
      readonly spec?: { readonly hostNetwork?: boolean };
    };
  };
}

/** Annotations of these two prefixes are read or written here; others may be many and long. */
const PREFIXES = ['ovn.kubernetes.io/', 'ovn-northbound/'];

/** `namespace/name`, or the name of an object that is in no namespace. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Namespace and name in a key of {@link keyOf}. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** A namespace without what is not needed. */
export function keepNamespace(raw: KubeObject): Namespace {
  return { metadata: keepMetadata(raw.metadata) };
}

/** A pod without what is not needed; undefined for one that is not, and was not, a StatefulSet's. */
export function keepPod(raw: RawPod): Pod | undefined {
  const statefulSet = statefulSetOf(raw);
  return statefulSet === undefined ? undefined : { metadata: keepMetadata(raw.metadata), statefulSet };
}

/**
 * A pod whose StatefulSet was deleted without its pods (`--cascade=orphan`) has no owner any more, but runs on and keeps
 * its address; its name still tells whose it was.
 */
function statefulSetOf({ metadata }: RawPod): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return /^(.+)-(?:0|[1-9][0-9]*)$/.exec(metadata.name)?.[1];
  return owner.kind === 'StatefulSet' && owner.apiVersion.startsWith('apps/') ? owner.name : undefined;
}

/** A StatefulSet without what is not needed. */
export function keepStatefulSet(raw: RawStatefulSet): StatefulSet {
  const { replicas, ordinals, template } = raw.spec ?? {};
  const annotations = keepAnnotations(template?.metadata?.annotations);
  return {
    metadata: keepMetadata(raw.metadata),
    spec: {
      ...(replicas !== undefined && { replicas }),
      ...(ordinals !== undefined && { ordinals }),
      template: { metadata: { ...(annotations !== undefined && { annotations }) } },
    },
    hostNetwork: template?.spec?.hostNetwork === true,
  };
}

function keepMetadata(raw: ObjectMeta): ObjectMeta {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp, deletionTimestamp } = raw;
  const annotations = keepAnnotations(raw.annotations);
  return {
    name,
    uid,
    resourceVersion,
    ...(namespace !== undefined && { namespace }),
    ...(generation !== undefined && { generation }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(annotations !== undefined && { annotations }),
  };
}

function keepAnnotations(annotations: Annotations | undefined): Annotations | undefined {
  const kept = Object.entries(annotations ?? {}).filter(([key]) => PREFIXES.some((prefix) => key.startsWith(prefix)));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}
