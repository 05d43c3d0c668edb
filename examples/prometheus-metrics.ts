/**
 * Prometheus: serves the figures of a client at http://127.0.0.1:PORT/metrics, in the text format that Prometheus
 * scrapes. No library is needed for that: a scrape is one call of `nb.metrics()`.
 *
 *   npm run example -- prometheus-metrics
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { connectNorthbound, lsAdd, lsDel, type ClientMetrics } from 'ovn-northbound';

import { exampleServer } from './support/example-server.js';
import { Exposition } from './support/prometheus.js';

/** Puts the figures into the words of Prometheus. A process with several clients would add a label for each. */
function expose(database: string, metrics: ClientMetrics): string {
  const { connections, syncs, traffic, replica, transactions } = metrics;
  const labels = { database };
  const page = new Exposition();

  // Alert on these two: a client that is not in sync answers from an old state.
  page.gauge('ovn_northbound_synced', 'Whether the replica is in sync.', [labels, metrics.staleMs === 0 ? 1 : 0]);
  page.gauge('ovn_northbound_stale_seconds', 'For how long the replica has not been known to be current.', [
    labels,
    metrics.staleMs / 1000,
  ]);

  page.counter('ovn_northbound_connection_attempts_total', 'Attempts to connect.', [labels, connections.attempted]);
  page.counter('ovn_northbound_reconnects_total', 'Connections after the first that got in sync.', [
    labels,
    connections.reconnects,
  ]);
  page.counter(
    'ovn_northbound_resyncs_total',
    'Syncs after the first, by what the server sent.',
    [{ ...labels, kind: 'snapshot' }, syncs.resyncs.snapshot],
    [{ ...labels, kind: 'delta' }, syncs.resyncs.delta],
  );
  page.counter('ovn_northbound_received_bytes_total', 'Bytes from servers.', [labels, traffic.bytesReceived]);
  page.counter('ovn_northbound_sent_bytes_total', 'Bytes to servers.', [labels, traffic.bytesSent]);

  page.gauge(
    'ovn_northbound_rows',
    'Rows in memory.',
    ...Object.entries(replica.rows).map(([table, rows]) => [{ ...labels, table }, rows] as const),
  );
  page.counter(
    'ovn_northbound_row_changes_total',
    'Changes of rows that were put in force.',
    [{ ...labels, type: 'insert' }, replica.inserts],
    [{ ...labels, type: 'update' }, replica.updates],
    [{ ...labels, type: 'delete' }, replica.deletes],
  );
  page.counter('ovn_northbound_apply_seconds_total', 'Time to put changes in force.', [
    labels,
    replica.applyMs.sum / 1000,
  ]);
  page.counter('ovn_northbound_overflows_total', 'Consumers of changes that fell behind.', [labels, metrics.overflows]);

  page.counter(
    'ovn_northbound_transactions_total',
    'Transactions by outcome.',
    [{ ...labels, outcome: 'committed' }, transactions.committed],
    [{ ...labels, outcome: 'failed' }, transactions.failed],
    [{ ...labels, outcome: 'not-sent' }, transactions.notSent],
    [{ ...labels, outcome: 'unknown' }, transactions.unknown],
  );
  page.counter('ovn_northbound_transaction_retries_total', 'Runs of callbacks again.', [labels, transactions.retries]);
  page.gauge('ovn_northbound_transactions_in_flight', 'Under way.', [labels, transactions.inFlight]);
  page.gauge('ovn_northbound_transactions_waiting', 'Waiting for their turn.', [labels, transactions.waiting]);
  page.histogram('ovn_northbound_transaction_seconds', 'How long committed transactions took.', labels, {
    buckets: transactions.latency.buckets.map(({ leMs, count }) => ({ le: leMs / 1000, count })),
    count: transactions.latency.count,
    sum: transactions.latency.sumMs / 1000,
  });
  return page.toString();
}

await using server = await exampleServer();
await using nb = await connectNorthbound({ remotes: server.remote });

const exporter = createServer((request, response) => {
  if (request.url !== '/metrics') {
    response.writeHead(404).end('metrics are at /metrics\n');
    return;
  }
  response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
  response.end(expose(nb.database, nb.metrics()));
});
// Port 0 stands for any free port; name one in a real program, and let no more than Prometheus reach it.
await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
const { port } = exporter.address() as AddressInfo;

try {
  // Something to count.
  const name = `prometheus-${process.pid}`;
  await nb.transact((tx) => lsAdd(tx, name));
  await nb.transact((tx) => lsDel(tx, name));

  const scrape = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
  const page = await scrape.text();
  console.log(`GET /metrics: ${scrape.status} ${scrape.headers.get('content-type') ?? ''}\n\n${page}`);
  if (!page.includes(`ovn_northbound_transactions_total{database="${nb.database}",outcome="committed"} 2\n`)) {
    throw new Error('the scrape does not show the two transactions');
  }
} finally {
  exporter.close();
}
