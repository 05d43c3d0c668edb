/**
 * Deletes ports that somebody was shown before, and no others: each by its uuid, on the condition that nothing of what
 * was shown has changed since. A port of the same name that was made meanwhile, one that a pod uses by now, and one that
 * belongs to another StatefulSet by now, are left.
 */
import { isDeepStrictEqual } from 'node:util';
import type { NorthboundClient } from '../../nb/northbound.js';
import type { ManagedPort } from '../../statefulset/managed-port.js';
import { Places } from '../../statefulset/switches/places.js';
import { PortTransactions, type Call } from '../../statefulset/allocation/port-transactions.js';
import { GENERATION_KEY } from '../../statefulset/switches/switch-flights.js';
import { SwitchGuards } from '../../statefulset/switches/switch-guards.js';
import type { Uuid } from '../../schema/uuid.js';
import type { Database } from './database.js';
import { metadataOf } from './kept-ports.js';
import { counted } from './table.js';

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
  const places = new Places(nb, {}, false);
  const released: ManagedPort[] = [];
  const left: ManagedPort[] = [];
  try {
    for (let start = 0; start < shown.length; start += MAX_PORTS_PER_TRANSACTION) {
      const ports = shown.slice(start, start + MAX_PORTS_PER_TRANSACTION);
      const key = ports[0]?.statefulSet ?? '';
      const failure = `${counted(shown.length - released.length - left.length, 'port')} could not be released`;
      const subject = { ...metadataOf(key), key, failure };
      const call: Call = { subject, signal, deadline: performance.now() + timeoutMs };
      await transactions.ready(call);
      const gone = await releaseSome(nb, transactions, new SwitchGuards(places), call, ports);
      for (const port of ports) {
        if (!gone.has(port)) left.push(port);
        else {
          released.push(port);
          onReleased(port);
        }
      }
    }
  } finally {
    places.close();
  }
  return { released, left };
}

/** One transaction. As a manager's, it waits for the generation of the switches and changes it. */
async function releaseSome(
  nb: NorthboundClient,
  transactions: PortTransactions,
  guards: SwitchGuards,
  call: Call,
  ports: readonly ManagedPort[],
): Promise<ReadonlySet<ManagedPort>> {
  // A lost reply runs the callback again, which then finds what the lost transaction deleted gone.
  const sent = new Set<ManagedPort>();
  let succeeded = false;
  try {
    await transactions.commit(call, (tx) => {
      guards.end(false);
      const bySwitch = new Map<Uuid<'Logical_Switch'>, ManagedPort[]>();
      for (const port of ports) {
        const logicalSwitch = nb.tables.Logical_Switch.find({ ports: [port.row._uuid] })?._uuid;
        if (logicalSwitch === undefined || !isAsShown(nb, port)) {
          if (nb.tables.Logical_Switch_Port.get(port.row._uuid) !== undefined) sent.delete(port);
          continue;
        }
        const others = bySwitch.get(logicalSwitch);
        if (others === undefined) bySwitch.set(logicalSwitch, [port]);
        else others.push(port);
        sent.add(port);
      }
      for (const [uuid, going] of bySwitch) {
        const generation = guards.guard(tx, uuid)?.generation;
        for (const { row } of going) tx.verify('Logical_Switch_Port', row, SHOWN);
        tx.mutate('Logical_Switch', uuid, {
          ports: { delete: going.map(({ row }) => row._uuid) },
          ...(generation !== undefined && { external_ids: { set: { [GENERATION_KEY]: generation } } }),
        });
      }
    });
    succeeded = true;
  } finally {
    guards.end(succeeded);
  }
  return sent;
}

function isAsShown(nb: NorthboundClient, { row }: ManagedPort): boolean {
  const now = nb.tables.Logical_Switch_Port.get(row._uuid);
  return now !== undefined && (now === row || SHOWN.every((column) => isDeepStrictEqual(now[column], row[column])));
}
