/** Child process: starts embedded servers, and puts rows into one, or into a real server. */
import { connectNorthbound } from '../../lib/nb/northbound.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { EmbeddedServer } from '../../lib/testing/embedded-server.js';
import { BareClient } from './bare-client.js';
import { madePort } from './northbound-data.js';
import { PATIENCE } from './patience.js';
import { median, type Figures } from './statistics.js';
import { report, retainedBytes, task } from './worker.js';

export interface EmbeddedTask {
  /** A remote `unix:PATH`, or which embedded server is started here: `unix` or `direct`. */
  readonly server: string;
  readonly inserts: number;
}

const STARTS = 1000;
const BATCH = 100;

/** Rows per second when batches of this size are made one after the other; those of the first half do not count. */
async function rate(
  rows: number,
  size: number,
  make: (first: number, length: number) => Promise<unknown>,
): Promise<number> {
  let startedAt = performance.now();
  let counted = 0;
  for (let first = 0; first < 2 * rows; first += size) {
    if (counted === 0 && first >= rows) startedAt = performance.now();
    if (first >= rows) counted += size;
    await make(first, size);
  }
  return (counted / (performance.now() - startedAt)) * 1000;
}

/** Starts and stops many, one after the other. */
async function starts(options: { readonly unix: boolean }): Promise<Figures> {
  const times: number[] = [];
  const startAndStop = async (): Promise<void> => {
    const startedAt = performance.now();
    const server = await EmbeddedServer.start(options);
    times.push(performance.now() - startedAt);
    await server.stop();
  };
  for (let i = 0; i < STARTS; i++) await startAndStop();
  const before = retainedBytes();
  for (let i = 0; i < STARTS; i++) await startAndStop();
  const kept = retainedBytes() - before;
  return { startMs: median(times), keptKb: kept / 1024, keptPerStartB: kept / STARTS };
}

async function bareRates(remote: string, inserts: number): Promise<Figures> {
  const client = await BareClient.connect(remote);
  const insert = (prefix: string) => (first: number, length: number) =>
    client.transact(
      Array.from({ length }, (_, i) => ({
        op: 'insert',
        table: 'Address_Set',
        row: { name: `${prefix}-${first + i}`, addresses: `10.0.0.${(first + i) % 250}` },
      })),
    );
  const oneByOne = await rate(inserts, 1, insert('single'));
  const batched = await rate(inserts, BATCH, insert('batch'));
  client.close();
  return { oneByOne, batched };
}

async function libraryRates(connection: Parameters<typeof connectNorthbound>[0], inserts: number): Promise<Figures> {
  const nb = await connectNorthbound({
    ...connection,
    tables: ['Logical_Switch', 'Logical_Switch_Port'],
    ...PATIENCE,
    onWarning: () => undefined,
  });
  const onto = (name: string) => {
    const made = nb.transact((tx) => tx.insert('Logical_Switch', { name }));
    return async (first: number, length: number): Promise<void> => {
      const logicalSwitch: Uuid<'Logical_Switch'> = await made;
      await nb.transact((tx) => {
        const ports = Array.from({ length }, (_, i) => tx.insert('Logical_Switch_Port', madePort(name, first + i)));
        tx.mutate('Logical_Switch', logicalSwitch, { ports: { insert: ports } });
      });
    };
  };
  const libraryOneByOne = await rate(inserts, 1, onto('single'));
  const libraryBatched = await rate(inserts, BATCH, onto('batch'));
  nb.close();
  return { libraryOneByOne, libraryBatched };
}

const { server: kind, inserts } = task() as EmbeddedTask;
if (kind === 'unix' || kind === 'direct') {
  const figures = await starts({ unix: kind === 'unix' });
  await using server = await EmbeddedServer.start({ unix: kind === 'unix', recordTransactions: false });
  const bare = kind === 'unix' ? await bareRates(server.remote, inserts) : {};
  const connection = kind === 'unix' ? { remotes: server.remote } : server.connection;
  report({ ...figures, ...bare, ...(await libraryRates(connection, inserts)) });
} else {
  report({ ...(await bareRates(kind, inserts)), ...(await libraryRates({ remotes: kind }, inserts)) });
}
