import { expect } from 'chai';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { pod, refusal, statefulSet } from '../integration/statefulset-fixture.js';
import { asSandbox, onRealServer, startServer } from '../integration/test-server.js';

const subnets = { product: { logicalSwitch: 'product', cidr: '10.16.0.0/24' } };

describe('ports of StatefulSets while the server is away', () => {
  it('situation 31: a call waits for it, or says that it is not ready; plans and calls never work on an old view', async () => {
    await using sandbox = await startServer();
    await sandbox.nbctl('ls-add', 'product');
    await using nb = await connectNorthbound({
      remotes: sandbox.remote,
      backoff: { minMs: 10, maxMs: 50 },
      onWarning: () => undefined,
    });
    using manager = new StatefulSetPortManager(nb, { subnets });
    const set = statefulSet('web', 'product', 2);
    const first = await manager.apply(set);
    const lost = new Promise<void>((resolve) => nb.once('state', () => resolve()));
    await sandbox.kill();
    await lost;
    const notReady = await refusal('NotReady', () => manager.apply(set, { timeoutMs: 50 }));
    expect(notReady.message).to.contain('StatefulSet product/web').and.contain('not in sync');
    await refusal('NotReady', () => manager.plan(set));
    await refusal('NotReady', () => manager.release(set, { timeoutMs: 50 }));
    const reason = new Error('given up');
    const aborted = manager.apply(set, { signal: AbortSignal.abort(reason) });
    expect(await aborted.catch((error: unknown) => error)).to.equal(reason);
    const waiting = manager.apply(statefulSet('web', 'product', 3));
    await sandbox.restart();
    const { outcomes } = await waiting;
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['reused', 'reused', 'created']);
    expect(outcomes.slice(0, 2).map((outcome) => 'mac' in outcome && outcome.mac)).to.deep.equal(
      first.outcomes.map((outcome) => 'mac' in outcome && outcome.mac),
    );
  });

  onRealServer(() => {
    it('a call whose time ends without an answer says that its outcome is unknown; the next one finds the port', async () => {
      await using sandbox = await startServer();
      await sandbox.nbctl('ls-add', 'product');
      await using nb = await connectNorthbound({ remotes: sandbox.remote, onWarning: () => undefined });
      using manager = new StatefulSetPortManager(nb, { subnets });
      const set = statefulSet('web', 'product', 1);
      const web0 = pod('web-0', 'product');
      await asSandbox(sandbox).pause();
      const late = await manager.ensurePort(web0, set, { timeoutMs: 100 }).catch((error: unknown) => error);
      asSandbox(sandbox).resume();
      expect(late).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      const found = await manager.ensurePort(web0, set);
      expect((await sandbox.nbctl('lsp-list', 'product')).trim().split('\n')).to.have.length(1);
      expect(await sandbox.nbctl('lsp-get-addresses', 'web-0.product')).to.equal(`${found.mac} ${found.ip4!}\n`);
      expect(await manager.ensurePort(web0, set)).to.include({ status: 'reused', mac: found.mac });
    });
  });
});
