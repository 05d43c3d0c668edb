/** Carries out requests that are neither refused nor lost: discovery and the verbs on objects. */
import { isDeepStrictEqual } from 'node:util';

import type { DeleteOptions } from './deletion.js';
import { listObjects, selection } from './list.js';
import { checkTypes, decode } from './metadata.js';
import type { JsonObject, KubeInput, KubeObject } from './objects.js';
import { isJsonObject, jsonObject } from './objects.js';
import { applyPatch } from './patch.js';
import type { RecordedRequest } from './recorded-request.js';
import { mediaType } from './recorded-request.js';
import type { ObjectRegistry } from './registry.js';
import type { Resource } from './resources.js';
import { apiVersionOf, discovery, findResource, groupResource } from './resources.js';
import { badRequest, failureOf, StatusError } from './status-error.js';
import { scaleOf, withScale } from './scale.js';

export interface Answer {
  readonly code: number;
  readonly body: object | string;
}

const VERSION = { major: '1', minor: '33', gitVersion: 'v1.33.0', platform: 'linux/amd64' };

/** The resource that a request is about. Throws 404 for one that is not served. */
export function resourceOf({ attributes }: RecordedRequest): Resource {
  const { group, version, resource: plural, subresource } = attributes;
  const resource = findResource(group, version, plural);
  const isServed = subresource === '' || resource?.subresources.includes(subresource) === true;
  if (resource === undefined || !isServed) throw unknownPath();
  if (!resource.namespaced && attributes.namespace !== '') throw unknownPath();
  return resource;
}

function unknownPath(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** The answer to anything but a WATCH. Throws a StatusError. */
export function handle(registry: ObjectRegistry, request: RecordedRequest): Answer {
  const { attributes, path } = request;
  if (!attributes.isResourceRequest) return handlePath(path);
  const resource = resourceOf(request);
  const { namespace, name } = attributes;
  switch (attributes.verb) {
    case 'get':
      return ok(shown(registry.get(resource.stored, namespace, name), resource, attributes.subresource));
    case 'list':
      return ok(listObjects(registry.store, resource, namespace, request.query));
    case 'create':
      return create(registry, resource, request);
    case 'update':
    case 'patch':
      return update(registry, resource, request);
    case 'delete':
      return remove(registry, resource, request);
    case 'deletecollection':
      return removeAll(registry, resource, request);
    default:
      throw notAllowed(resource, attributes.verb);
  }
}

function handlePath(path: string): Answer {
  if (['/healthz', '/livez', '/readyz'].includes(path)) return ok('ok');
  if (path === '/version') return ok(VERSION);
  const document = discovery(path.replace(/\/$/, ''));
  if (document === undefined) throw unknownPath();
  return ok(document);
}

function ok(body: object | string): Answer {
  return { code: 200, body };
}

function notAllowed(resource: Resource, verb: string): StatusError {
  const { group, resource: plural } = groupResource(resource);
  return new StatusError(405, 'MethodNotAllowed', `${verb} is not supported on resources of kind "${plural}"`, {
    ...(group === '' ? {} : { group }),
    kind: plural,
  });
}

function shown(object: KubeObject, resource: Resource, subresource: string): object {
  return subresource === 'scale' ? scaleOf(object) : resource.show(object);
}

function create(registry: ObjectRegistry, resource: Resource, request: RecordedRequest): Answer {
  const { namespace, name, subresource } = request.attributes;
  if (name !== '' || subresource !== '') throw notAllowed(resource, 'create');
  if (resource.namespaced && namespace === '') throw notAllowed(resource, 'create');
  requireJson(request);
  const input = toStored(decode(request.body, resource), resource);
  const object = registry.create(resource.stored, namespace, input, {
    ...{ dryRun: isDryRun(request), group: resource.group },
  });
  return { code: 201, body: resource.show(object) };
}

function toStored(input: KubeInput, resource: Resource): KubeInput {
  return resource.store({
    ...input,
    apiVersion: '',
    kind: resource.kind,
    metadata: input.metadata ?? {},
  } as KubeObject);
}

function requireJson({ contentType }: RecordedRequest): void {
  const type = mediaType(contentType);
  if (type === '' || type === 'application/json') return;
  throw failureOf(415, {
    message: 'the body of the request was in an unknown format - accepted media types include: application/json',
  });
}

function update(registry: ObjectRegistry, resource: Resource, request: RecordedRequest): Answer {
  const { namespace, name, subresource, verb } = request.attributes;
  if (name === '') throw notAllowed(resource, verb);
  const isPatch = verb === 'patch';
  if (!isPatch) requireJson(request);
  if (!isPatch && resource.strategy.createsOnUpdate && !isThere(registry, resource, namespace, name)) {
    const input = toStored(decode(request.body, resource), resource);
    return {
      code: 201,
      body: resource.show(registry.create(resource.stored, namespace, input, { group: resource.group })),
    };
  }
  const change = (copy: KubeObject): KubeInput => {
    const present = shown(copy, resource, subresource) as JsonObject;
    const wanted = isPatch ? applyPatch(present, mediaType(request.contentType), request.body) : request.body;
    if (subresource === 'scale') return withScale(copy, wanted);
    if (!isPatch) return toStored(decode(wanted, resource), resource);
    checkTypes(jsonObject(wanted)['metadata'], resource.kind);
    return resource.store(decode(wanted, resource) as KubeObject);
  };
  const options = { subresource, isPatch, dryRun: isDryRun(request), group: resource.group };
  return ok(shown(registry.update(resource.stored, namespace, name, change, options), resource, subresource));
}

function isThere(registry: ObjectRegistry, { stored }: Resource, namespace: string, name: string): boolean {
  return registry.store.read({ resource: stored, namespace, name }) !== undefined;
}

function remove(registry: ObjectRegistry, resource: Resource, request: RecordedRequest): Answer {
  const { namespace, name, subresource } = request.attributes;
  if (subresource !== '') throw notAllowed(resource, 'delete');
  const { object, gone } = registry.delete(resource.stored, namespace, name, deleteOptions(request));
  if (!gone || resource.strategy.returnsDeleted) return ok(resource.show(object));
  const details = { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
  return ok({
    ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' },
    details: { ...details, uid: object.metadata.uid },
  });
}

function removeAll(registry: ObjectRegistry, resource: Resource, request: RecordedRequest): Answer {
  const { namespace } = request.attributes;
  if (resource.namespaced && namespace === '') throw notAllowed(resource, 'deletecollection');
  const matches = selection(resource, request.query);
  const options = deleteOptions(request);
  const items = registry.store
    .scan(resource.stored, resource.namespaced ? namespace : undefined)
    .filter((object) => matches(resource.show(object)))
    .map(({ metadata }) => registry.delete(resource.stored, namespace, metadata.name, options).object);
  const metadata = { resourceVersion: String(registry.store.revision) };
  return ok({
    ...{ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource) },
    ...{ metadata, items: items.map(resource.show) },
  });
}

/** From the body, or from the query where there is no body. */
function deleteOptions(request: RecordedRequest): DeleteOptions {
  const { query, body } = request;
  if (body !== undefined && !isJsonObject(body)) throw badRequest('error decoding DeleteOptions: it is no JSON object');
  const given = jsonObject(body);
  const isEmpty = isDeepStrictEqual(Object.keys(given), []);
  const grace = isEmpty ? query.get('gracePeriodSeconds') : given['gracePeriodSeconds'];
  const policy = isEmpty ? query.get('propagationPolicy') : given['propagationPolicy'];
  const isOrphaning = (isEmpty ? query.get('orphanDependents') : given['orphanDependents']) ?? undefined;
  const preconditions = jsonObject(given['preconditions']);
  return {
    ...(grace === null || grace === undefined ? {} : { gracePeriodSeconds: graceSeconds(grace) }),
    ...(policy === null || policy === undefined ? {} : { propagationPolicy: propagation(policy) }),
    ...(isOrphaning === true || isOrphaning === 'true' ? { propagationPolicy: 'Orphan' as const } : {}),
    ...{ preconditions, dryRun: isDryRun(request) },
  };
}

function graceSeconds(value: unknown): number {
  const seconds = Number(value);
  if (!Number.isInteger(seconds) || seconds < 0) throw badRequest(`gracePeriodSeconds ${String(value)} is not a count`);
  return seconds;
}

function propagation(value: unknown): 'Background' | 'Foreground' | 'Orphan' {
  if (value === 'Background' || value === 'Foreground' || value === 'Orphan') return value;
  throw badRequest(`propagationPolicy ${String(value)} is not one of Orphan, Background, Foreground`);
}

function isDryRun({ query, body }: RecordedRequest): boolean {
  const inBody = jsonObject(body)['dryRun'];
  return query.get('dryRun') === 'All' || (Array.isArray(inBody) && inBody.includes('All'));
}
