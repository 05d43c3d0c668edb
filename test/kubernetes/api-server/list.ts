/** LIST: which revision it shows, selectors, and chunks by `limit` and `continue`. */
import type { JsonObject, KubeObject } from './objects.js';
import { isJsonObject } from './objects.js';
import type { ObjectStore } from './object-store.js';
import { listKey } from './object-store.js';
import type { Resource } from './resources.js';
import { apiVersionOf } from './resources.js';
import type { Predicate } from './selectors.js';
import { fieldSelector, labelSelector } from './selectors.js';
import { badRequest, expired, invalid, StatusError, tooLargeResourceVersion } from './status-error.js';

/** Where a chunked list goes on: the token's content, which clients must not look into. */
interface Continuation {
  /** The revision of the first chunk; -1 for the present one, after the history was lost. */
  readonly rv: number;
  readonly start: string;
}

const PRESENT = -1;

export function listObjects(
  store: ObjectStore,
  resource: Resource,
  namespace: string,
  query: URLSearchParams,
): JsonObject {
  checkOptions(query);
  const matches = selection(resource, query);
  const limit = count(query, 'limit');
  const token = query.get('continue') ?? '';
  const continuation = token === '' ? undefined : parseToken(token, query);
  const { revision, objects } = snapshot(store, resource, namespace, query, continuation);
  const start = continuation?.start ?? '';
  const rest = objects.map(resource.show).filter((object) => listKey(object) > start && matches(object));
  const items = limit === 0 ? rest : rest.slice(0, limit);
  const last = items.at(-1);
  const more = last === undefined || items.length === rest.length ? {} : { continue: tokenOf(revision, listKey(last)) };
  // A client that selects is not told how many remain: the server would have to look at them all.
  const remaining = 'continue' in more && !isSelective(query) ? { remainingItemCount: rest.length - items.length } : {};
  return {
    ...{ kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource) },
    metadata: { resourceVersion: String(revision), ...more, ...remaining },
    items: items.map(withoutType),
  };
}

/** Items of a typed list carry neither kind nor apiVersion. */
function withoutType(object: KubeObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => field !== 'apiVersion' && field !== 'kind'));
}

/** Of labels, fields and, in the path of a collection, nothing else. */
export function selection(resource: Resource, query: URLSearchParams): Predicate {
  const fields = ['metadata.name', 'metadata.namespace', ...resource.selectableFields];
  const byLabels = labelSelector(query.get('labelSelector') ?? '');
  const byFields = fieldSelector(query.get('fieldSelector') ?? '', fields);
  return (object) => byLabels(object) && byFields(object);
}

function isSelective(query: URLSearchParams): boolean {
  return (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== '';
}

function snapshot(
  store: ObjectStore,
  { stored }: Resource,
  namespace: string,
  query: URLSearchParams,
  continuation: Continuation | undefined,
): { revision: number; objects: readonly KubeObject[] } {
  const within = namespace === '' ? undefined : namespace;
  const present = { revision: store.revision, objects: store.scan(stored, within) };
  if (continuation !== undefined) {
    if (continuation.rv === PRESENT) return present;
    try {
      return { revision: continuation.rv, objects: store.scanAt(continuation.rv, stored, within) };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. Start a new list, or go on ' +
          'inconsistently with the token in this response.',
        tokenOf(PRESENT, continuation.start),
      );
    }
  }
  const wanted = resourceVersion(query);
  const match = query.get('resourceVersionMatch') ?? '';
  if (wanted !== undefined && wanted > store.revision) throw tooLargeResourceVersion(wanted, store.revision);
  // For the sake of old clients, the first chunk of a list shows the very revision that it names.
  const isExact = match === 'Exact' || (match === '' && count(query, 'limit') > 0 && wanted !== 0);
  if (!isExact || wanted === undefined) return present;
  return { revision: wanted, objects: store.scanAt(wanted, stored, within) };
}

function checkOptions(query: URLSearchParams): void {
  const match = query.get('resourceVersionMatch') ?? '';
  if (query.get('sendInitialEvents') === 'true') {
    throw badOption('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  if (match === '') return;
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw badOption('resourceVersionMatch', `"${match}" is not supported: "Exact", "NotOlderThan"`);
  }
  if ((query.get('continue') ?? '') !== '') {
    throw badOption('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
  }
  const version = query.get('resourceVersion') ?? '';
  if (version === '') {
    throw badOption('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
  }
  if (match === 'Exact' && version === '0') {
    throw badOption('resourceVersionMatch', 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  }
}

/** Undefined where none is given. Throws 400. */
export function resourceVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d+$/.test(text)) throw badRequest(`Invalid value: "${text}": resourceVersion must be an unsigned integer`);
  return Number(text);
}

/** A number of the query, 0 where none is given. Throws 400. */
export function count(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  if (text !== '' && !/^\d+$/.test(text)) throw badRequest(`the query's ${name} "${text}" is no number`);
  return Number(text);
}

export function badOption(field: string, why: string): StatusError {
  return invalid('meta.k8s.io', 'ListOptions', '', [
    { field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` },
  ]);
}

function tokenOf(rv: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv, start })).toString('base64url');
}

function parseToken(token: string, query: URLSearchParams): Continuation {
  if ((query.get('resourceVersion') ?? '') !== '') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (isJsonObject(value) && typeof value['rv'] === 'number' && typeof value['start'] === 'string') {
      return { rv: value['rv'], start: value['start'] };
    }
  } catch {
    // Not one of ours; reported below.
  }
  throw badRequest('continue key is not valid: it was not made by this server');
}
