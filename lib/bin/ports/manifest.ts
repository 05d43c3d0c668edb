/**
 * StatefulSets out of manifests: YAML of one or several documents, or JSON, as people keep it in files and as
 * `kubectl get statefulsets,pods -o yaml` prints it. Pods that stand beside them are taken along, because their uids and
 * annotations matter; other kinds are passed over.
 */
import { parseAllDocuments } from 'yaml';
import { OvsdbError, printValue } from '../../errors.js';
import { readWorkload, type PodLike, type StatefulSetLike, type Workload } from '../../statefulset/workload.js';
import { podsToCome, withWishesOnly } from './pod-wishes.js';
import { counted } from './table.js';

/** A text that holds manifests. */
export interface ManifestSource {
  /** Its file, for messages. */
  readonly file: string;
  readonly text: string;
}

/** A StatefulSet of a manifest. */
export interface ManifestSet {
  readonly statefulSet: StatefulSetLike;
  readonly workload: Workload;
  /**
   * Its pods that stand in the manifest, by name, and those to come whose template asks for addresses. Their annotations
   * are what they ask for.
   */
  readonly pods: ReadonlyMap<string, PodLike>;
}

/** What manifests hold. */
export interface Manifest {
  readonly sets: readonly ManifestSet[];
  /** `namespace/name` of all pods, of whatever StatefulSet or none. */
  readonly podKeys: ReadonlySet<string>;
  /** What was passed over, for people. */
  readonly notes: readonly string[];
}

interface KubernetesObject {
  readonly kind: string | undefined;
  readonly object: object;
  readonly file: string;
}

/**
 * Reads all StatefulSets of the sources, and their pods; `takesAllPods`: other pods are not passed over. Throws
 * `OvsdbError` `File` for what is neither YAML nor JSON, holds no StatefulSet, or holds one twice; `PortError`
 * `InvalidStatefulSet` for one that Kubernetes would refuse.
 */
export function readManifest(
  sources: readonly ManifestSource[],
  { takesAllPods = false }: { readonly takesAllPods?: boolean } = {},
): Manifest {
  const objects = sources.flatMap(objectsOf);
  const sets = new Map<string, ManifestSet & { readonly file: string; readonly pods: Map<string, PodLike> }>();
  for (const { kind, object, file } of objects) {
    if (kind !== 'StatefulSet') continue;
    const workload = readWorkload(object);
    const other = sets.get(workload.key);
    if (other !== undefined) {
      const where = other.file === file ? `${file} holds it twice` : `${other.file} and ${file} hold it`;
      throw new OvsdbError('File', `which StatefulSet ${workload.key} is meant? ${where}`);
    }
    sets.set(workload.key, { statefulSet: object, workload, pods: new Map(), file });
  }
  const podKeys = new Set<string>();
  const passedOver = new Map<string, number>();
  for (const { kind, object } of objects) {
    if (kind === 'StatefulSet') continue;
    if (kind === 'Pod') {
      podKeys.add(`${namespaceOf(object)}/${nameOf(object)}`);
      const owner = sets.get(ownerOf(object) ?? '');
      owner?.pods.set(nameOf(object), withWishesOnly(object));
      if (owner !== undefined || takesAllPods) continue;
    }
    const what = kind ?? 'object without a kind';
    passedOver.set(what, (passedOver.get(what) ?? 0) + 1);
  }
  for (const { statefulSet, workload, pods } of sets.values()) {
    for (const [name, pod] of podsToCome(statefulSet, workload, pods)) pods.set(name, pod);
  }
  const others = [...passedOver].map(([kind, count]) => counted(count, kind, kind));
  if (sets.size === 0) {
    const files = sources.map(({ file }) => file).join(', ');
    throw new OvsdbError(
      'File',
      `${files}: no StatefulSet in it${others.length === 0 ? '' : `, only ${others.join(', ')}`}`,
    );
  }
  return { sets: [...sets.values()], podKeys, notes: others.length === 0 ? [] : [`passed over: ${others.join(', ')}`] };
}

/** What a text of YAML documents, or of JSON, holds. Throws `OvsdbError` `File`. */
export function parseDocuments({ file, text }: ManifestSource): unknown[] {
  if (/^\s*[[{]/.test(text)) {
    try {
      // Much faster for the many objects that kubectl prints; what fails here may still be YAML.
      return [JSON.parse(text)];
    } catch {
      // Said below, with the line.
    }
  }
  return [parseAllDocuments(text, { merge: true })].flat().map((document) => {
    const fault = document.errors[0];
    if (fault !== undefined) throw new OvsdbError('File', `${file} is not YAML: ${firstLine(fault)}`, { cause: fault });
    try {
      return document.toJS() as unknown;
    } catch (error) {
      throw new OvsdbError('File', `${file} is not usable YAML: ${firstLine(error)}`, { cause: error });
    }
  });
}

function objectsOf(source: ManifestSource): KubernetesObject[] {
  return parseDocuments(source).flatMap((document) => {
    // An empty document, as between two lines of "---".
    if (document === null || document === undefined) return [];
    return flatten(source.file, document, undefined);
  });
}

/** The object, or the members of a list. */
function flatten(file: string, given: unknown, kindOfList: string | undefined): KubernetesObject[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new OvsdbError('File', `${file} holds ${printValue(given)} where a Kubernetes object should be`);
  }
  const { kind, items } = given as { readonly kind?: unknown; readonly items?: unknown };
  const known = typeof kind === 'string' ? kind : kindOfList;
  if (known?.endsWith('List') !== true || !Array.isArray(items)) return [{ kind: known, object: given, file }];
  // The members of a typed list need not repeat their kind.
  const kindOfItems = known === 'List' ? undefined : known.slice(0, -'List'.length);
  return items.flatMap((item: unknown) => flatten(file, item, kindOfItems));
}

/** `namespace/name` of the StatefulSet that a pod says it belongs to, or else by its name. */
function ownerOf(pod: PodLike): string | undefined {
  const metadata = pod.metadata as { readonly name?: unknown; readonly ownerReferences?: unknown } | null | undefined; // prettier-ignore
  const namespace = namespaceOf(pod);
  if (Array.isArray(metadata?.ownerReferences)) {
    const owners = metadata.ownerReferences as readonly ({ readonly kind?: unknown; readonly name?: unknown } | null)[];
    const owner = owners.find((reference) => reference?.kind === 'StatefulSet')?.name;
    return typeof owner === 'string' ? `${namespace}/${owner}` : undefined;
  }
  const [, name] = typeof metadata?.name === 'string' ? (/^(.+)-\d+$/.exec(metadata.name) ?? []) : [];
  return name === undefined ? undefined : `${namespace}/${name}`;
}

function namespaceOf({ metadata }: PodLike): string {
  const namespace: unknown = metadata?.namespace;
  return typeof namespace === 'string' ? namespace : 'default';
}

function nameOf({ metadata }: PodLike): string {
  const name: unknown = metadata?.name;
  return typeof name === 'string' ? name : printValue(name);
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.replace(/:$/, '');
}
