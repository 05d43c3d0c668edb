/** After the storm: does the database hold what the ledger says, and does everybody see the same? */
import { isDeepStrictEqual } from 'node:util';

import type { RowData } from '../../lib/replica/row.js';
import type { ClusterSandbox } from '../../lib/testing/index.js';
import { comparable, RawClient } from '../integration/raw-client.js';
import type { Ledger } from './ledger.js';
import { TABLES, type Observer } from './observer.js';
import type { SharedRows } from './writer.js';

type Contents = ReadonlyMap<string, ReadonlyMap<string, Record<string, unknown>>>;

const CATCH_UP_MS = 20_000;

/**
 * Writes a mark through every member, which also has each of them finish what was handed to it before; waits until all
 * replicas show the marks, and compares everything.
 */
export async function verify(
  cluster: ClusterSandbox,
  ledger: Ledger,
  rows: SharedRows,
  observers: readonly Observer[],
): Promise<void> {
  const marks = cluster.members.map(({ name }) => `mark by ${name}`);
  for (const [i, { remote }] of cluster.members.entries()) {
    using raw = await RawClient.connect(remote);
    await raw.commit({ op: 'insert', table: 'Address_Set', row: { name: marks[i] } });
  }
  for (const observer of observers) {
    const { client, name } = observer;
    const shown = (): boolean => marks.every((mark) => client.tables.Address_Set.find({ name: mark }) !== undefined);
    if (!(await observer.until(shown, CATCH_UP_MS))) {
      ledger.breach(`${name} (${JSON.stringify(client.state)}) did not show the last writes in ${CATCH_UP_MS} ms`);
    }
  }
  const truth = await contents((await cluster.leader()).remote);
  compareWithLedger(truth, ledger, rows, marks);
  for (const member of cluster.members) {
    report(ledger, `member ${member.name}`, truth, await contents(member.remote));
  }
  for (const { name, client } of observers) {
    const replica = TABLES.map((table): [string, Map<string, Record<string, unknown>>] => [
      table,
      new Map([...(client.tables[table].values() as Iterable<RowData>)].map((row) => [row._uuid, comparable(row)])),
    ]);
    report(ledger, `the replica of ${name}`, truth, new Map(replica));
  }
}

async function contents(remote: string): Promise<Contents> {
  using raw = await RawClient.connect(remote);
  const found = new Map<string, Map<string, Record<string, unknown>>>();
  for (const table of TABLES) found.set(table, await raw.rows(table));
  return found;
}

/** Every write that was done is there once, and none that was not. */
function compareWithLedger(truth: Contents, ledger: Ledger, rows: SharedRows, marks: readonly string[]): void {
  const ports = truth.get('Logical_Switch_Port')!;
  for (const [uuid, { name, value }] of ledger.ports) {
    const port = ports.get(uuid);
    if (port === undefined) ledger.breach(`lost: port ${name} ${uuid}`);
    else if (!isDeepStrictEqual([port['name'], port['external_ids']], [name, [['value', value]]])) {
      ledger.breach(`port ${name} should have the value ${value}: ${JSON.stringify(port)}`);
    }
  }
  const unexpected = (uuid: string, row: object): string =>
    `not to be there (${ledger.absent.get(uuid) ?? 'nobody wrote it'}): ${JSON.stringify(row)}`;
  const first = truth.get('Logical_Switch')!.get(rows.logicalSwitch)!;
  for (const [uuid, port] of ports) {
    if (!ledger.ports.has(uuid) && port['name'] !== 'first') ledger.breach(unexpected(uuid, port));
  }
  if (!isDeepStrictEqual(first['ports'], [...ports.keys()].sort())) ledger.breach('the switch lists other ports');
  const counts = truth.get('Address_Set')!;
  for (const uuid of ledger.counts) if (!counts.has(uuid)) ledger.breach(`lost: the count ${uuid}`);
  for (const [uuid, row] of counts) {
    if (!ledger.counts.has(uuid) && !marks.includes(row['name'] as string)) ledger.breach(unexpected(uuid, row));
  }
  const switches = truth.get('Logical_Switch')!;
  for (const [uuid, count] of ledger.increments) {
    const found = JSON.stringify(switches.get(uuid)?.['other_config']);
    if (found !== JSON.stringify([['count', String(count)]])) {
      ledger.breach(`${count} increments of the switch ${uuid} were done, and it has ${found}`);
    }
  }
  const { hv_cfg: once, nb_cfg: counted } = truth.get('NB_Global')!.get(rows.global)!;
  if (once !== ledger.once)
    ledger.breach(`${ledger.once} transactions with a fence were done, and ${String(once)} are in force`);
  if (counted !== ledger.counted)
    ledger.breach(`${ledger.counted} counts were done, and the counter is at ${String(counted)}`);
}

function report(ledger: Ledger, who: string, truth: Contents, found: Contents): void {
  for (const [table, rows] of truth) {
    const others = found.get(table)!;
    for (const [uuid, row] of rows) {
      if (isDeepStrictEqual(others.get(uuid), row)) continue;
      const has = JSON.stringify(others.get(uuid)) as string | undefined;
      ledger.breach(`${who} has ${has ?? 'nothing'} in ${table} where the leader has ${JSON.stringify(row)}`);
    }
    for (const [uuid, row] of others) {
      if (!rows.has(uuid)) ledger.breach(`${who} has in ${table}, unlike the leader: ${JSON.stringify(row)}`);
    }
  }
}
