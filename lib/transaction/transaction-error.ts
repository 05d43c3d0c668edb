/**
 * How a transaction can end badly. `outcome` tells the three cases apart that callers must treat
 * differently: `failed` (the server refused it: nothing changed), `not-sent` (nothing reached the server),
 * `unknown` (it was sent and its reply was lost: it may be in force, now or a little later).
 */
import { OvsdbError } from '../errors.js';
import type { Uuid } from '../schema/uuid.js';
import type { Operation } from './operations.js';

/** What is certain about a transaction that did not succeed. */
export type TransactionOutcome = 'failed' | 'not-sent' | 'unknown';

/** Stable codes of {@link TransactionError}. */
export type TransactionErrorCode =
  /** The server refused an operation, or the whole at commit. */
  | 'TransactionFailed'
  /** A wait, verify or unique index failed because somebody else was faster, more often than retries allow. */
  | 'Conflict'
  /** The lock that the transaction asserts is not held. */
  | 'NotOwner'
  /** The callback called `tx.abort()`. */
  | 'Aborted'
  /** A row would have been inserted that nothing keeps alive. */
  | 'OrphanInsert'
  /** Not sent before its deadline. */
  | 'NotSent'
  /** Not answered in time, and the server has confirmed that it gave the transaction up. */
  | 'TimedOut'
  /** Sent, but the reply was lost, did not come in time, made no sense or came of a second run by the server. */
  | 'OutcomeUnknown';

/** What was sent, for whoever has to find out what became of it. */
export interface SentTransaction {
  readonly database: string;
  /** The server that it was sent to, such as `tcp:10.0.0.1:6641`. */
  readonly remote: string;
  /** When it was handed to the connection, by this machine's clock. */
  readonly sentAt: Date;
  /** As they went over the wire, the guards that the builder had put in front included. */
  readonly operations: readonly Operation[];
  /** The uuids that its inserts chose for their own rows, in order. */
  readonly chosenUuids: readonly Uuid[];
}

/** Where in a transaction the server found fault, and its words. */
export interface TransactionFault {
  /** Position of the operation among those sent; undefined for errors found at commit. */
  readonly operationIndex?: number | undefined;
  /** The operation as it was sent; undefined for errors found at commit. */
  readonly operation?: Operation | undefined;
  /** Table that the fault lies in; default: that of the operation. */
  readonly table?: string | undefined;
  /** Column that the fault lies in, where the server or the rule names one. */
  readonly column?: string | undefined;
  /** The server's error tag, such as `constraint violation` (RFC 7047 §4.1.3, §5.2). */
  readonly error?: string | undefined;
  /** The server's explanation, where it gave one. */
  readonly details?: string | undefined;
  /** For `OutcomeUnknown`: what was sent. */
  readonly sent?: SentTransaction | undefined;
}

/** A transaction did not succeed. See {@link TransactionErrorCode} and {@link TransactionOutcome}. */
export class TransactionError extends OvsdbError {
  declare readonly code: TransactionErrorCode;
  /** What is certain. */
  readonly outcome: TransactionOutcome;
  /** Position of the operation among those sent; undefined for errors found at commit. */
  readonly operationIndex: number | undefined;
  readonly operation: Operation | undefined;
  /** Table that the fault lies in, where it is known. */
  readonly table: string | undefined;
  /** Column that the fault lies in, where the server or the rule names one. */
  readonly column: string | undefined;
  /** The server's error tag, such as `constraint violation`. */
  readonly error: string | undefined;
  /** The server's explanation, where it gave one. */
  readonly details: string | undefined;
  /** With code `OutcomeUnknown`: what was sent where and when, and may be in force. */
  readonly sent: SentTransaction | undefined;

  constructor(
    code: TransactionErrorCode,
    outcome: TransactionOutcome,
    message: string,
    fault: TransactionFault & { cause?: unknown } = {},
  ) {
    super(code, message, fault);
    this.outcome = outcome;
    this.operationIndex = fault.operationIndex;
    this.operation = fault.operation;
    this.table = fault.table ?? fault.operation?.table;
    this.column = fault.column;
    this.error = fault.error;
    this.details = fault.details;
    this.sent = fault.sent;
  }
}
