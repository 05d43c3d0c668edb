/**
 * The way to bring about a write exactly once though replies get lost: every transaction has a guard that only one
 * copy of it can pass, and after an unknown outcome the same transaction is sent again until the answer decides.
 *
 * A guard that failed decides only as far as it is evidence: a row with a uuid that nobody else has was inserted by
 * the lost copy, whichever server says so. That a guarded value is not what it was is none, since a server that is
 * behind may show an older one; the value itself, as the server has it, must be that of the lost copy.
 */
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import type { End, Ledger } from './ledger.js';

/** One write, as {@link perform} needs it. */
export interface GuardedWrite {
  /** Sends the transaction. */
  send(): Promise<void>;
  /** What a refusal says of another copy of the transaction; undefined: nothing. */
  judge(failure: TransactionError): Promise<'was done' | 'refused' | undefined>;
}

/** Gives up, with a breach, after this long without a decision. */
const PATIENCE_MS = 60_000;

/** Performs a write, finding out what became of it as often as it takes. */
export async function perform(ledger: Ledger, name: string, write: GuardedWrite): Promise<End> {
  const deadline = performance.now() + PATIENCE_MS;
  let unknown = false;
  for (;;) {
    try {
      await write.send();
      return unknown ? 'unknown, done again' : 'acknowledged';
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error;
      if (error.outcome === 'not-sent' && !unknown) return 'not sent';
      const verdict = error.error === undefined ? undefined : await write.judge(error);
      if (error.outcome === 'failed' && !unknown) {
        if (verdict === 'was done')
          ledger.breach(`${name}: is in force, and was said to have failed: ${error.message}`);
        else ledger.refused(name, error.message);
        return verdict === 'was done' ? 'failed, was done' : 'failed';
      }
      if (error.outcome === 'unknown') {
        unknown = true;
        ledger.unknowns++;
        checkSent(ledger, name, error);
      }
      if (verdict !== undefined) return `unknown, ${verdict}`;
      if (performance.now() < deadline) continue;
      ledger.breach(`${name}: undecided after ${PATIENCE_MS} ms; at last: ${error.message}`);
      return 'failed';
    }
  }
}

function checkSent(ledger: Ledger, name: string, { sent, message }: TransactionError): void {
  if (sent !== undefined && sent.operations.length > 0) return;
  ledger.breach(`${name}: an unknown outcome does not say what was sent: ${message}`);
}
