/** What the dump of a database looks like. */

/** An atom as it is dumped; integers beyond ±(2^53−1) are bigints. */
export type DumpedAtom = string | number | bigint | boolean;

/** The value of a column: a bare atom where there can be one at most, a list for a set, an object for a map. */
export type DumpedValue = DumpedAtom | readonly DumpedAtom[] | Readonly<Record<string, DumpedAtom>>;

/** A row by column. */
export type DumpedRow = Readonly<Record<string, DumpedValue>>;

/** Rows by table. */
export type Dump = Readonly<Record<string, readonly DumpedRow[]>>;

/** What is dumped, and how. */
export interface DumpOptions {
  /** Only these tables. Default: all that have rows. */
  readonly tables?: readonly string[] | undefined;
  /** Also columns that have their default value. Default false. */
  readonly defaults?: boolean | undefined;
  /** With `_uuid`, and references as uuids. Default false: references are the names of the rows, where they have one. */
  readonly uuids?: boolean | undefined;
}
