/**
 * JSON as a tree that can hold what values of JavaScript cannot: the same key twice, numbers and strings that are
 * written in an odd way, and `__proto__` without a thought.
 */
import { parseJson } from '../../lib/wire/json.js';

/** A JSON text that is printed as it is: a number, or anything at all. */
export class Literal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An object: its members in order, keys possibly more than once. */
export class Members {
  readonly entries: [key: string, value: JsonTree][];

  constructor(entries: [key: string, value: JsonTree][]) {
    this.entries = entries;
  }

  get(key: string): JsonTree | undefined {
    return this.entries.find(([name]) => name === key)?.[1];
  }

  set(key: string, value: JsonTree): void {
    const entry = this.entries.find(([name]) => name === key);
    if (entry === undefined) this.entries.push([key, value]);
    else entry[1] = value;
  }
}

export type JsonTree = null | boolean | string | Literal | JsonTree[] | Members;

/** Reads a valid JSON text. */
export function readTree(text: string): JsonTree {
  return treeOf(parseJson(text, true));
}

/** The tree of what `parseJson` gave. */
export function treeOf(value: unknown): JsonTree {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint')
    return new Literal(Object.is(value, -0) ? '-0' : String(value));
  if (Array.isArray(value)) return value.map(treeOf);
  return new Members(Object.entries(value as object).map(([key, member]) => [key, treeOf(member)]));
}

export function copyTree(tree: JsonTree): JsonTree {
  if (Array.isArray(tree)) return tree.map(copyTree);
  if (tree instanceof Members) return new Members(tree.entries.map(([key, value]) => [key, copyTree(value)]));
  return tree;
}

export function printTree(tree: JsonTree): string {
  if (Array.isArray(tree)) return `[${tree.map(printTree).join(',')}]`;
  if (tree instanceof Members) {
    return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${printTree(value)}`).join(',')}}`;
  }
  return tree instanceof Literal ? tree.text : JSON.stringify(tree);
}

/** A place in a tree that holds a value. */
export interface Slot {
  readonly parent: JsonTree[] | Members;
  readonly index: number;
}

export function valueAt({ parent, index }: Slot): JsonTree {
  const value = Array.isArray(parent) ? parent[index] : parent.entries[index]?.[1];
  if (value === undefined) throw new RangeError('the tree has no such place');
  return value;
}

export function putAt({ parent, index }: Slot, value: JsonTree): void {
  if (Array.isArray(parent)) parent[index] = value;
  else (parent.entries[index] as [string, JsonTree])[1] = value;
}

/** All places of a tree, from the outside in. */
export function slotsOf(tree: JsonTree, into: Slot[] = []): Slot[] {
  if (Array.isArray(tree)) {
    for (let index = 0; index < tree.length; index++) {
      into.push({ parent: tree, index });
      slotsOf(tree[index] as JsonTree, into);
    }
  } else if (tree instanceof Members) {
    for (let index = 0; index < tree.entries.length; index++) {
      into.push({ parent: tree, index });
      slotsOf((tree.entries[index] as [string, JsonTree])[1], into);
    }
  }
  return into;
}
