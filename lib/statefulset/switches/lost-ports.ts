/**
 * Kept ports that somebody who is no manager deleted: their addresses are remembered, so that the pods get them again.
 *
 * What tells managers from others: whenever a manager deletes a port, it changes the generation of its switch in the
 * same transaction. Where that cannot be told, the addresses are remembered, and nobody is told.
 */
import type { Batch, RowChange } from '../../replica/replica.js';
import { setDifference } from '../../replica/row.js';
import { PORT_KEYS, readManagedPort, type ManagedPort, type ManagedPortRow } from '../managed-port.js';
import { GENERATION_KEY } from './switch-flights.js';
import type { ManagerClient } from './switch-index.js';

/** Ports remembered; the oldest are forgotten first. */
const MAX_LOST = 100_000;

/** See the head of this file. */
export class LostPorts {
  readonly #client: ManagerClient;
  readonly #vendor: string;
  readonly #onLost: (port: ManagedPort) => void;
  readonly #lost = new Map<string, ManagedPort>();
  readonly #stop: () => void;

  /** `onLost` is called for each kept port of this vendor that is lost. */
  constructor(client: ManagerClient, vendor: string, onLost: (port: ManagedPort) => void) {
    this.#client = client;
    this.#vendor = vendor;
    this.#onLost = onLost;
    this.#stop = client.on('batch', (batch) => this.#follow(batch));
  }

  /** True while none is remembered. */
  get isEmpty(): boolean {
    return this.#lost.size === 0;
  }

  /** The port of this name that a StatefulSet has lost, as it was. */
  find(port: string, statefulSet: string): ManagedPort | undefined {
    const lost = this.#lost.get(port);
    return lost?.statefulSet === statefulSet ? lost : undefined;
  }

  /** Forgets a port: it is there again. */
  forget(port: string): void {
    this.#lost.delete(port);
  }

  /** Forgets those ports of a StatefulSet (`namespace/name`) that shall be gone. */
  forgetWhere(statefulSet: string, shallBeGone: (port: ManagedPort) => boolean): void {
    for (const [port, lost] of this.#lost)
      if (lost.statefulSet === statefulSet && shallBeGone(lost)) this.#lost.delete(port);
  }

  /** Stops following the replica, and forgets all. */
  close(): void {
    this.#stop();
    this.#lost.clear();
  }

  #follow({ cause, changes }: Batch): void {
    const deleted: ManagedPort[] = [];
    for (const change of changes) {
      const port = this.#deletedPort(change);
      if (port !== undefined) deleted.push(port);
    }
    if (deleted.length === 0) return;
    const byManagers = new Set(changes.flatMap(takenOffByManagers));
    for (const port of deleted) {
      // One of the name that is there again was replaced.
      const { _uuid, name } = port.row;
      if (this.#client.tables.Logical_Switch_Port.find({ name }) !== undefined) continue;
      // After an outage all changes come as one: that a manager was there as well does not say who deleted the port.
      const isByManager = byManagers.has(_uuid);
      if (isByManager && cause === 'update') continue;
      const [oldest] = this.#lost.keys();
      if (oldest !== undefined && this.#lost.size >= MAX_LOST) this.#lost.delete(oldest);
      this.#lost.set(name, port);
      if (!isByManager) this.#onLost(port);
    }
  }

  #deletedPort(change: RowChange): ManagedPort | undefined {
    if (change.table !== 'Logical_Switch_Port' || change.type !== 'delete') return undefined;
    const row = change.row as unknown as ManagedPortRow;
    return row.external_ids[PORT_KEYS.vendor] === this.#vendor ? readManagedPort(row) : undefined;
  }
}

/** Uuids of the ports that a change of a switch's row took off it, together with a change of the generation. */
function takenOffByManagers(change: RowChange): readonly unknown[] {
  if (change.table !== 'Logical_Switch' || change.type !== 'update') return [];
  if (!change.columns.includes('ports') || !change.columns.includes('external_ids')) return [];
  const generation = ({ external_ids: ids }: RowChange['row']): unknown =>
    (ids as Readonly<Record<string, string>> | undefined)?.[GENERATION_KEY];
  return generation(change.row) === generation(change.old)
    ? []
    : setDifference(change.old, change.row, 'ports').removed;
}
