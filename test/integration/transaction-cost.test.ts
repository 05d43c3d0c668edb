/** What a transaction costs does not depend on how much there is: counted, since times depend on the machine. */
import { expect } from 'chai';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { VersionedSet } from '../../lib/replica/versioned-set.js';
import type { Atom } from '../../lib/schema/types.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import { ClientProxy } from '../faults/client-proxy.js';
import { startServer } from './test-server.js';

interface Cost {
  readonly operations: number;
  readonly bytes: number;
  readonly reads: number;
}

describe('creating ports on a switch with many', () => {
  for (const coalesce of [false, true]) {
    it(`takes the operations and bytes of one with few, and reads no set of ports${coalesce ? ', coalesced' : ''}`, async () => {
      await using sandbox = await startServer();
      await using proxy = await ClientProxy.start(sandbox.remote);
      await using nb = await connectNorthbound({
        remotes: proxy.remote,
        tables: ['Logical_Switch', 'Logical_Switch_Port'],
        onWarning: () => undefined,
      });
      const addSwitch = (name: string, ports: number): Promise<Uuid<'Logical_Switch'>> =>
        nb.transact((tx) =>
          tx.insert('Logical_Switch', {
            name,
            ports: Array.from({ length: ports }, (_, n) => tx.insert('Logical_Switch_Port', { name: `${name}-${n}` })),
          }),
        );
      const [few, many] = [await addSwitch('few', 1), await addSwitch('many', 3000)];
      /** Operations and bytes of twenty new ports, and how often somebody asked for all the ports of a switch. */
      async function costOn(ls: Uuid<'Logical_Switch'>, prefix: string): Promise<Cost> {
        const before = { sent: nb.metrics().traffic.bytesSent, transactions: proxy.transactions.length };
        const whole = Object.getOwnPropertyDescriptor(VersionedSet.prototype, 'toArray') as PropertyDescriptor;
        let reads = 0;
        VersionedSet.prototype.toArray = function (this: VersionedSet) {
          reads++;
          return (whole.value as () => readonly Atom[]).call(this);
        };
        try {
          await Promise.all(
            Array.from({ length: 20 }, (_, n) =>
              nb.transact(
                (tx) => {
                  const port = tx.insert('Logical_Switch_Port', { name: `${prefix}-${n + 10}` });
                  tx.mutate('Logical_Switch', ls, { ports: { insert: [port] } });
                  return port;
                },
                { coalesce },
              ),
            ),
          );
        } finally {
          Object.defineProperty(VersionedSet.prototype, 'toArray', whole);
        }
        const operations = proxy.transactions.slice(before.transactions).flat().length;
        return { operations, bytes: nb.metrics().traffic.bytesSent - before.sent, reads };
      }
      const cost = await costOn(few, 'new1');
      expect(cost).to.include({ operations: 40, reads: 0 });
      const { bytes, ...others } = await costOn(many, 'new2');
      expect(others).to.deep.equal({ operations: 40, reads: 0 });
      // Numbers of requests and rows have more digits by now.
      expect(bytes).to.be.closeTo(cost.bytes, 100);
    });
  }
});
