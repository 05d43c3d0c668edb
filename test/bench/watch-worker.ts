/** Child process: notes when the changes that another client makes to ports arrive. */
import { connectNorthbound } from '../../lib/nb/northbound.js';
import { BareClient, type BareMessage } from './bare-client.js';
import { NOT_COUNTED, portValues, replicatedColumns, STAMP } from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { quantile } from './statistics.js';
import { announceReady, ownCpuMs, report, task } from './worker.js';

/** `parse`: a bare client that parses each notification; `library`: an `update` listener of a client in sync. */
export type WatchKind = 'parse' | 'library';

export interface WatchTask {
  readonly remote: string;
  readonly kind: WatchKind;
  /** Changes that count. */
  readonly changes: number;
}

const { remote, kind, changes } = task() as WatchTask;
const delaysMs: number[] = [];
let cpuBefore = NaN;

function note(sentNs: string): void {
  if (sentNs.startsWith(NOT_COUNTED)) return;
  delaysMs.push(Number(process.hrtime.bigint() - BigInt(sentNs)) / 1e6);
  if (delaysMs.length === 1) cpuBefore = ownCpuMs();
  if (delaysMs.length !== changes) return;
  report({
    p50Ms: quantile(delaysMs, 0.5),
    p99Ms: quantile(delaysMs, 0.99),
    cpuUs: ((ownCpuMs() - cpuBefore) / (changes - 1)) * 1000,
  });
}

async function watchBare(): Promise<void> {
  const client = await BareClient.connect(remote);
  client.onNotification = ({ method, params }: BareMessage) => {
    if (method !== 'update3') return;
    const [, , tables] = params as [
      unknown,
      unknown,
      Record<string, Record<string, { modify?: { options?: unknown } }>>,
    ];
    for (const { modify } of Object.values(tables['Logical_Switch_Port'] ?? {})) {
      const [, pairs] = (modify?.options ?? ['map', []]) as ['map', [string, string][]];
      for (const [key, value] of pairs) if (key === STAMP) note(value);
    }
  };
  await client.monitor(await replicatedColumns(client));
}

async function watchLibrary(): Promise<void> {
  const client = await connectNorthbound({
    remotes: remote,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
  });
  client.tables.Logical_Switch_Port.on('update', ({ options }) => {
    const sentNs = options[STAMP];
    if (sentNs !== undefined) note(sentNs);
  });
  if (client.tables.Logical_Switch_Port.find({ name: portValues('switch0', 0).name }) === undefined) {
    throw new Error('the generated ports are missing');
  }
}

await (kind === 'library' ? watchLibrary() : watchBare());
// The garbage of the first synchronisation is none of a change's.
globalThis.gc?.();
announceReady();
