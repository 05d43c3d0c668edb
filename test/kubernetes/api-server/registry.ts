/**
 * The rules between a request and the store: names, versions, preconditions, defaults, what may change,
 * finalizers. Tests and the simulated controllers use it directly; clients reach it over HTTP.
 * Everything is in the stored form, which for events is the core one.
 */
import { randomBytes, randomUUID } from 'node:crypto';

import { deleteObject } from './deletion.js';
import type { DeleteOptions } from './deletion.js';
import { metadataFaults, withServerFields } from './metadata.js';
import type { KubeInput, KubeObject } from './objects.js';
import { jsonObject, sameJson, timestamp, withoutNulls } from './objects.js';
import type { ObjectKey, ObjectStore, ResourceName } from './object-store.js';
import type { Resource } from './resources.js';
import { apiVersionOf, groupResource, storedResource } from './resources.js';
import type { FieldFault } from './status-error.js';
import {
  alreadyExists,
  badRequest,
  conflict,
  failureOf,
  forbidden,
  invalid,
  modifiedMeanwhile,
  notFound,
} from './status-error.js';

export interface UpdateOptions {
  readonly subresource?: string | undefined;
  /** A PATCH that names another uid is invalid, a PUT conflicts. */
  readonly isPatch?: boolean;
  readonly dryRun?: boolean;
  /** The API group by whose way the request came. Default: the one in whose form the object is stored. */
  readonly group?: string;
}

export type CreateOptions = Pick<UpdateOptions, 'dryRun' | 'group'>;

export class ObjectRegistry {
  readonly store: ObjectStore;

  constructor(store: ObjectStore) {
    this.store = store;
  }

  /** Throws 404 where the object is not there. */
  get(resource: ResourceName, namespace: string, name: string): KubeObject {
    const found = this.store.read({ resource, namespace, name });
    if (found === undefined) throw notFound(groupResource(storedResource(resource)), name);
    return found;
  }

  create(name: ResourceName, namespace: string, input: KubeInput, options: CreateOptions = {}): KubeObject {
    const resource = storedResource(name);
    const object = completed(input, resource, namespace);
    const { dryRun = false, group = resource.group } = options;
    const target = groupResource(resource);
    if (input.metadata?.resourceVersion !== undefined && input.metadata.resourceVersion !== '') {
      throw failureOf(500, { message: 'resourceVersion should not be set on objects to be created' });
    }
    if (resource.namespaced) this.#requireOpenNamespace(resource, object);
    resource.strategy.prepareForCreate(object);
    if (resource.strategy.tracksGeneration) object.metadata.generation = 1;
    throwFaults(resource, object, [...metadataFaults(object), ...resource.strategy.faults(object, group)]);
    const key = { resource: name, namespace, name: object.metadata.name };
    if (this.store.read(key) !== undefined) throw alreadyExists(target, object.metadata.name);
    return dryRun ? object : this.store.write(key, object);
  }

  /**
   * Replaces an object with what `change` makes of a copy. The resourceVersion and uid in the result are
   * preconditions. Writes nothing where nothing differs, and removes an object that is being deleted when its
   * last finalizer goes.
   */
  update(
    name: ResourceName,
    namespace: string,
    objectName: string,
    change: (copy: KubeObject) => KubeInput,
    options: UpdateOptions = {},
  ): KubeObject {
    const resource = storedResource(name);
    const old = this.get(name, namespace, objectName);
    const changed = withoutNulls(change(structuredClone(old)));
    checkIdentity(changed, old, resource, options.isPatch === true);
    const object = applied(changed, old, resource, options.subresource);
    const { group = resource.group } = options;
    const faults = [
      ...metadataFaults(object),
      ...addedFinalizers(object, old),
      ...resource.strategy.faults(object, group),
      ...resource.strategy.updateFaults(object, old, group),
    ];
    throwFaults(resource, object, faults);
    if (sameJson(object, old) || options.dryRun === true) return object;
    if (resource.strategy.tracksGeneration && !sameJson(object['spec'], old['spec'])) {
      object.metadata.generation = (old.metadata.generation ?? 0) + 1;
    }
    return this.#put({ resource: name, namespace, name: objectName }, object);
  }

  /** Writes past the rules for clients, as the kubelet's and the scheduler's subresources do. */
  overwrite(name: ResourceName, namespace: string, objectName: string, change: (copy: KubeObject) => void): KubeObject {
    const old = this.get(name, namespace, objectName);
    const object = structuredClone(old);
    change(object);
    return sameJson(object, old) ? old : this.#put({ resource: name, namespace, name: objectName }, object);
  }

  /** Returns the object, gone or on its way; `gone` tells which. */
  delete(
    name: ResourceName,
    namespace: string,
    objectName: string,
    options: DeleteOptions = {},
  ): { readonly object: KubeObject; readonly gone: boolean } {
    const old = this.get(name, namespace, objectName);
    return deleteObject(this.store, { resource: name, namespace, name: objectName }, old, options);
  }

  #put(key: ObjectKey, object: KubeObject): KubeObject {
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
    const ends = deletionTimestamp !== undefined && finalizers.length === 0 && deletionGracePeriodSeconds === 0;
    // A namespace ends by its content, not by its metadata.
    return ends && key.resource !== 'namespaces' ? this.store.remove(key, object) : this.store.write(key, object);
  }

  #requireOpenNamespace(resource: Resource, { metadata }: KubeObject): void {
    const { namespace = '', name } = metadata;
    const owner = this.store.read({ resource: 'namespaces', namespace: '', name: namespace });
    if (owner === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    if (owner.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw forbidden(groupResource(resource), name, why);
  }
}

/** A new object with the fields of metadata that the server gives. */
function completed(input: KubeInput, resource: Resource, namespace: string): KubeObject {
  const { metadata = {}, ...rest } = withoutNulls(structuredClone(input));
  const { generateName, namespace: named } = metadata;
  if (resource.namespaced && named !== undefined && named !== '' && named !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const prefix = generateName === undefined || generateName === '' ? undefined : generateName;
  const name = metadata.name ?? (prefix === undefined ? '' : `${prefix}${randomBytes(4).toString('hex').slice(0, 5)}`);
  if (name === '') {
    throw invalid(resource.group, resource.kind, '', [
      {
        field: 'metadata.name',
        reason: 'FieldValueRequired',
        message: 'Required value: name or generateName is required',
      },
    ]);
  }
  const fresh = {
    ...{ name, uid: randomUUID(), resourceVersion: '', creationTimestamp: timestamp() },
    ...(resource.namespaced ? { namespace } : {}),
    ...(prefix === undefined ? {} : { generateName: prefix }),
  };
  const identity = { apiVersion: apiVersionOf(resource), kind: resource.kind };
  return { ...rest, ...identity, metadata: withoutEmpty(withServerFields(metadata, fresh)) };
}

function checkIdentity({ metadata = {} }: KubeInput, old: KubeObject, resource: Resource, isPatch: boolean): void {
  const target = groupResource(resource);
  const { name, namespace } = old.metadata;
  if (metadata.name !== name) {
    throw badRequest(`the name of the object (${metadata.name ?? ''}) does not match the name on the URL (${name})`);
  }
  if (metadata.namespace !== undefined && metadata.namespace !== '' && metadata.namespace !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const { resourceVersion = '', uid = '' } = metadata;
  const isOtherUid = uid !== '' && uid !== old.metadata.uid;
  if (isOtherUid && !isPatch) {
    throw conflict(
      target,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  if (resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion) throw modifiedMeanwhile(target, name);
  if (isOtherUid) {
    const message = `Invalid value: ${JSON.stringify(uid)}: field is immutable`;
    throw invalid(resource.group, resource.kind, name, [
      { field: 'metadata.uid', reason: 'FieldValueInvalid', message },
    ]);
  }
}

/** The part of a change that its way in allows: the status by its subresource, all the rest by the object's own path. */
function applied(
  changed: KubeInput,
  old: KubeObject,
  { strategy }: Resource,
  subresource: string | undefined,
): KubeObject {
  const metadata = withoutEmpty(withServerFields(changed.metadata ?? {}, old.metadata));
  if (subresource === 'status') {
    const { ownerReferences } = old.metadata;
    const kept = { ...metadata, ...(ownerReferences === undefined ? {} : { ownerReferences }) };
    return { ...old, metadata: kept, status: jsonObject(changed['status']) };
  }
  const { apiVersion, kind } = old;
  const status = strategy.hasStatus ? { status: old['status'] } : {};
  return { ...changed, apiVersion, kind, metadata, ...status };
}

/** Empty maps and lists of metadata are the same as none, and none is how they are stored. */
function withoutEmpty(metadata: KubeObject['metadata']): KubeObject['metadata'] {
  const kept = Object.entries(metadata).filter(
    ([, value]) => typeof value !== 'object' || Object.keys(value as object).length > 0,
  );
  return Object.fromEntries(kept) as unknown as KubeObject['metadata'];
}

function addedFinalizers({ metadata }: KubeObject, old: KubeObject): readonly FieldFault[] {
  if (old.metadata.deletionTimestamp === undefined) return [];
  const known = old.metadata.finalizers ?? [];
  if ((metadata.finalizers ?? []).every((finalizer) => known.includes(finalizer))) return [];
  const message = 'Forbidden: no new finalizers can be added if the object is being deleted';
  return [{ field: 'metadata.finalizers', reason: 'FieldValueForbidden', message }];
}

function throwFaults({ group, kind }: Resource, { metadata }: KubeObject, faults: readonly FieldFault[]): void {
  if (faults.length > 0) throw invalid(group, kind, metadata.name, faults);
}
