/** What people lose when a plan is carried out: ports that are deleted, and addresses that are exchanged. */
import type { ManagedPort } from '../../statefulset/managed-port.js';
import { plannedIp, type SetOutcome } from './apply-report.js';
import type { Database } from './database.js';

/** A kept port that is deleted, or gets other addresses. */
export interface Stake {
  readonly port: ManagedPort;
  /**
   * `beyond-replicas`: deleted, as `--on-scale-down release` says; `replaced`: deleted, and a new one made, as
   * `--on-recreate fresh` says; `readdressed`; `moved` to another switch.
   */
  readonly fate: 'beyond-replicas' | 'replaced' | 'readdressed' | 'moved';
  /** The same for people, with the addresses that it gets. */
  readonly becomes: string;
}

/** What a planned StatefulSet gives up, by ordinal. */
export function stakesOf({ manager }: Database, { set, result }: SetOutcome): Stake[] {
  if (result === undefined) return [];
  const kept = manager.list({ metadata: { namespace: set.workload.namespace, name: set.workload.name } });
  const byName = new Map(kept.map((port) => [port.row.name, port]));
  const ofOutcomes = result.outcomes.flatMap((outcome): Stake[] => {
    const port = byName.get(outcome.port);
    if (port === undefined) return [];
    const { status } = outcome;
    if (status === 'created') return [{ port, fate: 'replaced', becomes: 'deleted, and made anew' }];
    if (status !== 'readdressed' && status !== 'moved') return [];
    const address = plannedIp(outcome, set);
    const becomes = address === undefined ? 'gets any other address' : `gets ${address}`;
    return [
      { port, fate: status, becomes: status === 'moved' ? `moves to the namespace's switch, ${becomes}` : becomes },
    ];
  });
  const replaced = new Set(ofOutcomes.map(({ port }) => port));
  const ofRelease = result.released.flatMap(({ port: name }): Stake[] => {
    const port = byName.get(name);
    if (port === undefined || replaced.has(port)) return [];
    return [{ port, fate: 'beyond-replicas', becomes: 'deleted' }];
  });
  return [...ofOutcomes, ...ofRelease];
}
