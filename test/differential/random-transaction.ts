/** Transactions: operations of every kind, sensible and not, upon the rows that a database holds. */
import type { Database } from '../../lib/server/database/database.js';
import type { Column, TableSchema } from '../../lib/server/database/table-schema.js';
import type { ColumnType } from '../../lib/server/database/column-type.js';
import type { Random } from '../random.js';
import { collection, randomAtom, randomValue, type Rows } from './random-values.js';

export type Operation = Record<string, unknown>;

/** How often something about an operation is wrong. */
const BROKEN = 0.02;
/** Tables above this size are emptied more often than filled. */
const FULL = 14;

/** The lock that the client owns. */
export const OWNED_LOCK = 'owned';

/** See the head of this file. */
export class TransactionMaker implements Rows {
  readonly #random: Random;
  readonly #database: Database;
  /** Names that inserts of this transaction have or will have, by table. */
  #names = new Map<string, string[]>();
  #unused: { table: string; name: string }[] = [];

  constructor(random: Random, database: Database) {
    this.#random = random;
    this.#database = database;
  }

  make(): Operation[] {
    const random = this.#random;
    this.#names = new Map();
    this.#unused = [];
    const inserts = random.below(4);
    for (let i = 0; i < inserts; i++) {
      const table = this.#table().name;
      const name = `row${i}`;
      this.#names.set(table, [...this.named(table), name]);
      this.#unused.push({ table, name });
    }
    const operations: Operation[] = [];
    const count = random.integer(1, 5);
    for (let i = 0; i < count || this.#unused.length > 0; i++) operations.push(this.#operation());
    return operations;
  }

  existing(table: string): readonly string[] {
    return [...this.#database.table(table).rows.keys()];
  }

  named(table: string): readonly string[] {
    return this.#names.get(table) ?? [];
  }

  #table(): TableSchema {
    return this.#random.pick([...this.#database.schema.tables.values()]);
  }

  #operation(): Operation {
    const operation = this.#sound();
    const random = this.#random;
    if (!random.chance(BROKEN)) return operation;
    const members = Object.keys(operation);
    switch (random.below(4)) {
      case 0: {
        const missing = random.pick(members);
        return Object.fromEntries(members.filter((name) => name !== missing).map((name) => [name, operation[name]]));
      }
      case 1:
        return { ...operation, extra: 1 };
      case 2:
        return { ...operation, [random.pick(members)]: random.pick([null, 3, 'Nowhere', [], {}, '0x', true, [3]]) };
      default:
        return random.pick<unknown>([null, 3, [], {}, { op: 'nothing' }, { op: 3 }]) as Operation;
    }
  }

  #sound(): Operation {
    const random = this.#random;
    const pending = this.#unused.length;
    if (pending > 0 && random.chance(0.6)) return this.#insert();
    const table = this.#table();
    const full = this.existing(table.name).length > FULL;
    const kind = random.weighted({ insert: full ? 2 : 18, delete: full ? 25 : 6, update: 22, mutate: 26, select: 12, wait: 8, comment: 1, assert: 2, abort: 0.7, commit: 0.7 }); // prettier-ignore
    switch (kind) {
      case 'insert':
        return this.#insert(table);
      case 'delete':
        return { op: 'delete', table: table.name, where: this.#where(table) };
      case 'update':
        return { op: 'update', table: table.name, where: this.#where(table), row: this.#row(table, 0.25, true) };
      case 'mutate':
        return { op: 'mutate', table: table.name, where: this.#where(table), mutations: this.#mutations(table) };
      case 'select':
        return this.#select(table);
      case 'wait':
        return this.#wait(table);
      case 'comment':
        return { op: 'comment', comment: 'nothing to say' };
      case 'assert':
        return { op: 'assert', lock: random.chance(0.8) ? OWNED_LOCK : 'foreign' };
      case 'abort':
        return { op: 'abort' };
      case 'commit':
        return { op: 'commit', durable: random.chance(0.1) };
    }
  }

  #insert(given?: TableSchema): Operation {
    const random = this.#random;
    const named = given === undefined || random.chance(0.5) ? this.#unused.pop() : undefined;
    const table = named === undefined ? (given ?? this.#table()) : this.#database.schema.tables.get(named.table)!;
    const operation: Operation = { op: 'insert', table: table.name, row: this.#row(table, 0.6, false) };
    if (random.chance(0.4)) {
      const existing = this.existing(table.name);
      operation['uuid'] = existing.length > 0 && random.chance(0.04) ? random.pick(existing) : random.uuid();
    }
    if (named !== undefined) operation['uuid-name'] = named.name;
    else if (random.chance(0.03)) operation['uuid-name'] = 'row0';
    return operation;
  }

  /** At most one thing is wrong: of several, the server reports the one that its hash table holds first. */
  #row(table: TableSchema, share: number, update: boolean): Operation {
    const random = this.#random;
    const row: Operation = {};
    const columns = [...table.columns.values()].filter(
      (column) =>
        (random.chance(share) || (!update && needsValue(column) && random.chance(0.98))) && (column.mutable || !update),
    );
    const wrong = random.chance(BROKEN) && columns.length > 0 ? random.pick(columns) : undefined;
    for (const column of columns) row[column.name] = randomValue(random, column.type, this, column === wrong);
    if (wrong !== undefined || !random.chance(0.02)) return row;
    const immutable = [...table.columns.values()].filter(({ mutable }) => !mutable);
    if (update && immutable.length > 0 && random.chance(0.7)) {
      const column = random.pick(immutable);
      row[column.name] = randomValue(random, column.type, this);
    } else {
      row[random.pick(['missing', '_uuid', '_version'])] = ['uuid', random.uuid()];
    }
    return row;
  }

  #where(table: TableSchema): unknown {
    const random = this.#random;
    const uuids = this.existing(table.name);
    if (uuids.length > 0 && random.chance(0.5)) return [['_uuid', '==', ['uuid', random.pick(uuids)]]];
    const names = this.named(table.name);
    if (names.length > 0 && random.chance(0.3)) return [['_uuid', '==', ['named-uuid', random.pick(names)]]];
    const count = random.weighted({ 0: 1, 1: 6, 2: 2, 3: 0.5 });
    return Array.from({ length: Number(count) }, () => this.#clause(table));
  }

  #clause(table: TableSchema): unknown {
    const random = this.#random;
    if (random.chance(0.03)) return random.chance(0.7);
    if (random.chance(0.01))
      return random.pick<unknown>([null, [], ['name', '=='], ['name', 3, 'a'], [3, '==', 1], 'x']);
    const column = this.#anyColumn(table);
    const { type } = column;
    const ordered = type.value === undefined && type.max === 1 && (type.key.type === 'integer' || type.key.type === 'real'); // prettier-ignore
    const functions = ordered || random.chance(0.03) ? ['<', '<=', '>', '>='] : [];
    const name = random.pick(['==', '==', '!=', 'includes', 'excludes', ...functions, ...(random.chance(0.01) ? ['~'] : [])]); // prettier-ignore
    const current = this.#currentValue(table, column);
    const value = current !== undefined && random.chance(0.5) ? current : this.#argument(type, name);
    return [random.chance(0.99) ? column.name : 'missing', name, value];
  }

  #argument(type: ColumnType, name: string): unknown {
    const random = this.#random;
    if ((name === 'includes' || name === 'excludes') && type.max > 1) {
      return collection(random, type, this, random.below(3));
    }
    return randomValue(random, type, this, random.chance(BROKEN));
  }

  #anyColumn(table: TableSchema): Column {
    const random = this.#random;
    if (random.chance(0.04)) return random.pick(table.allColumns.slice(0, 2));
    return random.pick([...table.columns.values()]);
  }

  /** What some row has in the column. */
  #currentValue(table: TableSchema, column: Column): unknown {
    const rows = [...this.#database.table(table.name).rows.values()];
    return rows.length === 0 ? undefined : this.#random.pick(rows).json(column);
  }

  #mutations(table: TableSchema): unknown {
    const count = this.#random.integer(1, 3);
    return Array.from({ length: count }, () => this.#mutation(table));
  }

  #mutation(table: TableSchema): unknown {
    const random = this.#random;
    const chance = (probability: number): boolean => random.chance(probability);
    if (chance(0.01)) return random.pick<unknown>([null, [], ['name', '+='], ['name', 3, 'a'], [3, '+=', 1], {}]);
    const mutable = [...table.columns.values()].filter(
      (column) => (column.mutable && mayBeMutated(column.type)) || chance(0.01),
    );
    if (mutable.length === 0) return ['missing', '+=', 1];
    const column = random.pick(mutable);
    const { type } = column;
    const arithmetic = type.value === undefined && (type.key.type === 'integer' || type.key.type === 'real');
    const collects = type.value !== undefined || type.max > 1 || type.min === 0;
    const name = chance(0.98) ? column.name : random.pick(['missing', '_uuid']);
    const computing = ['+=', '-=', '*=', '/=', ...(type.key.type === 'integer' || chance(0.05) ? ['%='] : [])];
    if (chance(0.03)) {
      const mutator = random.pick([...computing, 'insert', 'delete', '^=']);
      return [name, mutator, random.pick<unknown>([1, 'a', ['set', []], ['map', []]])];
    }
    if (arithmetic && (!collects || chance(0.5))) {
      const operand = chance(0.6) ? random.pick([1, 2, -1, 3]) : randomAtom(random, { ...type.key, enum: undefined, minInteger: undefined, maxInteger: undefined, minReal: undefined, maxReal: undefined }, this); // prettier-ignore
      const mutator = random.pick(computing);
      // The real server 3.1.0 divides by zero, and dies, when a negative integer is multiplied by 0.
      const factor = mutator === '*=' && operand === 0 ? 2 : operand;
      return [name, mutator, chance(0.02) ? ['set', [factor]] : factor];
    }
    if (!collects) return [name, 'insert', randomValue(random, type, this)];
    const mutator = random.pick(['insert', 'delete']);
    const current = this.#currentValue(table, column);
    if (mutator === 'delete' && current !== undefined && chance(0.6)) return [name, mutator, current];
    const keysOnly = type.value !== undefined && mutator === 'delete' && chance(0.5);
    const argumentType = keysOnly ? { ...type, value: undefined } : type;
    if (chance(BROKEN)) return [name, mutator, randomValue(random, argumentType, this, true)];
    return [name, mutator, collection(random, argumentType, this, random.below(3))];
  }

  #select(table: TableSchema): Operation {
    const random = this.#random;
    const operation: Operation = { op: 'select', table: table.name, where: this.#where(table) };
    if (random.chance(0.5)) operation['columns'] = this.#columns(table);
    if (random.chance(0.3)) operation['sort'] = this.#columns(table);
    return operation;
  }

  #columns(table: TableSchema): unknown {
    const random = this.#random;
    if (random.chance(0.02)) return random.pick<unknown>([['missing'], ['name', 'name'], [3], [null]]);
    return table.allColumns.filter(() => random.chance(0.3)).map(({ name }) => name);
  }

  #wait(table: TableSchema): Operation {
    const random = this.#random;
    const columns = random.chance(0.9) ? [random.pick([...table.columns.keys()])] : this.#columns(table);
    const where = this.#where(table);
    const operation: Operation = { op: 'wait', table: table.name, where, columns, until: random.chance(0.5) ? '==' : '!=', rows: [] }; // prettier-ignore
    const uuid = /"uuid","([^"]*)"/.exec(
      JSON.stringify(where, (_, value: unknown) => (typeof value === 'bigint' ? 0 : value)),
    )?.[1];
    const row = this.#database.table(table.name).rows.get(uuid ?? '');
    if (row !== undefined && random.chance(0.7)) {
      const known = (columns as string[]).flatMap((name) => table.byName.get(name) ?? []);
      operation['rows'] = [row.toJson(known)];
      if (random.chance(0.7)) operation['until'] = '==';
    } else if (random.chance(0.5)) {
      operation['rows'] = [this.#row(table, 0.2, false)];
    }
    if (random.chance(0.97)) operation['timeout'] = random.chance(0.97) ? 0 : random.pick([1, 3, -1]);
    if (random.chance(0.01)) operation['until'] = '<';
    return operation;
  }
}

/** Would an insert without the column be refused? */
function needsValue({ mayBeDefault, type }: Column): boolean {
  return !mayBeDefault || (type.min === 1 && (type.key.refTable ?? type.value?.refTable) !== undefined);
}

function mayBeMutated({ key, value, min, max }: ColumnType): boolean {
  return key.type === 'integer' || key.type === 'real' || value !== undefined || min === 0 || max > 1;
}
