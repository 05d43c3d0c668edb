/** What a database is seeded with. */

/**
 * A row to be made: values by column, a bare value, a list for a set, an object or a `Map` for a map. A reference is a
 * uuid, the `uuid-name` of another row of the seed, or the `name` of a row of the seed or of the database. `_uuid` says
 * the row's own uuid.
 */
export type SeedRow = Readonly<Record<string, unknown>>;

/** Rows to be made, by table. */
export type Seed = Readonly<Record<string, SeedRow | readonly SeedRow[]>>;
