/** The rows that one transaction inserts: their placeholders, and what refers to them. */
import { InvalidArgumentError, printValue } from '../errors.js';
import type { OnNamedUuid } from '../schema/codec.js';
import type { ColumnSchema, TableSchema } from '../schema/schema.js';
import { NamedUuid, type Uuid } from '../schema/uuid.js';
import { rowsNamedIn, type Operation } from './operations.js';
import { InsertedReferences, type ExistingRow, type Holder } from './references.js';

/** What chooses the rows of an operation: a uuid, a placeholder, or conditions. */
type Chosen = string | NamedUuid | readonly unknown[];

/** See the head of this file. */
export class InsertedRows {
  readonly #positions = new Map<NamedUuid, number>();
  /** Names of the placeholders whose uuid the caller has chosen. */
  readonly #byChosenUuid = new Map<string, string>();
  readonly #references = new InsertedReferences();

  /** Positions of the inserts among the operations, by placeholder. */
  get positions(): ReadonlyMap<NamedUuid, number> {
    return this.#positions;
  }

  /** Notes an insert as operation number `position`. */
  add(placeholder: NamedUuid, table: TableSchema, row: Readonly<Record<string, unknown>>, position: number): void {
    const { name, uuid } = placeholder;
    this.#references.addInsert(name, {
      root: table.isRoot,
      uuid,
      // Printed only for the few that are refused.
      get description() {
        const label = Object.hasOwn(row, 'name') ? ` named ${printValue(row['name'])}` : '';
        return `the row${label} inserted into ${table.name}`;
      },
    });
    this.#positions.set(placeholder, position);
    if (uuid !== undefined) this.#byChosenUuid.set(uuid.toLowerCase(), name);
  }

  /** A placeholder kept from another run of the callback may have the name of another row of this one. */
  requireOwn(placeholder: NamedUuid): void {
    if (this.#positions.has(placeholder)) return;
    throw new InvalidArgumentError(
      `${String(placeholder)} was inserted by another transaction, or by an earlier run of the callback; ` +
        'use the uuid that transact() resolves with',
    );
  }

  /** Follows the references that an inserted row makes in a column. */
  onInsert(placeholder: NamedUuid, column: ColumnSchema): OnNamedUuid {
    return this.#noteReferences({ inserted: placeholder.name }, column);
  }

  /** Follows the references that a change of a column makes, beside or in place of those that it has. */
  onChange(table: string, where: Chosen, column: ColumnSchema, how: 'add' | 'overwrite'): OnNamedUuid {
    const holder = this.#holderOf(table, where);
    if (holder !== undefined) {
      if (how === 'overwrite') this.#references.dropReferences(holder, column.name);
      return this.#noteReferences(holder, column);
    }
    return (target, refType) => {
      this.requireOwn(target);
      if (refType !== 'strong') return;
      throw new InvalidArgumentError(
        `a reference to an inserted row can only be given to a row of ${table} that is chosen by its uuid: ` +
          'if the condition met no row, the inserted row would be lost',
      );
    };
  }

  /** The existing rows that inserted rows hang on. */
  supports(): readonly ExistingRow[] {
    return this.#references.supports();
  }

  /** Descriptions of the inserted rows that nothing would keep alive, as far as can be known. */
  orphans(operations: readonly Operation[], unchecked: ReadonlySet<Operation>): readonly string[] {
    let named: ReadonlySet<string> | undefined;
    return this.#references.orphans(({ key, uuid }) => {
      named ??= rowsNamedIn(operations, unchecked);
      return named.has(key) || (uuid !== undefined && named.has(uuid.toLowerCase()));
    });
  }

  /** The row that an operation changes; undefined when conditions choose, which do not say which rows those are. */
  #holderOf(table: string, where: Chosen): Holder | undefined {
    if (where instanceof NamedUuid) return { inserted: where.name };
    if (typeof where !== 'string') return undefined;
    const inserted = this.#byChosenUuid.get(where.toLowerCase());
    return inserted === undefined ? { existing: { table, uuid: where.toLowerCase() as Uuid } } : { inserted };
  }

  #noteReferences(holder: Holder, column: ColumnSchema): OnNamedUuid {
    return (target, refType) => {
      this.requireOwn(target);
      if (refType === 'strong') this.#references.addReference(holder, column.name, target.name);
    };
  }
}
