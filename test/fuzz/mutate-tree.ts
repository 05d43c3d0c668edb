/** Structural mutations: what is left is JSON, but no longer what a server would say. */
import { copyTree, Literal, Members, putAt, slotsOf, valueAt, type JsonTree, type Slot } from './json-tree.js';
import type { Random } from '../random.js';

/** Names that every object of JavaScript knows. */
export const DANGEROUS_NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'toJSON',
  'then',
  '__defineGetter__',
  'length',
];

const TAGS = ['set', 'map', 'uuid', 'named-uuid'];
const ROW_MEMBERS = [
  'initial',
  'insert',
  'modify',
  'delete',
  'new',
  'old',
  'result',
  'error',
  'id',
  'method',
  'params',
];
const METHODS = [
  'update',
  'update2',
  'update3',
  'echo',
  'locked',
  'stolen',
  'monitor_canceled',
  'toString',
  '__proto__',
];
const NUMBERS = [
  '0', '-0', '1', '-1', '0.1', '1e400', '-1e400', '5e-324', '9007199254740991', '9007199254740992', '9223372036854775807',
  '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '12345678901234567890123456789', '1.5e3', '3.0',
]; // prettier-ignore
const TEXTS = ['', 'echo', '\0', '\u0000123', '\ud83e\udd86', 'é', '\ufffe', '"', '\\', ...DANGEROUS_NAMES];
const ODD = ['"\\ud800"', '"\\u0000"', '"\\udfff\\ud800"', '[[[[[[[[]]]]]]]]', '{"__proto__":{"polluted":true}}'];

/** What mutations draw on besides chance. */
export interface Material {
  /** Trees of genuine messages, to take parts from. */
  readonly trees: readonly JsonTree[];
  /** Uuids of the rows that the replica holds at the moment, by table. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
}

type Mutation = (random: Random, slot: Slot, material: Material) => void;

const MUTATIONS: readonly Mutation[] = [
  dropIt,
  repeatIt,
  swapIt,
  retype,
  splice,
  changeUuid,
  rename,
  addMember,
  tweak,
  tweak,
];

/** Changes one value to another of the same type: such messages are often accepted. */
export function tweakTree(random: Random, tree: JsonTree): void {
  const slots = slotsOf(tree).slice(2);
  if (slots.length > 0) tweak(random, random.pick(slots));
}

/** Changes the tree in place, in one to four places. */
export function mutateTree(random: Random, tree: JsonTree, material: Material): void {
  const times = 1 + (random.chance(0.3) ? random.below(4) : 0);
  for (let i = 0; i < times; i++) {
    const slots = slotsOf(tree);
    if (slots.length === 0) return;
    random.pick(MUTATIONS)(random, random.pick(slots), material);
  }
}

/**
 * Lets an update be about other rows: those that it inserts are new, those that it changes or deletes are among the
 * rows that the replica holds. Such messages are often accepted.
 */
export function aimAtRows(random: Random, tree: JsonTree, { rows }: Material): void {
  for (const slot of slotsOf(tree)) {
    const updates = valueAt(slot);
    if (Array.isArray(slot.parent) || !(updates instanceof Members)) continue;
    const present = rows.get((slot.parent.entries[slot.index] as [string, JsonTree])[0]);
    if (present === undefined) continue;
    for (const entry of updates.entries) {
      const update = entry[1];
      const inserts = update instanceof Members && INSERTING.has(update.entries.map(([key]) => key).join());
      if (inserts || present.length === 0) entry[0] = random.uuid();
      else entry[0] = random.pick(present);
    }
  }
}

/** Members of a row's update that mean that the row is new. */
const INSERTING: ReadonlySet<string> = new Set(['insert', 'initial', 'new']);

function dropIt(_random: Random, { parent, index }: Slot): void {
  (Array.isArray(parent) ? parent : parent.entries).splice(index, 1);
}

function repeatIt(random: Random, slot: Slot): void {
  const { parent, index } = slot;
  const copy = copyTree(valueAt(slot));
  if (Array.isArray(parent)) parent.splice(random.below(parent.length + 1), 0, copy);
  else {
    const key = random.chance(0.5) ? (parent.entries[index] as [string, JsonTree])[0] : anyName(random);
    parent.entries.splice(random.below(parent.entries.length + 1), 0, [key, copy]);
  }
}

function swapIt(random: Random, slot: Slot): void {
  const { parent } = slot;
  const other = { parent, index: random.below(Array.isArray(parent) ? parent.length : parent.entries.length) };
  const value = valueAt(slot);
  putAt(slot, valueAt(other));
  putAt(other, value);
}

function retype(random: Random, slot: Slot, material: Material): void {
  const value = valueAt(slot);
  const choices: (() => JsonTree)[] = [
    () => null,
    () => random.chance(0.5),
    () => new Literal(random.pick(NUMBERS)),
    () => random.pick(TEXTS),
    () => new Literal(random.pick(ODD)),
    () => [],
    () => new Members([]),
    () => [random.pick(TAGS), []],
    () => [random.pick(TAGS), [value, copyTree(value)]],
    () => [random.pick(TAGS), [[value, copyTree(value)]]],
    () => [random.pick(TAGS), value],
    () => ['uuid', anyUuid(random, material)],
    () => [value],
    () => new Members([[anyName(random), value]]),
  ];
  putAt(slot, random.pick(choices)());
}

function splice(random: Random, slot: Slot, { trees }: Material): void {
  const [from] = [random.pick(trees)];
  const slots = slotsOf(from);
  if (slots.length > 0) putAt(slot, copyTree(valueAt(random.pick(slots))));
}

function changeUuid(random: Random, slot: Slot, material: Material): void {
  const { parent } = slot;
  const uuid = anyUuid(random, material);
  const form = random.below(8);
  const text =
    form === 0 ? uuid.toUpperCase() : form === 1 ? uuid.slice(1) : form === 2 ? uuid.replace('-', 'x') : uuid;
  if (!Array.isArray(parent)) (parent.entries[slot.index] as [string, JsonTree])[0] = text;
  else putAt(slot, text);
}

function rename(random: Random, { parent, index }: Slot): void {
  if (Array.isArray(parent)) parent[index] = random.pick(TAGS);
  else (parent.entries[index] as [string, JsonTree])[0] = anyName(random);
}

function addMember(random: Random, { parent }: Slot, material: Material): void {
  const value: JsonTree = random.chance(0.5) ? new Members([['polluted', true]]) : ['uuid', anyUuid(random, material)];
  if (Array.isArray(parent)) parent.splice(random.below(parent.length + 1), 0, value);
  else parent.entries.push([anyName(random), value]);
}

/** A change that keeps the type, so that it may well be accepted. */
function tweak(random: Random, slot: Slot): void {
  const value = valueAt(slot);
  if (typeof value === 'boolean') putAt(slot, !value);
  else if (value instanceof Literal) putAt(slot, new Literal(String(random.below(100) - 50)));
  else if (typeof value === 'string' && TAGS.includes(value)) putAt(slot, random.pick(TAGS));
  else if (typeof value === 'string' && METHODS.includes(value)) putAt(slot, random.pick(METHODS));
  else if (typeof value === 'string') putAt(slot, random.chance(0.5) ? value + random.pick(TEXTS) : random.pick(TEXTS));
  else if (Array.isArray(value)) value.reverse();
  else if (value instanceof Members) value.entries.reverse();
}

function anyName(random: Random): string {
  return random.pick(random.pick([DANGEROUS_NAMES, ROW_MEMBERS, TEXTS]));
}

function anyUuid(random: Random, { rows }: Material): string {
  const present = rows.size > 0 ? random.pick([...rows.values()]) : [];
  return present.length > 0 && random.chance(0.7) ? random.pick(present) : random.uuid();
}
