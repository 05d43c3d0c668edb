/**
 * Custom index: finds ports among thousands by a key of external_ids, by a pair of keys, and by address.
 *
 *   npm install ovn-northbound
 *   npx tsx custom-index.ts tcp:127.0.0.1:6641    or: OVN_NB_DB=tcp:127.0.0.1:6641 npx tsx custom-index.ts
 *
 * In a checkout, `npm run example custom-index` runs it on a private database.
 */
import { connectNorthbound } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const PORTS = 2_000;

// The server knows ports by uuid and by name only. These look-ups are kept beside the replica, in this process: the
// database stays as it is, and each change of a row costs a few microseconds more.
const nb = await connectNorthbound({
  remotes,
  tables: {
    Logical_Switch: true,
    Logical_Switch_Port: {
      indexes: [
        [{ column: 'external_ids', key: 'example-pod' }], // by the value of one key of a map
        [
          { column: 'external_ids', key: 'example-tenant' }, // by two values together
          { column: 'external_ids', key: 'example-tier' },
        ],
        ['addresses'], // by any member of a set
      ],
    },
  },
});
const ports = nb.tables.Logical_Switch_Port;

const addressOf = (i: number): string => `dynamic 10.16.${i >> 8}.${i & 255}`;
const logicalSwitch = await nb.transact((tx) => {
  const rows = Array.from({ length: PORTS }, (_, i) =>
    tx.insert('Logical_Switch_Port', {
      name: `example-port-${i}`,
      addresses: [addressOf(i)],
      external_ids: {
        'example-pod': `shop/web-${i}`,
        'example-tenant': `tenant-${i % 100}`,
        'example-tier': i % 3 === 0 ? 'front' : 'back',
      },
    }),
  );
  return tx.insert('Logical_Switch', { name: 'example-index', ports: rows });
});
console.log(`${PORTS} ports are there, made by one transaction`);

try {
  // find() and findAll() use an index where one fits what is asked for, else they look at every row.
  const pod = ports.find({ external_ids: { 'example-pod': 'shop/web-1234' } });
  console.log(`by one key:   ${pod?.name}`);
  const front = ports.findAll({ external_ids: { 'example-tenant': 'tenant-7', 'example-tier': 'front' } });
  console.log(
    `by two keys:  ${front.length} ports of tenant-7 in front, such as ${front.map(({ name }) => name).sort()[0]}`,
  );
  console.log(`by member:    ${ports.find({ addresses: [addressOf(777)] })?.name} has ${addressOf(777)}`);
  const byIndex = timeOf(() => ports.find({ external_ids: { 'example-pod': 'shop/web-1999' } }));
  const byScan = timeOf(() => ports.filter((port) => port.external_ids['example-pod'] === 'shop/web-1999')[0]);
  console.log(`a look-up takes ${byIndex.toFixed(1)} µs by index, ${byScan.toFixed(1)} µs by looking at every row`);
} finally {
  await nb.transact((tx) => tx.delete('Logical_Switch', logicalSwitch));
  console.log(
    `removed: the index finds ${ports.findAll({ external_ids: { 'example-pod': 'shop/web-1234' } }).length} ports`,
  );
  nb.close();
}

/** The shortest time that it took, in microseconds. */
function timeOf(lookUp: () => unknown): number {
  let shortestMs = Infinity;
  for (let i = 0; i < 500; i++) {
    const start = performance.now();
    lookUp();
    shortestMs = Math.min(shortestMs, performance.now() - start);
  }
  return shortestMs * 1000;
}
