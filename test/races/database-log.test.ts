import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { RawClient } from '../integration/raw-client.js';
import { DatabaseLog, LogFollower } from './database-log.js';
import { databaseFile } from './races.js';

describe('the log of a database', () => {
  const HEADER = 'OVSDB JSON 1 0\n';
  const port = (columns: object, more: object = {}): string =>
    JSON.stringify({ Logical_Switch_Port: { p: columns }, ...more });

  it('tells of each transaction the whole rows, before and after', () => {
    const log = new DatabaseLog();
    const ids = (...pairs: readonly (readonly [string, string])[]): unknown => ['map', pairs];
    log.record(port({ name: 'a', addresses: 'm 1', external_ids: ids(['x', '1'], ['y', '2']) }, { _is_diff: true }));
    const change = { addresses: ['set', ['m 1', 'm 2']], external_ids: ids(['x', '1'], ['y', '3'], ['z', '4']) };
    log.record(port(change, { _is_diff: true, _date: 7, _comment: 'why' }));
    const [, second] = log.transactions;
    expect(second).to.deep.include({ index: 1, date: 7, comment: 'why' });
    const row = { name: 'a', ports: [], port_security: [] };
    expect(second!.changes).to.deep.equal([
      {
        table: 'Logical_Switch_Port',
        uuid: 'p',
        before: { ...row, addresses: ['m 1'], external_ids: { x: '1', y: '2' } },
        after: { ...row, addresses: ['m 2'], external_ids: { y: '3', z: '4' } },
      },
    ]);
    // As servers wrote it before they knew differences.
    log.record(port({ addresses: 'm 3', external_ids: ids(['q', '5']) }));
    expect(log.tables.Logical_Switch_Port.get('p')).to.deep.include({ addresses: ['m 3'], external_ids: { q: '5' } });
    log.record('{"Logical_Switch_Port":{"p":null}}');
    expect(log.tables.Logical_Switch_Port.size).to.equal(0);
  });

  it('refuses a compacted file that is not what the records led to', () => {
    const log = new DatabaseLog();
    log.record(port({ name: 'a' }));
    log.snapshot(port({ name: 'a' }));
    expect(() => log.snapshot(port({ name: 'b' }))).to.throw('compacted');
  });

  it('is followed record by record, also where a line is half written', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ovn-northbound-log-'));
    try {
      const path = join(directory, 'db');
      const line = port({ name: 'a' });
      await writeFile(path, `${HEADER}{"schema":1}\n${HEADER}${line.slice(0, 9)}`);
      await using follower = await LogFollower.start(path, 10_000);
      await follower.read();
      expect(follower.log.transactions).to.have.lengthOf(0);
      await appendFile(path, `${line.slice(9)}\n${HEADER}${port({ name: 'b' })}\n`);
      await follower.read();
      expect(follower.log.transactions).to.have.lengthOf(2);
      await appendFile(path, `${HEADER}${port({ name: 'c' })}\n`);
      await writeFile(`${path}.new`, `${HEADER}{"schema":1}\n${HEADER}${port({ name: 'x' })}\n`);
      await rename(`${path}.new`, path);
      const failure = await follower.read().catch((error: unknown) => error);
      expect(String(failure)).to.contain('compacted');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('misses nothing when the server compacts its file', async () => {
    await using sandbox = await Sandbox.start();
    await using follower = await LogFollower.start(databaseFile(sandbox), 10_000);
    using raw = await RawClient.connect(sandbox.remote);
    const insert = async (name: string): Promise<unknown> =>
      raw.commit({ op: 'insert', table: 'Logical_Switch', row: { name } });
    await insert('first');
    await follower.read();
    await insert('second');
    await sandbox.appctl('ovsdb-server/compact');
    await insert('third');
    await follower.read();
    expect(follower.log.compactions).to.equal(1);
    const names = follower.log.transactions.flatMap(({ changes }) => changes.flatMap(({ after }) => after?.name ?? []));
    expect(names).to.deep.equal(['first', 'second', 'third']);
  });
});
