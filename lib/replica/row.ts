/**
 * How rows are kept. A row is a frozen plain object: one property per replicated column, in the order
 * of the schema, so that all rows of a table share one hidden class. A set of more than
 * {@link BIG_SET_SIZE} members is kept as a {@link VersionedSet} behind an accessor property of the
 * same name, which makes the array when it is read.
 */
import { printValue, ProtocolError } from '../errors.js';
import { applyDiff, decodeAtoms, decodeColumn } from '../schema/codec.js';
import { isEqualJson, isEqualSetJson } from '../schema/equal-json.js';
import type { ColumnSchema, TableSchema } from '../schema/schema.js';
import type { Atom, ColumnValue } from '../schema/types.js';
import { isCanonicalUuid, type Uuid } from '../schema/uuid.js';
import { VersionedSet, type SetStep } from './versioned-set.js';

/** Sets with more members than this are kept as versions, not as arrays of their own. */
export const BIG_SET_SIZE = 64;

/** A row of any table. */
export type RowData = Readonly<Record<string, ColumnValue>> & { readonly _uuid: Uuid };

const BIG_SETS = Symbol('big sets');
/** The big set of one column; a row rarely has more than one. */
interface BigSet {
  readonly column: string;
  readonly set: VersionedSet;
}
interface Carrier {
  readonly [BIG_SETS]?: readonly BigSet[];
}

/** The versioned set behind a column of a row, where the column's set is big. */
export function bigSet(row: RowData, column: string): VersionedSet | undefined {
  return setOf((row as Carrier)[BIG_SETS], column);
}

function setOf(sets: readonly BigSet[] | undefined, column: string): VersionedSet | undefined {
  if (sets !== undefined) for (const each of sets) if (each.column === column) return each.set;
  return undefined;
}

/** What an update does to one column. */
export type ColumnChange =
  | { readonly column: ColumnSchema; readonly value: ColumnValue }
  | { readonly column: ColumnSchema; readonly step: SetStep; readonly from: VersionedSet };

interface RowConstructor {
  new (): Record<string, unknown>;
  readonly prototype: object;
}
function PlainRow(): void {
  // An instance starts empty; its columns are assigned by the shape.
}
// To everybody a plain object, as `{}` is. V8 gives the objects of one constructor that get the same properties in
// the same order one layout; copies made by spreading it makes and freezes several times slower.
PlainRow.prototype = Object.prototype;
const NewRow = PlainRow as unknown as RowConstructor;

/** The replicated columns of one table, and how its rows are made and changed. */
export class RowShape {
  readonly table: TableSchema;
  /** The replicated columns. */
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  /** The same columns: an array is what loops over all columns of many rows want. */
  readonly #columns: readonly ColumnSchema[];
  readonly #accessors = new Map<string, PropertyDescriptor>();

  constructor(table: TableSchema, columns: Iterable<ColumnSchema>) {
    this.table = table;
    this.#columns = [...columns];
    this.columns = new Map(this.#columns.map((column) => [column.name, column]));
  }

  /**
   * Makes a row from the whole contents of a wire row; columns that those omit have their defaults, columns that
   * this client does not replicate are passed over. Throws `ProtocolError` for a value of the wrong type, and when
   * `uuid` is none.
   */
  create(uuid: string, wire: object): RowData {
    if (!isCanonicalUuid(uuid)) {
      throw new ProtocolError(
        `the server sent a row of table ${this.table.name} whose id ${printValue(uuid)} is no uuid`,
      );
    }
    const row = new NewRow();
    row._uuid = uuid;
    let big: BigSet[] | undefined;
    for (const column of this.#columns) {
      const { name } = column;
      const value = Object.hasOwn(wire, name)
        ? decodeColumn(column, (wire as Record<string, unknown>)[name])
        : column.defaultValue;
      if (isBig(value)) big = this.#putBig(row, name, VersionedSet.of(value), big);
      else row[name] = value;
    }
    return finish(row, big);
  }

  /** Decodes an update2 difference against the row that it changes; columns that stay equal are left out. */
  decodeDiff(row: RowData, wire: object): ColumnChange[] {
    const changes: ColumnChange[] = [];
    for (const name in wire) {
      const column = this.columns.get(name);
      if (column === undefined) continue;
      const diff = (wire as Record<string, unknown>)[name];
      const from = bigSet(row, name);
      if (from === undefined) {
        changes.push({ column, value: applyDiff(column, row[name], diff) });
      } else {
        const step = from.stepFor(decodeAtoms(column, diff));
        if (step.added.length + step.removed.length > 0) changes.push({ column, step, from });
      }
    }
    return changes;
  }

  /** What must change for `row` to hold the contents of a whole wire row; columns it omits have their defaults. */
  difference(row: RowData, wire: object): ColumnChange[] {
    const changes: ColumnChange[] = [];
    for (const column of this.#columns) {
      const { name } = column;
      const json = Object.hasOwn(wire, name) ? (wire as Record<string, unknown>)[name] : undefined;
      const from = bigSet(row, name);
      if (from === undefined ? isEqualJson(column, row[name], json) : isEqualSetJson(column, from, from.size, json)) {
        continue;
      }
      const value = json === undefined ? column.defaultValue : decodeColumn(column, json);
      if (from !== undefined && Array.isArray(value)) {
        const step = from.stepTo(value as readonly Atom[]);
        if (step.added.length + step.removed.length > 0) changes.push({ column, step, from });
      } else if (!equalValues(column, row[name], value)) {
        changes.push({ column, value });
      }
    }
    return changes;
  }

  /** Makes the row that `changes` make of `old`. */
  build(old: RowData, changes: readonly ColumnChange[]): RowData {
    const row = new NewRow();
    row._uuid = old._uuid;
    const oldBig = (old as Carrier)[BIG_SETS];
    let big: BigSet[] | undefined;
    for (const { name } of this.#columns) {
      const change = changeOf(changes, name);
      let set: VersionedSet | undefined;
      let value: ColumnValue;
      if (change === undefined) {
        set = setOf(oldBig, name);
        // Reading a big set would make its array.
        if (set === undefined) value = old[name];
      } else if ('step' in change) {
        set = change.from.after(change.step);
      } else {
        ({ value } = change);
        if (isBig(value)) set = VersionedSet.of(value);
      }
      if (set === undefined) row[name] = value;
      else big = this.#putBig(row, name, set, big);
    }
    return finish(row, big);
  }

  /**
   * Gives a row that has the columns before it a big set; returns what `big` becomes by it. In its turn: V8 makes a slow
   * dictionary of an object in which an accessor takes the place of a value.
   */
  #putBig(row: object, column: string, set: VersionedSet, big: BigSet[] | undefined): BigSet[] {
    Object.defineProperty(row, column, this.#accessor(column));
    if (big === undefined) return [{ column, set }];
    big.push({ column, set });
    return big;
  }

  #accessor(name: string): PropertyDescriptor {
    let accessor = this.#accessors.get(name);
    if (accessor === undefined) {
      accessor = {
        enumerable: true,
        configurable: true,
        get(this: Carrier) {
          return setOf(this[BIG_SETS], name)?.toArray();
        },
      };
      this.#accessors.set(name, accessor);
    }
    return accessor;
  }
}

function finish(row: Record<string, unknown>, big: readonly BigSet[] | undefined): RowData {
  if (big !== undefined) Object.defineProperty(row, BIG_SETS, { value: big });
  return Object.freeze(row) as RowData;
}

/** What `changes` do to a column; they are few. */
function changeOf(changes: readonly ColumnChange[], column: string): ColumnChange | undefined {
  for (const change of changes) if (change.column.name === column) return change;
  return undefined;
}

function isBig(value: ColumnValue): value is readonly Atom[] {
  return Array.isArray(value) && value.length > BIG_SET_SIZE;
}

/** Do two values of a column mean the same? The order of a set's members has no meaning. */
function equalValues(column: ColumnSchema, a: ColumnValue, b: ColumnValue): boolean {
  if (a === b) return true;
  if (column.kind === 'set') {
    const left = a as readonly Atom[];
    const right = b as readonly Atom[];
    if (left.length !== right.length) return false;
    if (left.every((member, i) => member === right[i])) return true;
    const members = new Set(left);
    return right.every((member) => members.has(member));
  }
  if (column.kind === 'map') {
    const left = a as Readonly<Record<string, Atom>>;
    const right = b as Readonly<Record<string, Atom>>;
    const keys = Object.keys(left);
    return (
      keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && left[key] === right[key])
    );
  }
  return false;
}

/** The members of a set column that came and went between two versions of one row; cheap for big sets. */
export function setDifference(old: RowData, row: RowData, column: string): SetStep {
  const before = bigSet(old, column);
  const after = bigSet(row, column);
  return before !== undefined && after !== undefined
    ? after.differenceFrom(before)
    : memberChanges(column, old, row, undefined);
}

const NO_STEP: SetStep = { added: [], removed: [] };

/**
 * What one change did to a set column: the members that came and went. `changes` names the columns that
 * differ; undefined when any may.
 */
export function memberChanges(
  column: string,
  old: RowData | undefined,
  row: RowData | undefined,
  changes: readonly ColumnChange[] | undefined,
): SetStep {
  if (changes !== undefined && old !== undefined && row !== undefined) {
    const change = changeOf(changes, column);
    // A big set that did not change must not be looked at: a row's other columns change often.
    if (change === undefined) return NO_STEP;
    if ('step' in change) return change.step;
  }
  const before = membersIn(old, column);
  const after = membersIn(row, column);
  if (before.length === 0) return { added: after, removed: [] };
  if (after.length === 0) return { added: [], removed: before };
  const left = new Set(before);
  const right = new Set(after);
  return { added: after.filter((member) => !left.has(member)), removed: before.filter((member) => !right.has(member)) };
}

/** None in a row from the time when the column was not a set. */
function membersIn(row: RowData | undefined, column: string): readonly Atom[] {
  const value = row?.[column];
  return Array.isArray(value) ? (value as readonly Atom[]) : [];
}
