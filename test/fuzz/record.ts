/**
 * Records the corpus of the fuzzing from a real ovsdb-server: `node --import tsx test/fuzz/record.ts`. The databases
 * are clustered ones with a single member, so that their transactions have ids and a history.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { northboundSchema } from '../../lib/nb/tables.js';
import { Sandbox } from '../../lib/testing/index.js';
import { parseRemotes } from '../../lib/wire/remote.js';
import { CORPUS_FILE, RECORDED_MONITOR_ID, type Corpus, type Scene } from './corpus.js';
import { fuzzSchema, monitoredTables } from './fuzz-schema.js';
import { RawConnection } from './raw-connection.js';
import { fuzzTransactions, northboundTransactions, refusedTransactions, type Operations } from './transactions.js';

const METHODS = ['monitor_cond_since', 'monitor_cond', 'monitor'] as const;
const NO_TRANSACTION = '00000000-0000-0000-0000-000000000000';
const execute = promisify(execFile);

const folder = await mkdtemp(join(tmpdir(), 'ovn-corpus-'));
try {
  const files: string[] = [];
  for (const schema of [fuzzSchema, northboundSchema]) {
    const schemaFile = join(folder, `${schema.name}.ovsschema`);
    await writeFile(schemaFile, JSON.stringify(schema));
    files.push(join(folder, `${schema.name}.db`));
    await execute('ovsdb-tool', ['create-cluster', files.at(-1)!, schemaFile, `unix:${folder}/${schema.name}.raft`]);
  }
  const other = { name: 'Other', version: '1.0.0', tables: { T: { columns: { name: { type: 'string' } } } } };
  await using sandbox = await Sandbox.start({ schemas: other, tcp: true, serverArguments: files });
  const corpus = await record(sandbox);
  await writeFile(CORPUS_FILE, `${JSON.stringify(corpus, undefined, 1)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function record(sandbox: Sandbox): Promise<Corpus> {
  const [remote] = parseRemotes(sandbox.remote).remotes;
  const path = remote?.scheme === 'unix' ? remote.path : '';
  using writer = await RawConnection.open(path);
  const schemas: Record<string, string> = {};
  for (const { name } of [fuzzSchema, northboundSchema]) schemas[name] = await writer.request('get_schema', [name]);
  const tables = { Fuzz: monitoredTables, OVN_Northbound: Object.keys(northboundSchema.tables) };
  const scenes = [
    ...(await recordScenes(path, writer, 'Fuzz', tables.Fuzz, schemas.Fuzz!, fuzzTransactions)),
    ...(await recordScenes(path, writer, 'OVN_Northbound', tables.OVN_Northbound, schemas.OVN_Northbound!, northboundTransactions)), // prettier-ignore
  ];
  return { schemas, tables, scenes, others: await recordOthers(path, writer, sandbox) };
}

async function recordScenes(
  path: string,
  writer: RawConnection,
  database: string,
  tables: readonly string[],
  schemaReply: string,
  [first = [], ...later]: readonly Operations[],
): Promise<Scene[]> {
  const transact = async (operations: Operations): Promise<void> => {
    const reply = await writer.request('transact', [database, ...operations]);
    if (/"error":[^n]/.test(reply)) throw new Error(`a transaction of the recording failed: ${reply}`);
  };
  await transact(first);
  const schema = (JSON.parse(schemaReply) as { result: typeof fuzzSchema }).result;
  const requests = Object.fromEntries(
    tables.map((table) => [table, [{ columns: Object.keys(schema.tables[table]!.columns) }]]),
  );
  const connections = await Promise.all(METHODS.map(() => RawConnection.open(path)));
  const monitor = (connection: RawConnection, method: string, last: string): Promise<string> => {
    const params: unknown[] = [database, RECORDED_MONITOR_ID, requests];
    return connection.request(method, method === 'monitor_cond_since' ? [...params, last] : params);
  };
  const snapshots = await Promise.all(connections.map((c, i) => monitor(c, METHODS[i]!, NO_TRANSACTION)));
  const updates: string[][] = [[], [], []];
  const lastIds: string[] = [(JSON.parse(snapshots[0]!) as { result: [boolean, string] }).result[1]];
  for (const operations of later) {
    await transact(operations);
    // An answer that comes after it shows that the update of the transaction, if there is one, has come.
    for (const [i, connection] of connections.entries()) {
      await connection.request('echo', []);
      updates[i] = connection.received.filter((message) => message.includes('"method":"update'));
    }
    const latest = updates[0]!.at(-1);
    if (latest !== undefined)
      lastIds[updates[0]!.length] = (JSON.parse(latest) as { params: [unknown, string] }).params[1];
  }
  const deltas: { after: number; reply: string }[] = [];
  for (const [after, last] of lastIds.entries()) {
    using connection = await RawConnection.open(path);
    const reply = await monitor(connection, 'monitor_cond_since', last);
    const [found] = (JSON.parse(reply) as { result: [boolean] }).result;
    if (found) deltas.push({ after, reply });
  }
  for (const connection of connections) connection[Symbol.dispose]();
  return METHODS.map((method, i) => ({
    database,
    method,
    snapshot: snapshots[i]!,
    updates: updates[i]!,
    deltas: method === 'monitor_cond_since' ? deltas : [],
  }));
}

async function recordOthers(path: string, writer: RawConnection, sandbox: Sandbox): Promise<string[]> {
  using silent = await RawConnection.open(Number(sandbox.tcpRemote.split(':').at(-1)));
  using rival = await RawConnection.open(path);
  for (const operations of refusedTransactions) await writer.request('transact', ['Fuzz', ...operations]);
  await writer.request('transact', ['Nowhere']);
  await writer.request('transact', ['Fuzz', 5]);
  await writer.request('no_such_method', []);
  await writer.request('list_dbs', []);
  await writer.request('set_db_change_aware', [true]);
  const serverColumns = ['name', 'model', 'connected', 'leader', 'schema', 'cid', 'sid', 'index'];
  const serverTables = { Database: [{ columns: serverColumns.filter((name) => name !== 'schema') }] };
  await writer.request('monitor_cond', ['_Server', RECORDED_MONITOR_ID, serverTables]);
  await writer.request('lock', ['one']);
  await rival.request('lock', ['one']);
  await writer.request('unlock', ['one']);
  await rival.until((message) => message.includes('"locked"') && message.includes('"method"'));
  await writer.request('steal', ['one']);
  await rival.until((message) => message.includes('"stolen"'));
  await writer.request('monitor', ['Other', 'other', { T: [{ columns: ['name'] }] }]);
  // Waits for ever, until it is cancelled.
  const wait = { op: 'wait', table: 'Switch', where: [], columns: ['name'], until: '==', rows: [{ name: 'never' }] };
  writer.notify('transact', ['Fuzz', wait], 1000);
  writer.notify('cancel', [1000]);
  await writer.until((message) => message.includes('canceled'));
  await silent.until((message) => message.includes('"echo"'));
  await sandbox.removeDatabase('Other');
  await writer.until((message) => message.includes('monitor_canceled'));
  const all = [...writer.received, ...rival.received, ...silent.received];
  return [...new Set(all.filter((message) => !message.includes('"tables"')))];
}
