/** Metadata as the API server reads, checks and completes it. */
import type { KubeInput, KubeObject, ObjectMeta } from './objects.js';
import { isJsonObject } from './objects.js';
import type { Resource } from './resources.js';
import { apiVersionOf } from './resources.js';
import type { FieldFault } from './status-error.js';
import { badRequest } from './status-error.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const QUALIFIED_NAME = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const MAX_ANNOTATION_BYTES = 256 * 1024;

/** The request's body as an object of the resource. Throws 400 where it is of another kind or cannot be decoded. */
export function decode(body: unknown, resource: Resource): KubeInput {
  if (!isJsonObject(body)) throw badRequest('the object provided is unrecognized: it must be a JSON object');
  const { apiVersion, kind } = body;
  const expected = apiVersionOf(resource);
  if (apiVersion !== undefined && apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${JSON.stringify(apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== undefined && kind !== resource.kind) {
    throw badRequest(`${JSON.stringify(kind)} in version "${expected}" cannot be handled as a ${resource.kind}`);
  }
  checkTypes(body['metadata'], resource.kind);
  return body;
}

/** The server's decoder is typed: a number in an annotation is a bad request. */
export function checkTypes(metadata: unknown, kind: string): void {
  if (metadata === undefined) return;
  if (!isJsonObject(metadata)) throw undecodable(kind, 'metadata', 'ObjectMeta');
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field];
    if (map === undefined) continue;
    if (!isJsonObject(map) || Object.values(map).some((value) => typeof value !== 'string')) {
      throw undecodable(kind, `metadata.${field}`, 'map[string]string');
    }
  }
  for (const field of ['name', 'namespace', 'generateName', 'uid', 'resourceVersion']) {
    const value = metadata[field];
    if (value !== undefined && typeof value !== 'string') throw undecodable(kind, `metadata.${field}`, 'string');
  }
  const { finalizers } = metadata;
  if (finalizers === undefined) return;
  if (!Array.isArray(finalizers) || finalizers.some((value) => typeof value !== 'string')) {
    throw undecodable(kind, 'metadata.finalizers', '[]string');
  }
}

function undecodable(kind: string, field: string, type: string): Error {
  return badRequest(`${kind} in version "v1" cannot be handled as a ${kind}: ${field} must be of type ${type}`);
}

export function metadataFaults({ metadata }: KubeObject): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  const add = (field: string, value: unknown, why: string): void => {
    const message = `Invalid value: ${JSON.stringify(value)}: ${why}`;
    faults.push({ field: `metadata.${field}`, reason: 'FieldValueInvalid', message });
  };
  if (!SUBDOMAIN.test(metadata.name) || metadata.name.length > 253) {
    add('name', metadata.name, 'a lowercase RFC 1123 subdomain must consist of lower case letters, digits, "-" or "."');
  }
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    if (!QUALIFIED_NAME.test(key)) add('labels', key, 'is no qualified name');
    if (!LABEL_VALUE.test(value) || value.length > 63) add('labels', value, 'is no valid label value');
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    if (!QUALIFIED_NAME.test(key.toLowerCase())) add('annotations', key, 'is no qualified name');
  }
  const bytes = Object.entries(metadata.annotations ?? {}).reduce(
    (sum, [key, value]) => sum + key.length + value.length,
    0,
  );
  if (bytes > MAX_ANNOTATION_BYTES) {
    faults.push({
      ...{ field: 'metadata.annotations', reason: 'FieldValueInvalid' },
      message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
    });
  }
  return faults;
}

/** The fields of metadata that only the server sets, as they were: what a client sends for them is not looked at. */
export function withServerFields(metadata: Partial<ObjectMeta>, old: ObjectMeta): ObjectMeta {
  const { generation, deletionTimestamp, deletionGracePeriodSeconds, namespace, generateName } = old;
  const client = { ...metadata };
  for (const field of SERVER_FIELDS) Reflect.deleteProperty(client, field);
  return {
    ...client,
    ...{ name: old.name, uid: old.uid, resourceVersion: old.resourceVersion, creationTimestamp: old.creationTimestamp },
    ...(namespace === undefined ? {} : { namespace }),
    ...(generateName === undefined ? {} : { generateName }),
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    ...(deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds }),
  };
}

const SERVER_FIELDS = [
  'generation',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'namespace',
  'generateName',
  'selfLink',
  'managedFields',
];
