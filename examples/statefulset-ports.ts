/**
 * StatefulSet ports: the pods of a StatefulSet keep row, IP and MAC while they, and the program, come and go.
 *
 *   npm install ovn-northbound
 *   npx tsx statefulset-ports.ts tcp:127.0.0.1:6641       or with the remote in OVN_NB_DB
 *
 * In a checkout, `npm run example statefulset-ports` runs it on a private database.
 */
import { connectNorthbound, isPortError, lsAdd, lsDel, StatefulSetPortManager } from 'ovn-northbound';
import type { NorthboundClient, PodOutcome, StatefulSetLike } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const namespace = 'example-product';
const nb = await connectNorthbound({ remotes });

// In a cluster the switch of the namespace exists. It may say its subnet itself, in other_config:subnet.
await nb.transact((tx) => lsAdd(tx, namespace));

function managerOf(client: NorthboundClient): StatefulSetPortManager {
  const subnet = { logicalSwitch: namespace, cidr: '10.16.0.0/24', gateway: '10.16.0.1' };
  return new StatefulSetPortManager(client, { subnets: { [namespace]: subnet } });
}

/** A StatefulSet as any Kubernetes client hands it over, or as parsed YAML. */
function statefulSet(name: string, replicas: number, pool?: string): StatefulSetLike {
  const annotations: Record<string, string> = pool === undefined ? {} : { 'ovn.kubernetes.io/ip_pool': pool };
  return { metadata: { name, namespace }, spec: { replicas, template: { metadata: { annotations } } } };
}

function print(what: string, outcomes: readonly PodOutcome[]): void {
  console.log(what);
  for (const outcome of outcomes) {
    if (outcome.status === 'refused') console.log(`  ${outcome.pod} refused: ${outcome.error.code}`);
    else console.log(`  ${outcome.pod} ${outcome.status}: ${outcome.ip4} ${outcome.mac} row ${outcome.uuid}`);
  }
}

const POOL = '10.16.0.21..10.16.0.23';
const manager = managerOf(nb);
try {
  // One port per ordinal, in one transaction: the first pod gets the first address of the pool, and so on.
  print('a StatefulSet with a pool appears', (await manager.apply(statefulSet('web', 3, POOL))).outcomes);

  // Nothing is sent when a pod goes. The rows are the only store, so whoever comes next finds the same ports.
  const { retained } = await manager.podDeleted({ metadata: { name: 'web-1', namespace } });
  console.log(`pod web-1 is deleted: ${retained?.port} is retained with ${retained?.ip4}`);
  const successor = await connectNorthbound({ remotes });
  const pod = { metadata: { name: 'web-1', namespace } };
  const port = await managerOf(successor).ensurePort(pod, statefulSet('web', 3, POOL));
  print('it comes back, to another process', [port]);
  successor.close();

  // A pod that can get no port is refused by itself, and says why; the others are left as they are.
  print('it is scaled beyond its pool', (await manager.apply(statefulSet('web', 4, POOL))).outcomes);

  // A pool that cannot be right is refused as a whole, before anything is written.
  await manager.apply(statefulSet('wrong', 2, '10.16.0.30,10.99.0.1')).catch((error: unknown) => {
    if (!isPortError(error, 'AddressOutOfSubnet')) throw error;
    for (const { ip, reason } of error.details.addresses) console.log(`another one has a bad pool: ${ip} ${reason}`);
  });

  // Without a pool a free address is picked, once: from then on it is kept like any other.
  print('one without a pool appears', (await manager.apply(statefulSet('cache', 2))).outcomes);

  // Ports go when somebody says so, never by themselves.
  const { released } = await manager.release(statefulSet('web', 3));
  console.log(`web is gone for good: released ${released.map(({ ip4 }) => ip4).join(', ')}`);
} finally {
  manager.close();
  await nb.transact((tx) => lsDel(tx, namespace));
  nb.close();
}
