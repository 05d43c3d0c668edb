/**
 * Deletes ports that somebody was shown before, and no others: each by its uuid, on the condition that nothing of what
 * was shown has changed since. A port of the same name that was made meanwhile, one that a pod uses by now, and one that
 * belongs to another StatefulSet by now, are left.
 */
import { isDeepStrictEqual } from 'node:util';
import type { NorthboundClient } from '../../nb/northbound.js';
import type { ManagedPort } from '../../statefulset/managed-port.js';
import { PortTransactions, type Call } from '../../statefulset/port-transactions.js';
import { readWorkload } from '../../statefulset/workload.js';
import type { Uuid } from '../../schema/uuid.js';
import type { Database } from './database.js';
import { metadataOf } from './kept-ports.js';

const MAX_PORTS_PER_TRANSACTION = 500;
const CONFLICT_RETRIES = 50;
/** What a port must still be like to be deleted: whose it is, its addresses, and whether a pod is using it. */
const SHOWN = ['name', 'addresses', 'external_ids', 'up'] as const;

/** What became of ports that were to be released. */
export interface ExactRelease {
  readonly released: readonly ManagedPort[];
  /** Ports that are not what they were when they were shown: changed, or gone by somebody else's doing. */
  readonly left: readonly ManagedPort[];
}

/** See the head of this file. Rejects as `StatefulSetPortManager.release`; what earlier transactions did stays. */
export async function releaseExactly(
  { nb, call: { signal, timeoutMs } }: Database,
  shown: readonly ManagedPort[],
  onReleased: (port: ManagedPort) => void = () => undefined,
): Promise<ExactRelease> {
  const transactions = new PortTransactions(nb, CONFLICT_RETRIES);
  const released: ManagedPort[] = [];
  const left: ManagedPort[] = [];
  for (let start = 0; start < shown.length; start += MAX_PORTS_PER_TRANSACTION) {
    const ports = shown.slice(start, start + MAX_PORTS_PER_TRANSACTION);
    const workload = readWorkload({ metadata: metadataOf(ports[0]?.statefulSet ?? '') });
    const call: Call = { workload, signal, deadline: performance.now() + timeoutMs };
    await transactions.ready(call);
    // A lost reply runs the callback again, which then finds what the lost transaction deleted gone.
    const sent = new Set<ManagedPort>();
    await transactions.commit(call, (tx) => {
      const bySwitch = new Map<Uuid<'Logical_Switch'>, Uuid<'Logical_Switch_Port'>[]>();
      for (const port of ports) {
        const { _uuid } = port.row;
        const logicalSwitch = nb.tables.Logical_Switch.find({ ports: [_uuid] })?._uuid;
        if (logicalSwitch === undefined || !isAsShown(nb, port)) {
          if (nb.tables.Logical_Switch_Port.get(_uuid) !== undefined) sent.delete(port);
          continue;
        }
        tx.verify('Logical_Switch_Port', port.row, SHOWN);
        const others = bySwitch.get(logicalSwitch);
        if (others === undefined) bySwitch.set(logicalSwitch, [_uuid]);
        else others.push(_uuid);
        sent.add(port);
      }
      for (const [uuid, gone] of bySwitch) tx.mutate('Logical_Switch', uuid, { ports: { delete: gone } });
    });
    for (const port of ports) {
      if (!sent.has(port)) left.push(port);
      else {
        released.push(port);
        onReleased(port);
      }
    }
  }
  return { released, left };
}

function isAsShown(nb: NorthboundClient, { row }: ManagedPort): boolean {
  const now = nb.tables.Logical_Switch_Port.get(row._uuid);
  return now !== undefined && (now === row || SHOWN.every((column) => isDeepStrictEqual(now[column], row[column])));
}
