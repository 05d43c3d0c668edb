/** The patch formats of the API: JSON merge patch (RFC 7396), strategic merge patch and JSON patch (RFC 6902). */
import { isJsonObject, sameJson } from './objects.js';
import type { JsonObject } from './objects.js';
import { applyJsonPatch } from './json-patch.js';
import { badRequest, StatusError } from './status-error.js';

const FORMATS = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
] as const;

/** Lists that a strategic merge patch merges by a key of their items; all other lists of objects are replaced. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  conditions: 'type',
};
/** Lists of plain values to which a strategic merge patch adds. */
const MERGED_VALUES: readonly string[] = ['finalizers'];

/** Applies a patch to a private copy. Throws 415 for an unknown format, 400 for a body of the wrong shape, 422. */
export function applyPatch(target: JsonObject, contentType: string, patch: unknown): JsonObject {
  switch (contentType) {
    case 'application/merge-patch+json':
      return mergePatch(target, asObject(patch));
    case 'application/strategic-merge-patch+json':
      return strategicMerge(target, asObject(patch));
    case 'application/json-patch+json':
      return applyJsonPatch(target, patch);
    default:
      throw new StatusError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: ${FORMATS.join(', ')}`,
      );
  }
}

function asObject(patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('error decoding patch: a merge patch must be a JSON object');
  return patch;
}

/** RFC 7396: null removes, objects merge, everything else replaces. */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else if (isJsonObject(value)) result[name] = mergePatch(isJsonObject(result[name]) ? result[name] : {}, value);
    else result[name] = value;
  }
  return result;
}

function strategicMerge(target: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch['$patch'];
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'replace' && directive !== 'merge') {
    throw badRequest(`unknown patch directive ${JSON.stringify(directive)}`);
  }
  const result = directive === 'replace' ? {} : { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (name === '$patch' || name === '$retainKeys' || name.startsWith('$setElementOrder/')) continue;
    const removals = /^\$deleteFromPrimitiveList\/(.*)$/.exec(name)?.[1];
    if (removals !== undefined) {
      result[removals] = listOf(result[removals]).filter((item) => !listOf(value).includes(item));
    } else if (value === null) {
      Reflect.deleteProperty(result, name);
    } else if (isJsonObject(value)) {
      result[name] = strategicMerge(isJsonObject(result[name]) ? result[name] : {}, value);
    } else {
      result[name] = Array.isArray(value) ? mergeList(name, listOf(result[name]), listOf(value)) : value;
    }
  }
  return result;
}

function mergeList(field: string, present: readonly unknown[], patch: readonly unknown[]): readonly unknown[] {
  if (MERGED_VALUES.includes(field)) return [...present, ...patch.filter((value) => !present.includes(value))];
  const key = MERGE_KEYS[field];
  if (key === undefined) return patch;
  const items = patch.filter((item) => isJsonObject(item));
  const replaces = items.some((item) => item['$patch'] === 'replace' && item[key] === undefined);
  let result: readonly unknown[] = replaces ? [] : present;
  for (const item of items.filter((candidate) => candidate[key] !== undefined)) {
    const isSame = (other: unknown): boolean => isJsonObject(other) && sameJson(other[key], item[key]);
    if (item['$patch'] === 'delete') result = result.filter((other) => !isSame(other));
    else if (!result.some(isSame)) result = [...result, strategicMerge({}, item)];
    else result = result.map((other) => (isSame(other) && isJsonObject(other) ? strategicMerge(other, item) : other));
  }
  return result;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
