/** Errors that are about what was asked, as against those of the way to the database. */
import { PortError } from '../../statefulset/port-error.js';

/** Codes that are about the database at the moment, and not about the StatefulSet. */
const PASSING: readonly string[] = ['NotReady', 'ConflictRetriesExhausted'];

/** Does a StatefulSet get no ports for a reason of its own? The others may get theirs all the same. */
export function isRefusal(error: unknown): error is PortError {
  return error instanceof PortError && !PASSING.includes((error as PortError).code);
}
