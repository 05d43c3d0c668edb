/** DELETE: preconditions, grace, finalizers. An object may outlive its deletion for a while. */
import type { KubeObject, ObjectMeta } from './objects.js';
import { jsonObject, timestamp } from './objects.js';
import type { ObjectKey, ObjectStore } from './object-store.js';
import { groupResource, storedResource } from './resources.js';
import { conflict } from './status-error.js';

/** `meta/v1 DeleteOptions`, without its kind. */
export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

/** What the garbage collector does before an object goes. */
export const FOREGROUND_FINALIZER = 'foregroundDeletion';
export const ORPHAN_FINALIZER = 'orphan';

/** Removes the object, or marks it as being deleted where it has grace, finalizers or, a namespace, content. */
export function deleteObject(
  store: ObjectStore,
  key: ObjectKey,
  old: KubeObject,
  options: DeleteOptions,
): { readonly object: KubeObject; readonly gone: boolean } {
  checkPreconditions(key, old, options);
  const finalizers = finalizersFor(old.metadata, options);
  const graceSeconds = remainingGrace(key, old, options);
  const gone = finalizers.length === 0 && graceSeconds === 0 && key.resource !== 'namespaces';
  if (options.dryRun === true) return { object: old, gone };
  if (gone) return { object: store.remove(key, old), gone };
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  const isMarked = deletionTimestamp !== undefined && deletionGracePeriodSeconds === graceSeconds;
  if (isMarked && finalizers.length === (old.metadata.finalizers ?? []).length) return { object: old, gone };
  return { object: store.write(key, marked(key, old, finalizers, graceSeconds)), gone };
}

function marked(key: ObjectKey, old: KubeObject, finalizers: readonly string[], graceSeconds: number): KubeObject {
  const { generation } = old.metadata;
  const metadata: ObjectMeta = {
    ...old.metadata,
    deletionTimestamp: timestamp(Date.now() + graceSeconds * 1000),
    deletionGracePeriodSeconds: graceSeconds,
    ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  };
  if (key.resource !== 'namespaces') return { ...old, metadata };
  Reflect.deleteProperty(metadata, 'deletionGracePeriodSeconds');
  return { ...old, metadata, status: { ...jsonObject(old['status']), phase: 'Terminating' } };
}

function checkPreconditions(key: ObjectKey, { metadata }: KubeObject, { preconditions = {} }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions;
  const target = groupResource(storedResource(key.resource));
  const fail = (what: string, wanted: string, present: string): Error =>
    conflict(
      target,
      key.name,
      `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${present}`,
    );
  if (uid !== undefined && uid !== metadata.uid) throw fail('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw fail('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

function finalizersFor({ finalizers = [] }: ObjectMeta, { propagationPolicy }: DeleteOptions): readonly string[] {
  const others = finalizers.filter((name) => name !== FOREGROUND_FINALIZER && name !== ORPHAN_FINALIZER);
  if (propagationPolicy === undefined) return finalizers;
  if (propagationPolicy === 'Foreground') return [...others, FOREGROUND_FINALIZER];
  return propagationPolicy === 'Orphan' ? [...others, ORPHAN_FINALIZER] : others;
}

/** A second DELETE can shorten the grace, never lengthen it. */
function remainingGrace(key: ObjectKey, old: KubeObject, { gracePeriodSeconds }: DeleteOptions): number {
  const { deletionTimestamp, deletionGracePeriodSeconds } = old.metadata;
  const wanted = storedResource(key.resource).strategy.gracePeriodSeconds(old, gracePeriodSeconds);
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return wanted;
  return Math.min(deletionGracePeriodSeconds, gracePeriodSeconds === undefined ? deletionGracePeriodSeconds : wanted);
}
