/**
 * Row identities. A {@link Uuid} is the string that the database uses, branded at compile time with
 * its table, so that a switch's uuid cannot be given where a port's is wanted. A {@link NamedUuid}
 * stands for a row that a transaction is about to insert (RFC 7047 §3.1, §4.1.3 `named-uuid`).
 */

declare const uuidTable: unique symbol;

/** Uuid of a row of table `T`, as lower-case text: `8-4-4-4-12` hexadecimal digits. */
export type Uuid<T extends string = string> = string & { readonly [uuidTable]: T };

/** The uuid that stands for "none", default of a mandatory uuid column. */
export const ZERO_UUID = '00000000-0000-0000-0000-000000000000' as Uuid;

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True when the text has the form of a uuid. */
export function isUuid(text: unknown): text is Uuid {
  return typeof text === 'string' && UUID_TEXT.test(text);
}

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True when the text is a uuid in lower case, as servers print them and as they are compared here. */
export function isCanonicalUuid(text: unknown): text is Uuid {
  return typeof text === 'string' && CANONICAL_UUID.test(text);
}

/** Stands for the row that an insert in the same transaction makes; turned into its {@link Uuid} on return. */
export class NamedUuid<T extends string = string> {
  /** Table that the row is inserted into. */
  readonly table: T;
  /** The transaction-local `uuid-name`. */
  readonly name: string;
  /** The row's uuid, where the caller has chosen it. */
  readonly uuid: Uuid<T> | undefined;

  constructor(table: T, name: string, uuid?: Uuid<T>) {
    this.table = table;
    this.name = name;
    this.uuid = uuid;
  }

  /** How operations of the transaction refer to the row (RFC 7047 §5.1 `<uuid>`, `<named-uuid>`). */
  toWire(): readonly [tag: 'uuid' | 'named-uuid', id: string] {
    return this.uuid === undefined ? ['named-uuid', this.name] : ['uuid', this.uuid];
  }

  /** For messages: not a form that the server reads. */
  toString(): string {
    return `${this.table}:${this.name}`;
  }
}
