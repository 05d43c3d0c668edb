/**
 * A database schema as JSON: what an `.ovsschema` file holds and `get_schema` returns (RFC 7047 §3.2).
 * These shapes are those of an imported JSON module, in which words are just strings; `parseSchema` checks them.
 */

/** Names of the atomic types (RFC 7047 §3.1). */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** `<base-type>`: an atomic type with its constraints (RFC 7047 §3.2). */
export interface BaseTypeJson {
  /** An {@link AtomicType}. */
  readonly type: string;
  /** One atom, or `["set", [atom, ...]]`. */
  readonly enum?: unknown;
  readonly minInteger?: number | bigint;
  readonly maxInteger?: number | bigint;
  readonly minReal?: number;
  readonly maxReal?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly refTable?: string;
  /** `strong`, the default, or `weak`. */
  readonly refType?: string;
}

/** `<type>` of a column (RFC 7047 §3.2): an {@link AtomicType}, or more. */
export type ColumnTypeJson =
  | string
  | {
      readonly key: string | BaseTypeJson;
      readonly value?: string | BaseTypeJson;
      /** 0 or 1; default 1. */
      readonly min?: number;
      /** A count or `unlimited`; default 1. */
      readonly max?: number | string;
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
