import { expect } from 'chai';

import { connectNorthbound } from '../../../lib/nb/northbound.js';
import { EmbeddedServer } from '../../../lib/testing/embedded-server.js';

describe('an embedded server that crashes', () => {
  it('loses its clients, takes none until it is restored, and has its contents then', async () => {
    await using server = await EmbeddedServer.start({ unix: false });
    const backoff = { minMs: 1, maxMs: 2 };
    await using nb = await connectNorthbound({ ...server.connection, backoff, onWarning: () => undefined });
    await nb.transact((tx) => tx.insert('Logical_Switch', { name: 'kept' }));
    const tried = new Promise<void>((resolve) => {
      let tries = 0;
      nb.on('state', ({ name }) => {
        if (name === 'backoff' && ++tries === 3) resolve();
      });
    });
    server.crash();
    expect(server.members.map(({ isRunning, clients }) => [isRunning, clients])).to.deep.equal([[false, 0]]);
    await tried;
    expect(server.members[0]).to.include({ clients: 0 });
    server.restore();
    await nb.synced({ timeoutMs: 5_000 });
    expect(server.dump()).to.deep.equal({ Logical_Switch: [{ name: 'kept' }] });
    expect(nb.tables.Logical_Switch.size).to.equal(1);
  });
});
