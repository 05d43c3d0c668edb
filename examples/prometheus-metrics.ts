/**
 * Metrics to Prometheus: serves the figures of a client at http://127.0.0.1:PORT/metrics, until Ctrl-C.
 *
 *   npm install ovn-northbound
 *   npx tsx prometheus-metrics.ts tcp:127.0.0.1:6641      or with the remote in OVN_NB_DB; the port in PORT
 *
 * In a checkout, `npm run example prometheus-metrics` runs it on a private database.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { connectNorthbound, type ClientMetrics } from 'ovn-northbound';

const remotes = process.argv[2] ?? process.env.OVN_NB_DB ?? 'unix:/var/run/ovn/ovnnb_db.sock';
const nb = await connectNorthbound({ remotes });

type Sample = readonly [labels: string, value: number];

/** One metric in the text format of Prometheus. Names of counters end in `_total`; units are seconds and bytes. */
function metric(type: 'counter' | 'gauge', name: string, help: string, ...samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `ovn_northbound_${name}${labels && `{${labels}}`} ${value}\n`);
  return `# HELP ovn_northbound_${name} ${help}\n# TYPE ovn_northbound_${name} ${type}\n${lines.join('')}`;
}

/** The page for a scrape. Making a snapshot of the figures costs next to nothing, so it is made for each. */
function page({ staleMs, connections, syncs, traffic, replica, transactions }: ClientMetrics): string {
  const { buckets, count, sumMs } = transactions.latency;
  const rows = Object.entries(replica.rows).map(([table, number]): Sample => [`table="${table}"`, number]);
  const seconds = 'ovn_northbound_transaction_seconds';
  return [
    // Alert on this one: it grows for as long as the client is not in sync, and answers from an old state.
    metric('gauge', 'stale_seconds', 'For how long the replica is not known to be current.', ['', staleMs / 1000]),
    metric('counter', 'reconnects_total', 'Connections after the first.', ['', connections.reconnects]),
    metric(
      'counter',
      'resyncs_total',
      'Syncs after the first, by what the server sent.',
      ['kind="snapshot"', syncs.resyncs.snapshot],
      ['kind="delta"', syncs.resyncs.delta],
    ),
    metric('counter', 'received_bytes_total', 'Bytes from servers.', ['', traffic.bytesReceived]),
    metric('counter', 'sent_bytes_total', 'Bytes to servers.', ['', traffic.bytesSent]),
    metric('gauge', 'rows', 'Rows in memory.', ...rows),
    metric('counter', 'batches_total', 'Updates that were put in force.', ['', replica.batches]),
    metric(
      'counter',
      'transactions_total',
      'Transactions by outcome.',
      ['outcome="committed"', transactions.committed],
      ['outcome="failed"', transactions.failed],
      ['outcome="not-sent"', transactions.notSent],
      ['outcome="unknown"', transactions.unknown],
    ),
    `# HELP ${seconds} Time of committed transactions.\n# TYPE ${seconds} histogram\n`,
    ...buckets.map(
      ({ leMs, count }) => `${seconds}_bucket{le="${leMs === Infinity ? '+Inf' : leMs / 1000}"} ${count}\n`,
    ),
    `${seconds}_sum ${sumMs / 1000}\n${seconds}_count ${count}\n`,
  ].join('');
}

const server = createServer((request, response) => {
  if (request.url !== '/metrics') return response.writeHead(404).end('metrics are at /metrics\n');
  return response
    .writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    .end(page(nb.metrics()));
});
server.listen(Number(process.env.PORT ?? 9476), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  console.log(`figures of ${remotes} at http://127.0.0.1:${port}/metrics, Ctrl-C ends it`);
});

process.once('SIGINT', () => {
  server.close();
  server.closeAllConnections();
  nb.close();
  console.log('stopped');
});
