/** Child process: one first synchronisation of the switch tables. */
import { performance } from 'node:perf_hooks';

import type { connectNorthbound } from '../../lib/nb/northbound.js';
import { BareClient } from './bare-client.js';
import { BlockWatch } from './block-watch.js';
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
  /** When the first bytes of the snapshot came. */
  readonly snapshotAt: number;
  /** Closes the connection. What must stay in memory hangs on the object. */
  readonly close: () => void;
  readonly held: unknown;
}

async function syncBare(remote: string, index: boolean): Promise<Synced> {
  const client = await BareClient.connect(remote);
  const close = (): void => client.close();
  const columns = await replicatedColumns(client);
  client.onReplyBegan = () => watch.start();
  const tables = await client.monitor(columns);
  const snapshotAt = client.replyBeganAt;
  const ports = Object.keys(tables['Logical_Switch_Port'] ?? {}).length;
  if (!index) return { ports, snapshotAt, close, held: tables };
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
  return { ports, snapshotAt, close, held: [rows, portByName, switchByPort] };
}

async function syncLibrary(library: Library, remote: string): Promise<Synced> {
  const spy = new library.StreamSpy();
  spy.onSnapshot = () => watch.start();
  const client = await library.connect({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...library.PATIENCE,
    onWarning: () => undefined,
    openStream: spy.openStream,
  });
  const ports = client.tables.Logical_Switch_Port.size;
  return { ports, snapshotAt: spy.snapshotAt, close: () => client.close(), held: client };
}

interface Library {
  readonly connect: typeof connectNorthbound;
  readonly StreamSpy: typeof import('./stream-spy.js').StreamSpy;
  readonly PATIENCE: typeof import('./patience.js').PATIENCE;
}

/** A floor does not load what it does not use. */
async function load(): Promise<Library> {
  const { connectNorthbound: connect } = await import('../../lib/nb/northbound.js');
  const { StreamSpy } = await import('./stream-spy.js');
  const { PATIENCE } = await import('./patience.js');
  return { connect, StreamSpy, PATIENCE };
}

const { remote, kind } = task() as SyncTask;
const library = kind === 'library' ? await load() : undefined;
const bytesBefore = retainedBytes();
const watch = new BlockWatch();
const cpuBefore = ownCpuMs();
const startedAt = performance.now();
const synced = await (library === undefined ? syncBare(remote, kind === 'maps') : syncLibrary(library, remote));
const syncedAt = performance.now();
const cpuMs = ownCpuMs() - cpuBefore;
const processCpuMs = ownCpuMs();
const peakMb = process.resourceUsage().maxRSS / 1024;
const block = await watch.stop();
const bytesPerPort = (retainedBytes() - bytesBefore) / synced.ports;
synced.close();
report({
  wallMs: syncedAt - startedAt,
  receiveMs: syncedAt - synced.snapshotAt,
  cpuMs,
  processCpuMs,
  peakMb,
  bytesPerPort,
  ...block,
  ports: synced.ports,
  held: synced.held === undefined ? 0 : 1,
});
