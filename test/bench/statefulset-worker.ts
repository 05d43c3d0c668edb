/** Child process: makes the ports of one StatefulSet, then asks for the same again. */
import { performance } from 'node:perf_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { IP_POOL_ANNOTATION } from '../../lib/statefulset/workload.js';
import { ownCpuMs, report, task } from './worker.js';

export interface StatefulSetTask {
  readonly remote: string;
  readonly logicalSwitch: string;
  readonly replicas: number;
  /** Text of the annotation; undefined lets the manager choose the addresses. */
  readonly ipPool: string | undefined;
}

const { remote, logicalSwitch, replicas, ipPool } = task() as StatefulSetTask;
const client = await connectNorthbound({ remotes: remote, onWarning: () => undefined });
using manager = new StatefulSetPortManager(client, { subnets: { bench: { logicalSwitch } } });
const annotations = ipPool === undefined ? {} : { [IP_POOL_ANNOTATION]: ipPool };
const statefulSet = {
  metadata: { namespace: 'bench', name: 'web', uid: '4c1f0a52-3d0e-4b7a-9c1d-5f1c8a523d0e' },
  spec: { replicas, template: { metadata: { annotations } } },
};

async function measureApply(expected: 'created' | 'reused'): Promise<{ wallMs: number; cpuMs: number }> {
  const cpuBefore = ownCpuMs();
  const startedAt = performance.now();
  const { outcomes } = await manager.apply(statefulSet);
  const figures = { wallMs: performance.now() - startedAt, cpuMs: ownCpuMs() - cpuBefore };
  const other = outcomes.find(({ status }) => status !== expected);
  if (other !== undefined || outcomes.length !== replicas) {
    throw new Error(`expected ${replicas} ports to be ${expected}, and got ${JSON.stringify(other)}`);
  }
  return figures;
}

const first = await measureApply('created');
const second = await measureApply('reused');
client.close();
report({
  firstWallMs: first.wallMs,
  firstCpuMs: first.cpuMs,
  secondWallMs: second.wallMs,
  secondCpuMs: second.cpuMs,
});
