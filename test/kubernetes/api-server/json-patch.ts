/** JSON patch, RFC 6902. */
import type { JsonObject } from './objects.js';
import { isJsonObject, sameJson } from './objects.js';
import { badRequest, StatusError } from './status-error.js';

/** Applies all operations, or throws: 400 for a body that is no JSON patch, 422 where an operation fails. */
export function applyJsonPatch(target: JsonObject, patch: unknown): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('error decoding patch: a JSON patch must be an array of operations');
  let result: unknown = structuredClone(target);
  for (const operation of patch as unknown[]) {
    if (!isJsonObject(operation)) throw badRequest('error decoding patch: every operation must be an object');
    result = applyOperation(result, operation);
  }
  if (!isJsonObject(result)) throw failed();
  return result;
}

function applyOperation(document: unknown, { op, path, from, value }: JsonObject): unknown {
  const target = pointer(path);
  switch (op) {
    case 'add':
      return add(document, target, value);
    case 'remove':
      return remove(document, target);
    case 'replace':
      return add(remove(document, target), target, value);
    case 'move': {
      const moved = read(document, pointer(from));
      return add(remove(document, pointer(from)), target, moved);
    }
    case 'copy':
      return add(document, target, structuredClone(read(document, pointer(from))));
    case 'test':
      if (!sameJson(read(document, target), value)) throw failed();
      return document;
    default:
      throw failed();
  }
}

/** The answer to every operation that cannot be done; the server does not say which. */
function failed(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {});
}

function pointer(path: unknown): readonly string[] {
  if (path === '') return [];
  if (typeof path !== 'string' || !path.startsWith('/')) throw failed();
  return path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const token of path) {
    if (Array.isArray(value)) value = value[indexIn(value, token, value.length - 1)] as unknown;
    else if (isJsonObject(value) && Object.hasOwn(value, token)) value = value[token];
    else throw failed();
  }
  return value;
}

function add(document: unknown, path: readonly string[], value: unknown): unknown {
  const last = path.at(-1);
  if (last === undefined) return value;
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) {
    parent.splice(last === '-' ? parent.length : indexIn(parent, last, parent.length), 0, value);
  } else if (isJsonObject(parent)) {
    parent[last] = value;
  } else {
    throw failed();
  }
  return document;
}

function remove(document: unknown, path: readonly string[]): unknown {
  const last = path.at(-1);
  if (last === undefined) return undefined;
  read(document, path);
  const parent = read(document, path.slice(0, -1));
  if (Array.isArray(parent)) parent.splice(indexIn(parent, last, parent.length - 1), 1);
  else if (isJsonObject(parent)) Reflect.deleteProperty(parent, last);
  return document;
}

function indexIn(list: readonly unknown[], token: string, highest: number): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN;
  if (Number.isNaN(index) || index > highest || list.length < index) throw failed();
  return index;
}
