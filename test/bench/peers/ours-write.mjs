// ours-write.mjs ENDPOINT SWITCH MODE N K: creates N ports on a switch, by the package as it is built.
//   seq    one port a transaction, one at a time      batch   K ports a transaction, one at a time
//   pipe   one port a transaction, K in flight; with COALESCE=1 in the environment they may share transactions
// With WARM_UP=N in the environment it makes so many on a switch of its own before, and
// deletes them in the end. Prints one line of JSON with rates, times and the CPU of the client, and of the server when SRV_PID names it.
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

import { connect } from './ours-client.mjs';

const [remotes, name, mode, total, k] = process.argv.slice(2);
const n = Number(total);
const size = mode === 'batch' ? Number(k) : 1;
const inFlight = mode === 'pipe' ? Number(k) : 1;
const coalesce = process.env.COALESCE === '1';
const WARM_UP_SWITCH = `warm-up-${process.pid}`;
const hex = (byte) => byte.toString(16).padStart(2, '0');

// Behind all addresses that a database of 4 million ports has.
const portOf = (i) => {
  const host = 2 ** 22 + i + 2;
  const octets = [10, (host >> 16) & 255, (host >> 8) & 255, host & 255];
  const address = `0a:58:${octets.map(hex).join(':')} ${octets.join('.')}`;
  const pod = `ours${process.pid}-${i}`;
  return {
    name: `${pod}.product`,
    addresses: [address],
    port_security: [address],
    external_ids: { pod: `product/${pod}`, namespace: 'product', ls: name, vendor: 'bench' },
    options: {
      'requested-chassis': `node-${i % 200}`,
      'iface-id-ver': `5f1c8a52-3d0e-4b7a-9c1d-${hex(i).padStart(12, '0')}`,
    },
  };
};

const serverCpuMs = () => {
  const pid = process.env.SRV_PID;
  return pid === undefined ? NaN : Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
};

const client = await connect(remotes);

/** Creates `total` ports, those from `first` on, and returns how long each transaction took, in milliseconds. */
const createAll = async (uuid, first, total) => {
  const batches = Array.from({ length: Math.ceil(total / size) }, (_, batch) =>
    Array.from({ length: Math.min(size, total - batch * size) }, (_, i) => portOf(first + batch * size + i)),
  ).values();
  const times = [];
  const work = async () => {
    for (const ports of batches) {
      const startedAt = performance.now();
      await client.transact(
        (tx) => {
          const created = ports.map((port) => tx.insert('Logical_Switch_Port', port));
          tx.mutate('Logical_Switch', uuid, { ports: { insert: created } });
        },
        { coalesce },
      );
      times.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return times;
};

const warmUp = Number(process.env.WARM_UP ?? 0);
if (warmUp > 0) {
  const uuid = await client.transact((tx) => tx.insert('Logical_Switch', { name: WARM_UP_SWITCH }));
  await createAll(uuid, n, warmUp);
}
const { _uuid } = client.tables.Logical_Switch.find({ name });

const serverBefore = serverCpuMs();
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const times = await createAll(_uuid, 0, n);
const ms = performance.now() - startedAt;
const { user, system } = process.cpuUsage(cpuBefore);
const serverMs = serverCpuMs() - serverBefore;
times.sort((a, b) => a - b);
const figures = {
  ...{ peer: 'ours', mode, n, k: Number(k), coalesce, ms },
  per_s: (n / ms) * 1000,
  p50_ms: times[Math.floor(times.length / 2)],
  p99_ms: times[Math.floor(times.length * 0.99)],
  client_cpu_us_per_port: (user + system) / n,
  server_cpu_us_per_port: (serverMs * 1000) / n,
};
for (const { _uuid: uuid } of client.tables.Logical_Switch.findAll({ name: WARM_UP_SWITCH })) {
  await client.transact((tx) => tx.delete('Logical_Switch', uuid));
}
console.log(JSON.stringify(figures));
client.close();
