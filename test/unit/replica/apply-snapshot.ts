import type { Replica } from '../../../lib/replica/replica.js';
import type { Updates } from '../../../lib/replica/row-update.js';

/** Brings a replica to a snapshot that has come in one piece. */
export function applySnapshot(replica: Replica, { format, tables }: Updates): void {
  const snapshot = replica.beginSnapshot(format);
  snapshot.addAll(tables);
  replica.applySnapshot(snapshot);
}
