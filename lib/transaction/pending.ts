/** Values that a transaction's callback holds before they exist, and how they become real on return. */
import { InvalidArgumentError } from '../errors.js';
import { NamedUuid, type Uuid } from '../schema/uuid.js';
import type { OperationResult } from './operations.js';

/** Stands for what an operation will have returned; replaced by the value when the transaction is done. */
export class Pending<V> {
  /** Position among the operations of the transaction. */
  readonly operationIndex: number;
  readonly #read: (result: OperationResult) => V;

  constructor(operationIndex: number, read: (result: OperationResult) => V) {
    this.operationIndex = operationIndex;
    this.#read = read;
  }

  /** Made by the builder, called by the commit. */
  resolve(result: OperationResult): V {
    return this.#read(result);
  }
}

/**
 * What `transact` resolves with: the callback's return value in which every {@link NamedUuid} is the uuid
 * of the inserted row and every {@link Pending} its value. Looked for in plain objects and arrays.
 */
export type Resolved<R> =
  R extends NamedUuid<infer T>
    ? Uuid<T>
    : R extends Pending<infer V>
      ? V
      : R extends string | number | bigint | boolean | symbol | null | undefined | ((...args: never[]) => unknown)
        ? R
        : R extends { readonly _uuid: unknown }
          ? R
          : R extends readonly unknown[]
            ? { [I in keyof R]: Resolved<R[I]> }
            : R extends Map<unknown, unknown> | Set<unknown> | Date
              ? R
              : { [K in keyof R]: Resolved<R[K]> };

/**
 * Replaces what is pending in `value`. Rows, and objects that are not plain, are left as they are.
 * Throws `InvalidArgumentError` when the value contains itself.
 */
export function resolvePending(value: unknown, replace: (pending: NamedUuid | Pending<unknown>) => unknown): unknown {
  return replaceIn(value, replace, []);
}

function replaceIn(
  value: unknown,
  replace: (pending: NamedUuid | Pending<unknown>) => unknown,
  within: unknown[],
): unknown {
  // Most of what there is are texts and numbers.
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof NamedUuid || value instanceof Pending) return replace(value);
  const isArray = Array.isArray(value);
  if (!isArray && (!isPlainObject(value) || Object.hasOwn(value, '_uuid'))) return value;
  if (within.includes(value)) {
    throw new InvalidArgumentError('the callback of transact() returned a value that contains itself');
  }
  within.push(value);
  if (isArray) {
    const replaced = replaceInArray(value, replace, within);
    within.pop();
    return replaced;
  }
  // Of thousands of objects few hold something pending, and only those are copied.
  const changed: [key: string, replaced: unknown][] = [];
  for (const key of Object.keys(value)) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    const replaced = replaceIn(item, replace, within);
    if (!Object.is(replaced, item)) changed.push([key, replaced]);
  }
  within.pop();
  return changed.length === 0 ? value : Object.fromEntries([...Object.entries(value), ...changed]);
}

function replaceInArray(
  value: readonly unknown[],
  replace: (pending: NamedUuid | Pending<unknown>) => unknown,
  within: unknown[],
): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < value.length; i++) {
    const replaced = replaceIn(value[i], replace, within);
    if (Object.is(replaced, value[i])) continue;
    copy ??= [...value];
    copy[i] = replaced;
  }
  return copy ?? value;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
