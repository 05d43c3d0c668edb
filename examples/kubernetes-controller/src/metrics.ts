/** The figures of the controller in the text format that Prometheus scrapes (version 0.0.4). */
import type { NorthboundClient } from 'ovn-northbound';

import type { ControllerMetrics } from './controller.js';

/** The page at `/metrics`. Before the northbound database is connected there is no `nb`, and before that no controller. */
export function metricsPage(controller: ControllerMetrics | undefined, nb: NorthboundClient | undefined): string {
  const lines: string[] = [];
  const metric = (name: string, type: 'counter' | 'gauge', help: string, value: number): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, `${name} ${value}`);
  };
  metric(
    'ovn_statefulset_northbound_synced',
    'gauge',
    'Whether the northbound database is in sync.',
    nb?.state.name === 'synced' ? 1 : 0,
  );
  if (nb !== undefined) {
    const { connections, traffic } = nb.metrics();
    metric(
      'ovn_statefulset_northbound_reconnects_total',
      'counter',
      'Connections after the first.',
      connections.reconnects,
    );
    metric('ovn_statefulset_northbound_sent_bytes_total', 'counter', 'Bytes sent to the database.', traffic.bytesSent);
  }
  if (controller !== undefined) {
    const { queue, statefulSets, pods } = controller;
    metric('ovn_statefulset_statefulsets', 'gauge', 'StatefulSets known.', statefulSets);
    metric('ovn_statefulset_pods', 'gauge', 'Pods of StatefulSets known.', pods);
    metric('ovn_statefulset_queue_waiting', 'gauge', 'StatefulSets that wait for a worker.', queue.waiting);
    metric('ovn_statefulset_queue_active', 'gauge', 'StatefulSets that are worked on.', queue.active);
    metric(
      'ovn_statefulset_queue_failing',
      'gauge',
      'StatefulSets whose last attempt left something undone.',
      queue.failing,
    );
    metric('ovn_statefulset_reconciliations_total', 'counter', 'Attempts that left nothing undone.', queue.done);
    metric('ovn_statefulset_failures_total', 'counter', 'Attempts that left something undone.', queue.failures);
  }
  return `${lines.join('\n')}\n`;
}
