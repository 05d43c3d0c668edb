/**
 * The types of tables and rows. A database is described by one interface per table, whose members are
 * column descriptions ({@link ScalarColumn}, {@link OptionalColumn}, {@link SetColumn}, {@link MapColumn});
 * the shapes that callers meet (rows, inserts, updates, conditions, mutations) derive from them.
 * The descriptions exist at compile time only: `lib/nb/tables.ts` is the generated example.
 */
import type { NamedUuid, Uuid } from './uuid.js';

export type { DatabaseSchemaJson } from './schema-json.js';

/** A 64-bit integer: a `number` while that is exact (±2^53−1), else a `bigint`. */
export type Integer = number | bigint;

/**
 * - `required`: the column's default breaks its own rule, so an insert must give it;
 * - `immutable`: may be set by an insert only;
 * - `newer`: some supported server schemas lack the column; it is absent in rows read from them.
 */
export type ColumnFlag = 'required' | 'immutable' | 'newer';

/** Atom type of a reference to a row of table `T`. */
export interface Reference<T extends string> {
  readonly references: T;
}
/** Exactly one value. */
export interface ScalarColumn<A, F extends ColumnFlag = never> {
  readonly kind: 'scalar';
  readonly atom: A;
  readonly flags: F;
}
/** No value or one. */
export interface OptionalColumn<A, F extends ColumnFlag = never> {
  readonly kind: 'optional';
  readonly atom: A;
  readonly flags: F;
}
/** A set of values. */
export interface SetColumn<A, F extends ColumnFlag = never> {
  readonly kind: 'set';
  readonly atom: A;
  readonly flags: F;
}
/** A map. */
export interface MapColumn<K, V, F extends ColumnFlag = never> {
  readonly kind: 'map';
  readonly key: K;
  readonly atom: V;
  readonly flags: F;
}
/** A column whose type is known at run time only. */
export interface AnyColumn {
  readonly kind: 'any';
  readonly flags: never;
}

type AnyColumnShape =
  | ScalarColumn<unknown, ColumnFlag>
  | OptionalColumn<unknown, ColumnFlag>
  | SetColumn<unknown, ColumnFlag>
  | MapColumn<unknown, unknown, ColumnFlag>
  | AnyColumn;

/** A database whose schema is known at run time only: any table, any column. */
export type UntypedTables = Record<string, Record<string, AnyColumn>>;

/** Names of the tables of a database description. */
export type TableName<DB> = Extract<keyof DB, string>;
/** Names of the columns of a table description. */
export type ColumnName<DB, T extends TableName<DB>> = Extract<keyof DB[T], string>;

/** One value of a column as the library hands it out. Uuids are strings. */
export type Atom = string | number | bigint | boolean;
/** What a column of a run-time schema reads as: atom, `undefined` for an empty optional, set or map. */
export type ColumnValue = Atom | undefined | readonly Atom[] | Readonly<Record<string, Atom>>;

type ReadAtom<A> = A extends Reference<infer T> ? Uuid<T> : A;
type WriteAtom<A> = A extends Reference<infer T> ? Uuid<T> | NamedUuid<T> : A;
type MapKey<K> = ReadAtom<K> extends string ? ReadAtom<K> : string;

/** What a column reads as. */
export type ReadColumn<C> =
  | (C extends ScalarColumn<infer A, ColumnFlag>
      ? ReadAtom<A>
      : C extends OptionalColumn<infer A, ColumnFlag>
        ? ReadAtom<A> | undefined
        : C extends SetColumn<infer A, ColumnFlag>
          ? readonly ReadAtom<A>[]
          : C extends MapColumn<infer K, infer V, ColumnFlag>
            ? Readonly<Record<MapKey<K>, ReadAtom<V>>>
            : ColumnValue)
  | (C extends { flags: infer F } ? ('newer' extends F ? undefined : never) : never);

/** What a column takes. In an update `undefined`, `[]` and `{}` clear it. */
export type WriteColumn<C> =
  C extends ScalarColumn<infer A, ColumnFlag>
    ? WriteAtom<A>
    : C extends OptionalColumn<infer A, ColumnFlag>
      ? WriteAtom<A> | undefined
      : C extends SetColumn<infer A, ColumnFlag>
        ? readonly WriteAtom<A>[]
        : C extends MapColumn<infer K, infer V, ColumnFlag>
          ? Readonly<Record<MapKey<K>, WriteAtom<V>>>
          : ColumnValue | NamedUuid | readonly (Atom | NamedUuid)[] | Readonly<Record<string, Atom | NamedUuid>>;

type FlagsOf<C> = C extends { flags: infer F } ? F : never;
type RequiredColumns<Table> = { [C in keyof Table]: 'required' extends FlagsOf<Table[C]> ? C : never }[keyof Table];
type ImmutableColumns<Table> = { [C in keyof Table]: 'immutable' extends FlagsOf<Table[C]> ? C : never }[keyof Table];

/** A row as the replica hands it out: immutable, shared, a new object after each change. */
export type Row<DB, T extends TableName<DB>> = { readonly _uuid: Uuid<T> } & {
  readonly [C in ColumnName<DB, T>]: ReadColumn<DB[T][C]>;
};

/** Columns of a row to insert; those left out take their defaults. */
export type Insert<DB, T extends TableName<DB>> = {
  readonly [C in Extract<RequiredColumns<DB[T]>, string>]: WriteColumn<DB[T][C]>;
} & {
  readonly [C in Exclude<ColumnName<DB, T>, RequiredColumns<DB[T]>>]?: WriteColumn<DB[T][C]> | undefined;
};

/** Columns to overwrite; an absent key leaves the column as it is. */
export type Update<DB, T extends TableName<DB>> = {
  readonly [C in Exclude<ColumnName<DB, T>, ImmutableColumns<DB[T]>>]?: WriteColumn<DB[T][C]> | undefined;
};

/** Comparison functions of a condition (RFC 7047 §5.1). */
export type ConditionFunction = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'includes' | 'excludes';

/** One clause `[column, function, value]`; the clauses of a `where` must all hold (RFC 7047 §5.1). */
export type Condition<DB, T extends TableName<DB>> =
  | readonly ['_uuid', '==' | '!=' | 'includes' | 'excludes', Uuid<T> | NamedUuid<T>]
  | { [C in ColumnName<DB, T>]: readonly [C, ConditionFunction, WriteColumn<DB[T][C]>] }[ColumnName<DB, T>];

/** Which rows an operation works on: one row by identity, or all that meet every clause. */
export type Where<DB, T extends TableName<DB>> = Uuid<T> | NamedUuid<T> | readonly Condition<DB, T>[];

/** Arithmetic on integers and reals; a division is rounded towards zero for integers. */
export interface ArithmeticMutation<N> {
  readonly add?: N;
  readonly subtract?: N;
  readonly multiply?: N;
  readonly divide?: N;
  /** Integers only. */
  readonly modulo?: N;
}

/** Changes to the members of a set. */
export interface SetMutation<A> {
  /** Adds members; those that are there already stay. */
  readonly insert?: readonly A[];
  /** Removes members; those that are not there are ignored. */
  readonly delete?: readonly A[];
}

type Arithmetic<A, Otherwise> = [A] extends [Integer]
  ? ArithmeticMutation<[A] extends [number] ? number : Integer>
  : Otherwise;

/** Changes to one column that need not know its present value (RFC 7047 §5.1 `mutation`). */
export type ColumnMutation<C> =
  C extends ScalarColumn<infer A, ColumnFlag>
    ? Arithmetic<A, never>
    : C extends OptionalColumn<infer A, ColumnFlag>
      ? Arithmetic<A, unknown> & SetMutation<WriteAtom<A>>
      : C extends SetColumn<infer A, ColumnFlag>
        ? Arithmetic<A, unknown> & SetMutation<WriteAtom<A>>
        : C extends MapColumn<infer K, infer V, ColumnFlag>
          ? {
              /** Adds pairs; a key that exists keeps its value. */
              readonly insert?: Readonly<Record<MapKey<K>, WriteAtom<V>>>;
              /** Adds pairs; a key that exists gets the new value. */
              readonly set?: Readonly<Record<MapKey<K>, WriteAtom<V>>>;
              /** Removes keys, or, given a map, only pairs that match exactly. */
              readonly delete?: readonly MapKey<K>[] | Readonly<Record<MapKey<K>, WriteAtom<V>>>;
            }
          : Readonly<Record<string, unknown>>;

/** Mutations by column. */
export type Mutations<DB, T extends TableName<DB>> = {
  readonly [C in Exclude<ColumnName<DB, T>, ImmutableColumns<DB[T]>>]?: ColumnMutation<DB[T][C]>;
};

/** Constraint for database descriptions, typed or {@link UntypedTables}. */
export type DatabaseTables = Record<string, Record<string, AnyColumnShape>> | object;
