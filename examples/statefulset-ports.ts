/**
 * StatefulSet ports: what a controller does as StatefulSets and pods come and go.
 *
 *   npm run example -- statefulset-ports
 */
import { connectNorthbound, isPortError, lsAdd, lsDel, StatefulSetPortManager, type PodOutcome } from 'ovn-northbound';

import { exampleServer } from './support/example-server.js';

await using server = await exampleServer();
await using nb = await connectNorthbound({ remotes: server.remote });

// In a real cluster the namespace's switch exists already.
const namespace = `example-${process.pid}`;
const logicalSwitch = await nb.transact((tx) => lsAdd(tx, namespace));

// The rows of the database are the only store: the manager has no state to save, and can be made anew at any time.
using manager = new StatefulSetPortManager(nb, {
  subnets: { [namespace]: { logicalSwitch, cidr: '10.16.0.0/24', gateway: '10.16.0.1' } },
});
manager.on('allocated', ({ port, ip4, mac }) => console.log(`  allocated ${port} ${ip4 ?? ''} ${mac}`));
manager.on('retained', ({ port, ip4 }) => console.log(`  retained  ${port} ${ip4 ?? ''}`));
manager.on('reused', ({ port, ip4 }) => console.log(`  reused    ${port} ${ip4 ?? ''}`));

/** The StatefulSet as an informer of any Kubernetes client would hand it over. */
function statefulSet(name: string, replicas: number, pool?: string) {
  return {
    metadata: { name, namespace, uid: '5c0a8f0e-1111-4222-8333-444455556666' },
    spec: {
      replicas,
      template: { metadata: { annotations: pool === undefined ? {} : { 'ovn.kubernetes.io/ip_pool': pool } } },
    },
  };
}

function print(outcomes: readonly PodOutcome[]): void {
  for (const outcome of outcomes) {
    if (outcome.status === 'refused') console.log(`  ${outcome.pod}: ${outcome.error.message}`);
    else console.log(`  ${outcome.pod}: ${outcome.status}, ${outcome.ip4 ?? ''} ${outcome.mac} ${outcome.uuid ?? ''}`);
  }
}

try {
  console.log('a StatefulSet appears: ports for all ordinals, one transaction');
  const web = statefulSet('web', 3, '10.16.0.21..10.16.0.23');
  print((await manager.apply(web)).outcomes);

  console.log('a pod is deleted and comes back: nothing is sent, then the port is found again');
  await manager.podDeleted({ metadata: { name: 'web-1', namespace } });
  await manager.ensurePort({ metadata: { name: 'web-1', namespace, uid: 'a-new-one' } }, web);

  console.log('scaled beyond its pool: one pod is refused, the others are left as they are');
  print((await manager.apply(statefulSet('web', 4, '10.16.0.21..10.16.0.23'))).outcomes);

  console.log('a pool outside of the subnet: nothing is written');
  try {
    await manager.apply(statefulSet('bad', 2, '10.16.0.30,10.99.0.1'));
  } catch (error) {
    if (!isPortError(error, 'AddressOutOfSubnet')) throw error;
    for (const { ip, reason } of error.details.addresses) console.log(`  ${ip} ${reason}`);
  }

  console.log('without a pool: random addresses, kept from then on');
  print((await manager.apply(statefulSet('cache', 2))).outcomes);

  console.log('what a plan would do, without doing it');
  const { transactions } = manager.plan(statefulSet('cache', 3));
  console.log(`  ${transactions.length} transaction of ${transactions.flat().length} operations`);

  console.log('the StatefulSet is gone for good: its ports are released, because somebody says so');
  const { released } = await manager.release(web);
  console.log(`  released ${released.map(({ port }) => port).join(', ')}`);
} finally {
  await nb.transact((tx) => lsDel(tx, logicalSwitch));
}
