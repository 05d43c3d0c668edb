/** Child process: gets in sync, loses its connection, and gets in sync again. */
import { setTimeout as sleep } from 'node:timers/promises';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { BareClient } from './bare-client.js';
import { replicatedColumns } from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { StreamSpy } from './stream-spy.js';
import type { Figures } from './statistics.js';
import { announceReady, ownCpuMs, ownPeakMb, report, resetPeak, task } from './worker.js';

/** `bare`: a bare client that connects again and asks for what has changed since; `library`: a client in sync. */
export type ResyncKind = 'bare' | 'library';

export interface ResyncTask {
  readonly remote: string;
  readonly kind: ResyncKind;
}

/** What the library waits as well before it connects again, unless told otherwise. */
const PAUSE_MS = 1000;

const { remote, kind } = task() as ResyncTask;
await (kind === 'bare' ? watchBare() : watchLibrary());
announceReady();

async function watchBare(): Promise<void> {
  const startedAt = performance.now();
  const cpuBefore = ownCpuMs();
  const client = await BareClient.connect(remote);
  const columns = await replicatedColumns(client);
  await client.monitor(columns);
  const first = {
    firstMs: performance.now() - startedAt,
    firstCpuMs: ownCpuMs() - cpuBefore,
    firstPeakMb: ownPeakMb(),
  };
  resetPeak();
  client.onClose = () => void again(client.lastTransaction, first);
}

async function again(since: string, first: Figures): Promise<void> {
  await sleep(PAUSE_MS);
  const startedAt = performance.now();
  const cpuBefore = ownCpuMs();
  const client = await BareClient.connect(remote);
  await client.monitor(await replicatedColumns(client), since);
  report({
    ...first,
    resyncMs: performance.now() - startedAt,
    resyncCpuMs: ownCpuMs() - cpuBefore,
    resyncPeakMb: ownPeakMb(),
    resyncBytes: client.bytesReceived,
  });
}

async function watchLibrary(): Promise<void> {
  const spy = new StreamSpy();
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
    openStream: spy.openStream,
  });
  const firstMs = performance.now() - spy.openedAt;
  const firstCpuMs = ownCpuMs() - spy.openedCpuMs;
  const firstPeakMb = ownPeakMb();
  const firstBytes = spy.bytesReceived;
  let events = 0;
  for (const table of [client.tables.Logical_Switch, client.tables.Logical_Switch_Port] as const) {
    for (const event of ['insert', 'update', 'delete'] as const) table.on(event, () => events++);
  }
  const ports = client.tables.Logical_Switch_Port.size;
  // Garbage of the first sync stays: nobody collects it for a controller either.
  resetPeak();
  let lost = false;
  client.on('state', ({ name }) => {
    if (name !== 'synced') lost = true;
    if (name !== 'synced' || !lost) return;
    if (client.tables.Logical_Switch_Port.size !== ports) throw new Error('ports were lost');
    const figures = { resyncMs: performance.now() - spy.openedAt, resyncCpuMs: ownCpuMs() - spy.openedCpuMs };
    // What listeners are told of a resync they are told after it.
    setImmediate(() => {
      report({
        ...figures,
        ...{ firstMs, firstCpuMs, firstPeakMb, events },
        resyncPeakMb: ownPeakMb(),
        resyncBytes: spy.bytesReceived - firstBytes,
      });
    });
  });
}
