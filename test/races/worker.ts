/** A process that others tell what to do: one with managers, or one with the writer that knows nothing of them. */
import { AsyncLocalStorage } from 'node:async_hooks';

import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { PodOutcome } from '../../lib/statefulset/manager-results.js';
import { PortError } from '../../lib/statefulset/port-error.js';
import { SwitchFlights } from '../../lib/statefulset/switches/switch-flights.js';
import { IP_POOL_ANNOTATION, type StatefulSetLike } from '../../lib/statefulset/workload.js';
import { ForeignWriter } from './foreign-writer.js';
import { commentOf, uidOf, type Operation, type Report, type ReportedPort, type SetSpec } from './ledger.js';
import { SUBNETS } from './scenario.js';
import type { Mode, WorkerAnswer, WorkerCommand } from './worker-process.js';

const [mode, remote = '', seed = '0'] = process.argv.slice(2) as [Mode, string?, string?];
const CREATED_AT = Date.parse('2026-01-01T00:00:00Z');

function answer(message: WorkerAnswer): void {
  process.send?.(message);
}

async function foreign(): Promise<void> {
  const writer = await ForeignWriter.connect(remote, Number(seed));
  process.on('message', (command: WorkerCommand) => {
    if (command.type === 'stop') writer.stop();
    if (command.type === 'write') {
      void writer.run(command.restMs).then((writes) => answer({ type: 'stopped', writes }));
    }
  });
}

async function managers(): Promise<void> {
  if (mode === 'unguarded') {
    // The control: every transaction passes, whatever others did since it was planned.
    SwitchFlights.prototype.guard = () => 'none';
  }
  const nb = await connectNorthbound({ remotes: remote, onWarning: () => undefined, backoff: { minMs: 5, maxMs: 50 } });
  const running = new AsyncLocalStorage<string>();
  const transact = nb.transact.bind(nb);
  nb.transact = async (callback, options) => {
    const id = running.getStore();
    return transact((tx) => {
      const result = callback(tx);
      // What consists of a comment alone is not sent: this changes nothing but the log.
      if (id !== undefined) tx.comment(commentOf(id));
      return result;
    }, options);
  };
  const byPolicies = new Map<string, StatefulSetPortManager>();
  const managerFor = ({ policies }: Operation): StatefulSetPortManager => {
    const key = JSON.stringify(policies);
    let manager = byPolicies.get(key);
    if (manager === undefined) {
      byPolicies.set(key, (manager = new StatefulSetPortManager(nb, { subnets: SUBNETS, ...policies })));
    }
    return manager;
  };
  process.on('message', (command: WorkerCommand) => {
    if (command.type === 'audit') {
      const manager = new StatefulSetPortManager(nb, { subnets: SUBNETS });
      // Whatever was committed before this has reached the replica when its answer is here.
      void nb
        .transact((tx) => tx.select('NB_Global', [], []))
        .then(() => {
          const findings = manager.audit().filter((finding) => finding.kind === 'shared-address');
          const shared = findings.map(({ logicalSwitch, address, ports }): [string, string[]] => [
            `${logicalSwitch} ${address}`,
            ports.map(({ name }) => name).sort(),
          ]);
          answer({ type: 'audited', shared });
        });
    }
    if (command.type !== 'run') return;
    const { operation } = command;
    void running.run(operation.id, async () => {
      const report = await perform(managerFor(operation), operation).catch(failed);
      answer({ type: 'done', id: operation.id, at: Date.now(), report });
    });
  });
}

async function perform(manager: StatefulSetPortManager, { kind, spec, ordinal }: Operation): Promise<Report> {
  const statefulSet = manifestOf(spec);
  const port = `${spec.name}-${ordinal ?? 0}`;
  const pod = { metadata: { name: port, namespace: spec.namespace } };
  switch (kind) {
    case 'apply':
    case 'readdress': {
      const { outcomes, released } = await manager[kind](statefulSet);
      return { ports: outcomes.map(reported), released: released.map((each) => each.port) };
    }
    case 'ensure':
      try {
        return { ports: [reported(await manager.ensurePort(pod, statefulSet))], released: [] };
      } catch (error) {
        if (!(error instanceof PortError) || error.pod === undefined) throw error;
        return { ports: [refused(`${port}.${spec.namespace}`, error as PortError)], released: [] };
      }
    case 'teardown':
      await manager.podDeleted(pod);
      return { ports: [], released: [] };
    case 'release': {
      const { released } = await manager.release(statefulSet);
      return { ports: [], released: released.map((each) => each.port) };
    }
  }
}

function manifestOf(spec: SetSpec): StatefulSetLike {
  const { name, namespace, incarnation, replicas, pool } = spec;
  const creationTimestamp = new Date(CREATED_AT + incarnation * 1000).toISOString();
  return {
    metadata: { name, namespace, uid: uidOf(spec), creationTimestamp },
    spec: {
      replicas,
      template: { metadata: { annotations: pool === undefined ? {} : { [IP_POOL_ANNOTATION]: pool.join(';') } } },
    },
  };
}

function reported(outcome: PodOutcome): ReportedPort {
  if (outcome.status === 'refused') return refused(outcome.port, outcome.error);
  const { port, status, ip4, ip6, mac, uuid } = outcome;
  return { port, status, ips: [ip4, ip6].filter((ip) => ip !== undefined), mac, uuid };
}

function refused(port: string, { code, details }: PortError): ReportedPort {
  const { ip, mac, port: holder } = details as { readonly ip?: string; readonly mac?: string; readonly port?: string };
  const error = {
    code,
    ...(ip !== undefined && { ip }),
    ...(mac !== undefined && { mac }),
    ...(holder !== undefined && { port: holder }),
  };
  return { port, status: 'refused', ips: [], mac: '', error };
}

function failed(error: unknown): Report {
  const { code, stack } = error as { readonly code?: unknown; readonly stack?: string };
  return { ports: [], released: [], error: { code: String(code), message: stack ?? String(error) } };
}

// Nobody is left to tell it anything.
process.on('disconnect', () => process.exit());
void (mode === 'foreign' ? foreign() : managers()).then(() => answer({ type: 'ready' }));
