/**
 * Each StatefulSet is planned by itself, as if it were the only one of the manifests. So two of them may plan on the same
 * address, of which only the first will get it. This says so in the plans.
 */
import { lsGet } from '../../nb/switches.js';
import { readManagedPort } from '../../statefulset/managed-port.js';
import type { PodOutcome, RefusedPod } from '../../statefulset/manager-results.js';
import { PortError } from '../../statefulset/port-error.js';
import { plannedIp, type SetOutcome } from './apply-report.js';
import type { Database } from './database.js';
import { ipText } from './report.js';

/**
 * The plans, in the sequence in which they are to be applied, with those pods refused that come too late for an IP
 * address. Addresses that are picked clash with none.
 */
export function refuseDoubleClaims(database: Database, plans: readonly SetOutcome[]): SetOutcome[] {
  const firstClaims = new Map<string, PodOutcome>();
  return plans.map((plan) => {
    const { set, result } = plan;
    if (result === undefined) return plan;
    const { namespace } = set.workload;
    const logicalSwitch = lsGet(database.nb, database.switchOf(namespace))._uuid;
    const outcomes = result.outcomes.map((outcome): PodOutcome => {
      const ips = plannedIp(outcome, set)?.split(',') ?? [];
      for (const ip of ips) {
        const first = firstClaims.get(`${logicalSwitch} ${ip}`);
        if (first !== undefined) return refusal(database, set.workload, outcome, ip, first);
      }
      for (const ip of ips) firstClaims.set(`${logicalSwitch} ${ip}`, outcome);
      return outcome;
    });
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'refused' ? [outcome.error] : []));
    return { ...plan, result: { ...result, outcomes, errors } };
  });
}

function refusal(
  { nb }: Database,
  { namespace, name }: SetOutcome['set']['workload'],
  { statefulSet, ordinal, pod, port }: PodOutcome,
  ip: string,
  first: PodOutcome,
): RefusedPod {
  const row = nb.tables.Logical_Switch_Port.find({ name: port });
  const kept = row === undefined ? undefined : readManagedPort(row);
  const subject = { namespace, statefulSet: name, pod, keeps: kept === undefined ? undefined : ipText(kept) };
  const reason = `${ip} goes to pod ${first.pod} of ${first.statefulSet}, whose manifest comes first; give one of them another address`;
  const error = new PortError('AddressInUse', subject, reason, { ip, port: first.port, retained: false });
  return { status: 'refused', statefulSet, ordinal, pod, port, error };
}
