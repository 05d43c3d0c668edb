/** How the manager's transactions are carried out: in sync, within a deadline, and planned anew where that is safe. */
import type { NorthboundTables } from '../../nb/tables.js';
import { performance } from '../../timer.js';
import type { Transaction } from '../../transaction/builder.js';
import type { Resolved } from '../../transaction/pending.js';
import { TransactionError } from '../../transaction/transaction-error.js';
import { PortError, type PortErrorSubject } from '../port-error.js';
import type { ManagerClient, ManagerSelection } from '../switches/switch-index.js';
import type { Workload } from '../workload.js';

/** A transaction as the manager builds it. */
export type ManagerTransaction = Transaction<NorthboundTables, ManagerSelection>;

/** Whom a call is about, as errors tell it. */
export type CallSubject = Pick<Workload, 'namespace' | 'name' | 'key'> & {
  /** What did not happen if it fails; by default that the StatefulSet gets no ports. */
  readonly failure?: string;
};

/** The subject of a call for a StatefulSet, `namespace/name`. */
export function subjectOfKey(key: string): CallSubject {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, key };
}

/** One call of the manager: for whom, until when. */
export interface Call {
  readonly subject: CallSubject;
  readonly signal: AbortSignal | undefined;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
}

/** A call for the pods of one StatefulSet. */
export interface PodCall extends Call {
  readonly workload: Workload;
}

/** Carries out transactions; see the head of this file. */
export class PortTransactions {
  readonly #client: ManagerClient;
  /** How often a transaction is planned anew because somebody else was faster. */
  readonly conflictRetries: number;

  constructor(client: ManagerClient, conflictRetries: number) {
    this.#client = client;
    this.conflictRetries = conflictRetries;
  }

  /** Waits until the replica is in sync. Rejects with `PortError` `NotReady` at the deadline. */
  async ready(call: Call): Promise<void> {
    const timeoutMs = remainingMs(call);
    try {
      await this.#client.synced({ signal: call.signal, timeoutMs });
    } catch (error) {
      call.signal?.throwIfAborted();
      throw this.notReady(call.subject, timeoutMs, error);
    }
  }

  /**
   * Commits what the callback asks for. Where the outcome is unknown, the callback is run again once the replica is in
   * sync: it finds what the lost transaction did, and a row is never made twice, because names are unique. `onUnknown` is
   * called before that; where it was not, the run before has failed.
   */
  async commit<R>(
    call: Call,
    callback: (tx: ManagerTransaction) => R,
    onUnknown: () => void = () => undefined,
    retries: number = this.conflictRetries,
  ): Promise<Resolved<R>> {
    const { subject, signal } = call;
    for (;;) {
      const timeoutMs = remainingMs(call);
      try {
        // Each is planned upon those before it, and one that may not share would overtake one that waits for company.
        return await this.#client.transact(callback, { signal, timeoutMs, retries, coalesce: false });
      } catch (error) {
        if (!(error instanceof TransactionError)) throw error;
        if (error.code === 'Conflict') throw this.conflict(subject, retries + 1, error);
        if (error.code === 'NotSent') throw this.notReady(subject, timeoutMs, error);
        if (error.outcome !== 'unknown' || performance.now() >= call.deadline) throw error;
        onUnknown();
        await this.#client.synced({ signal, timeoutMs: remainingMs(call) }).catch(() => {
          signal?.throwIfAborted();
          throw error;
        });
      }
    }
  }

  /** The error of a call that could not even look. */
  notReady(subject: CallSubject, timeoutMs: number, cause?: unknown): PortError<'NotReady'> {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    const reason = `the replica is not in sync with the northbound database (state ${this.#client.state.name})${why}`;
    return new PortError('NotReady', errorSubject(subject), reason, { timeoutMs }, cause);
  }

  /** The error of a call that came too late too often. */
  conflict(subject: CallSubject, attempts: number, cause?: unknown): PortError<'ConflictRetriesExhausted'> {
    const reason = `others changed the same switch each of ${attempts} times that it was tried; try again`;
    return new PortError('ConflictRetriesExhausted', errorSubject(subject), reason, { attempts }, cause);
  }
}

function remainingMs({ deadline }: Call): number {
  return Math.max(1, Math.ceil(deadline - performance.now()));
}

function errorSubject({ namespace, name, failure }: CallSubject): PortErrorSubject {
  return { namespace, statefulSet: name, failure };
}
