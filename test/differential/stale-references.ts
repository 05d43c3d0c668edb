import type { ServerSchema } from '../../lib/server/database/database-schema.js';
import { stringifyJson } from '../../lib/wire/json.js';

/** Rows as `select` returns them. */
export type SelectedRows = readonly Record<string, unknown>[];

/**
 * Does the real server have weak references to rows that are gone? Version 3.1.0 forgets to remove one to a row that a
 * transaction deletes when the same transaction changes the row that has it, and happens to be looked through in an
 * unlucky order.
 */
export async function hasStaleReferences(
  schema: ServerSchema,
  theirRows: (table: string) => Promise<SelectedRows>,
): Promise<boolean> {
  const tables = [...schema.tables.values()];
  const rows = new Map<string, SelectedRows>();
  for (const { name } of tables) rows.set(name, await theirRows(name));
  const known = (table: string | undefined, uuid: unknown): boolean =>
    rows.get(table ?? '')!.some((row) => stringifyJson(row['_uuid']) === stringifyJson(uuid));
  return tables.some(({ name, weak }) =>
    weak.some((column) =>
      rows.get(name)!.some((row) => {
        const { key, value } = column.type;
        return pairs(row[column.name]).some(
          ([atom, other]) =>
            (key.refType === 'weak' && !known(key.refTable, atom)) ||
            (value?.refType === 'weak' && !known(value.refTable, other)),
        );
      }),
    ),
  );
}

/** Atoms of a set, or pairs of a map. */
function pairs(json: unknown): readonly (readonly [unknown, unknown?])[] {
  const [kind, members] = json as [string, unknown[]];
  if (kind === 'map') return members as [unknown, unknown][];
  return kind === 'set' ? members.map((atom) => [atom]) : [[json]];
}
