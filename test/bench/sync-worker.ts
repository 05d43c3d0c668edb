/** Child process: one first synchronisation of the switch tables. */
import { performance } from 'node:perf_hooks';

import type { connectNorthbound } from '../../lib/nb/northbound.js';
import { BareClient } from './bare-client.js';
import { replicatedColumns } from './northbound-data.js';
import { ownCpuMs, report, retainedBytes, task } from './worker.js';

/** `parse`: read and parse; `maps`: and index the rows in plain Maps; `library`: a client in sync. */
export type SyncKind = 'parse' | 'maps' | 'library';

export interface SyncTask {
  readonly remote: string;
  readonly kind: SyncKind;
}

/** What one synchronisation holds in the end. */
interface Synced {
  readonly ports: number;
  /** Closes the connection. What must stay in memory hangs on the object. */
  readonly close: () => void;
  readonly held: unknown;
}

async function syncBare(remote: string, index: boolean): Promise<Synced> {
  const client = await BareClient.connect(remote);
  const close = (): void => client.close();
  const tables = await client.monitor(await replicatedColumns(client));
  const ports = Object.keys(tables['Logical_Switch_Port'] ?? {}).length;
  if (!index) return { ports, close, held: tables };
  const rows = new Map<string, Map<string, unknown>>();
  const portByName = new Map<string, string>();
  const switchByPort = new Map<string, string>();
  for (const [table, contents] of Object.entries(tables)) {
    const byUuid = new Map<string, unknown>();
    rows.set(table, byUuid);
    for (const uuid in contents) {
      const row = contents[uuid]?.initial ?? {};
      byUuid.set(uuid, row);
      if (table === 'Logical_Switch_Port') portByName.set(row['name'] as string, uuid);
      else {
        const [tag, members] = row['ports'] as ['set', [string, string][]] | ['uuid', string];
        if (tag === 'uuid') switchByPort.set(members, uuid);
        else for (const [, port] of members) switchByPort.set(port, uuid);
      }
    }
  }
  return { ports, close, held: [rows, portByName, switchByPort] };
}

async function syncLibrary(connect: typeof connectNorthbound, remote: string): Promise<Synced> {
  const tables = ['Logical_Switch', 'Logical_Switch_Port'] as const;
  const client = await connect({ remotes: remote, tables, onWarning: () => undefined });
  return { ports: client.tables.Logical_Switch_Port.size, close: () => client.close(), held: client };
}

const { remote, kind } = task() as SyncTask;
// A floor does not load what it does not use.
const library = kind === 'library' ? await import('../../lib/nb/northbound.js') : undefined;
const bytesBefore = retainedBytes();
const cpuBefore = ownCpuMs();
const startedAt = performance.now();
const synced = await (library === undefined
  ? syncBare(remote, kind === 'maps')
  : syncLibrary(library.connectNorthbound, remote));
const wallMs = performance.now() - startedAt;
const cpuMs = ownCpuMs() - cpuBefore;
const peakMb = process.resourceUsage().maxRSS / 1024;
const processCpuMs = ownCpuMs();
const bytesPerPort = (retainedBytes() - bytesBefore) / synced.ports;
synced.close();
report({
  wallMs,
  cpuMs,
  processCpuMs,
  peakMb,
  bytesPerPort,
  ports: synced.ports,
  held: synced.held === undefined ? 0 : 1,
});
