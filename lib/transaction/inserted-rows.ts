/** The rows that one transaction inserts: their placeholders, and what refers to them. */
import { InvalidArgumentError, printValue } from '../errors.js';
import type { OnNamedUuid } from '../schema/codec.js';
import type { ColumnSchema, TableSchema } from '../schema/schema.js';
import { NamedUuid, type Uuid } from '../schema/uuid.js';
import { rowsNamedIn, type Operation } from './operations.js';
import { InsertedReferences, type ExistingRow, type Holder, type InsertedRow } from './references.js';

/** What chooses the rows of an operation: a uuid, a placeholder, or conditions. */
type Chosen = string | NamedUuid | readonly unknown[];

/**
 * One insert. A class, because an object literal with a getter would make V8 a hidden class of its own for each, which
 * keeps the row alive until the next full collection.
 */
class Insert implements InsertedRow {
  readonly root: boolean;
  readonly uuid: Uuid | undefined;
  readonly #table: TableSchema;
  readonly #row: Readonly<Record<string, unknown>>;

  constructor(table: TableSchema, uuid: Uuid | undefined, row: Readonly<Record<string, unknown>>) {
    this.root = table.isRoot;
    this.uuid = uuid;
    this.#table = table;
    this.#row = row;
  }

  /** Printed only for the few that are refused. */
  get description(): string {
    const label = Object.hasOwn(this.#row, 'name') ? ` named ${printValue(this.#row['name'])}` : '';
    return `the row${label} inserted into ${this.#table.name}`;
  }
}

/** See the head of this file. */
export class InsertedRows {
  readonly #positions = new Map<NamedUuid, number>();
  /** Names of the placeholders whose uuid the caller has chosen. */
  #byChosenUuid: Map<string, string> | undefined;
  readonly #references = new InsertedReferences();

  /** Positions of the inserts among the operations, by placeholder. */
  get positions(): ReadonlyMap<NamedUuid, number> {
    return this.#positions;
  }

  /** Notes an insert as operation number `position`. */
  add(placeholder: NamedUuid, table: TableSchema, row: Readonly<Record<string, unknown>>, position: number): void {
    const { name, uuid } = placeholder;
    this.#references.addInsert(name, new Insert(table, uuid, row));
    this.#positions.set(placeholder, position);
    if (uuid !== undefined) (this.#byChosenUuid ??= new Map<string, string>()).set(uuid.toLowerCase(), name);
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
  onInsert(placeholder: NamedUuid, column: ColumnSchema): OnNamedUuid | undefined {
    return mayRefer(column) ? this.#noteReferences({ inserted: placeholder.name }, column) : undefined;
  }

  /** Follows the references that a change of a column makes, beside or in place of those that it has. */
  onChange(table: string, where: Chosen, column: ColumnSchema, how: 'add' | 'overwrite'): OnNamedUuid | undefined {
    if (!mayRefer(column)) return undefined;
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
    const uuid = where.toLowerCase() as Uuid;
    const inserted = this.#byChosenUuid?.get(uuid);
    return inserted === undefined ? { existing: { table, uuid } } : { inserted };
  }

  #noteReferences(holder: Holder, column: ColumnSchema): OnNamedUuid {
    return (target, refType) => {
      this.requireOwn(target);
      if (refType === 'strong') this.#references.addReference(holder, column.name, target.name);
    };
  }
}

/** Others take no placeholder at all. */
function mayRefer({ type: { key, value } }: ColumnSchema): boolean {
  return key.type === 'uuid' || value?.type === 'uuid';
}
