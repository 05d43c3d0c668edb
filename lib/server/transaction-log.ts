/** What clients have asked of an embedded server. */

/** A `transact` request as it came, and what became of it. */
export interface RecordedTransaction {
  readonly database: string;
  /** Number of the session that it came on, from 1. */
  readonly client: number;
  /** The operations, as JSON of RFC 7047 §5.2. */
  readonly operations: readonly unknown[];
  /** The results, in the same order, with the error of a failed commit at the end; undefined while it waits. */
  readonly results: readonly unknown[] | undefined;
  /** Did it change anything? */
  readonly changed: boolean;
}

/** The transactions in the order in which they came. An array, so that any assertion on arrays will do. */
export class TransactionLog extends Array<RecordedTransaction> {
  /** What `filter` and the like make is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** Forgets them, so that a test sees what comes next. */
  clear(): void {
    this.length = 0;
  }

  /** @internal Notes a transaction; what is returned notes its results. */
  note(
    database: string,
    client: number,
    operations: readonly unknown[],
  ): (results: readonly unknown[], changed: boolean) => void {
    const transaction = {
      database,
      client,
      operations,
      results: undefined as readonly unknown[] | undefined,
      changed: false,
    };
    this.push(transaction);
    return (results, changed) => {
      transaction.results = results;
      transaction.changed = changed;
    };
  }
}
