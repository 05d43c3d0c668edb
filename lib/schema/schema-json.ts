/**
 * A database schema as JSON: what an `.ovsschema` file holds and `get_schema` returns (RFC 7047 §3.2).
 * These shapes describe well-formed input; `parseSchema` checks that input has them.
 */

/** Names of the atomic types (RFC 7047 §3.1). */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** `<base-type>`: an atomic type with its constraints (RFC 7047 §3.2). */
export interface BaseTypeJson {
  readonly type: AtomicType;
  /** One atom, or `["set", [atom, ...]]`. */
  readonly enum?: unknown;
  readonly minInteger?: number | bigint;
  readonly maxInteger?: number | bigint;
  readonly minReal?: number;
  readonly maxReal?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly refTable?: string;
  readonly refType?: 'strong' | 'weak';
}

/** `<type>` of a column (RFC 7047 §3.2). */
export type ColumnTypeJson =
  | AtomicType
  | {
      readonly key: AtomicType | BaseTypeJson;
      readonly value?: AtomicType | BaseTypeJson;
      readonly min?: number;
      readonly max?: number | 'unlimited';
    };

/** `<column-schema>` (RFC 7047 §3.2). */
export interface ColumnSchemaJson {
  readonly type: ColumnTypeJson;
  readonly ephemeral?: boolean;
  readonly mutable?: boolean;
}

/** `<table-schema>` (RFC 7047 §3.2). */
export interface TableSchemaJson {
  readonly columns: Readonly<Record<string, ColumnSchemaJson>>;
  readonly maxRows?: number;
  readonly isRoot?: boolean;
  readonly indexes?: readonly (readonly string[])[];
}

/** `<database-schema>` (RFC 7047 §3.2). */
export interface DatabaseSchemaJson {
  readonly name: string;
  readonly version: string;
  readonly cksum?: string;
  readonly tables: Readonly<Record<string, TableSchemaJson>>;
}
