import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/sandbox.js';
import { Gate } from '../faults/gate.js';
import { eventually, RawClient } from '../integration/raw-client.js';
import { bundle } from './bundle.js';
import { runCrashes } from './crash.js';
import type { Operation } from './ledger.js';
import { prepare } from './races.js';
import { formatCrashes } from './report.js';
import { WorkerProcess } from './worker-process.js';

const KILLS = 300;

describe('managers that are killed', function () {
  this.timeout(600_000);

  it('situation 30: between any two messages and at any moment, lose no address, give none twice, and leave nothing half done', async () => {
    const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
    try {
      const report = await runCrashes({ seed, kills: KILLS });
      console.log(formatCrashes(report).replace(/^/gm, '      '));
      expect(report.violations).to.deep.equal([]);
      const { kills } = report;
      expect(Object.values(kills).reduce((sum, count) => sum + count, 0)).to.be.at.least(KILLS);
      for (const when of ['before', 'after']) {
        for (const what of ['a transaction', 'its reply', 'an update'])
          expect(kills).to.have.property(`${when} ${what}`);
      }
      expect(report.tally.created).to.be.above(100);
      expect(report.outcomes['reused']).to.be.above(100);
    } catch (error) {
      console.error(`      This run had the seed ${seed}; CRASH_SEED=${seed} repeats its operations and kills.`);
      throw error;
    }
  });

  it('between a commit and the look for foreign ports: the next one keeps the port, and its audit names the conflict', async () => {
    using program = bundle('worker.ts');
    await using sandbox = await Sandbox.start();
    await prepare(sandbox.remote);
    using raw = await RawClient.connect(sandbox.remote);
    await using gate = await Gate.start(sandbox.remote);
    await using killed = await WorkerProcess.start(program.path, 'managers', gate.remote);
    await using next = await WorkerProcess.start(program.path, 'managers', sandbox.remote);
    const apply = (id: string): Operation => ({
      id,
      kind: 'apply',
      spec: { namespace: 'pooled', name: 'web', incarnation: 1, replicas: 1, pool: ['10.1.0.20'] },
      policies: { onScaleDown: 'keep', onRecreate: 'inherit' },
    });
    gate.requests.shut();
    const running = killed.run(apply('1'));
    await eventually(() => gate.requests.count('"transact"') === 1, 'the transaction');
    await raw.commit(
      {
        op: 'insert',
        table: 'Logical_Switch_Port',
        'uuid-name': 'port',
        row: { name: 'foreign', addresses: '0e:00:00:00:00:01 10.1.0.20' },
      },
      {
        op: 'mutate',
        table: 'Logical_Switch',
        where: [['name', '==', 'switch-pooled']],
        mutations: [['ports', 'insert', ['named-uuid', 'port']]],
      },
    );
    gate.replies.shut();
    gate.requests.open();
    await eventually(() => gate.replies.count('web-0.pooled') > 0, 'the commit');
    await killed.kill();
    expect((await running).end).to.equal(undefined);

    const { end } = await next.run(apply('2'));
    expect(end?.report.ports.map(({ status, ips }) => [status, ips])).to.deep.equal([['reused', ['10.1.0.20']]]);
    expect([...(await next.audit())]).to.deep.equal([['switch-pooled 10.1.0.20', ['foreign', 'web-0.pooled']]]);
  });
});
