/** What `plan`, `apply` and `readdress` print of StatefulSets. */
import { podPort, type ManagedPort } from '../../statefulset/managed-port.js';
import type { ApplyResult, PlanResult, PodOutcome } from '../../statefulset/manager-results.js';
import { readPod } from '../../statefulset/workload.js';
import { printable } from '../printable.js';
import type { ManifestSet } from './manifest.js';
import { errorJson, ipText } from './report.js';
import { formatTable } from './table.js';

/** What became of one StatefulSet, or what would. */
export interface SetOutcome {
  readonly set: ManifestSet;
  /** Undefined when the StatefulSet as a whole got nothing. */
  readonly result: ApplyResult | PlanResult | undefined;
  /** Why not. */
  readonly error: unknown;
  /** The same, where it keeps the other StatefulSets from being looked at as well. */
  readonly failure?: unknown;
  /** Ports beyond the replicas that were deleted. */
  readonly released?: readonly ManagedPort[] | undefined;
  /** Is something left to be done? */
  readonly isPending: boolean;
  readonly complaints?: readonly string[] | undefined;
}

const ANY = '(any)';
const PLANNED: Readonly<Record<PodOutcome['status'], string>> = {
  created: 'create',
  reused: 'keep',
  readdressed: 'readdress',
  moved: 'move',
  adopted: 'adopt',
  refused: 'refuse',
};

/** The IP addresses that a planned port will have; undefined where they are picked when it is made. */
export function plannedIp(outcome: PodOutcome, { workload, pods }: ManifestSet): string | undefined {
  if (outcome.status === 'refused') return undefined;
  const isPicked = outcome.status === 'created' || outcome.status === 'moved' || outcome.status === 'readdressed';
  return isPicked && workload.pool === undefined && overrideOf(outcome, workload, pods).ipOverride === undefined
    ? undefined
    : ipText(outcome);
}

/** A line for each pod, and for each port that is deleted. */
export function outcomeTable(outcomes: readonly SetOutcome[], isPlan: boolean): string {
  const rows = outcomes.flatMap(({ set, result, released = [] }) => [
    ...(result?.outcomes ?? []).map((outcome) => [
      set.workload.key,
      String(outcome.ordinal),
      outcome.port,
      isPlan ? PLANNED[outcome.status] : outcome.status,
      ...addressCells(outcome, set, isPlan),
      noteOn(outcome),
    ]),
    ...[...released.map(podPort), ...(result?.released ?? [])].map((port) => [
      set.workload.key,
      String(port.ordinal),
      port.port,
      isPlan ? 'release' : 'released',
      ipText(port),
      port.mac,
      '',
    ]),
  ]);
  if (rows.length === 0) return '';
  return formatTable(['STATEFULSET', 'ORDINAL', 'PORT', 'STATUS', 'IP', 'MAC', 'NOTE'], rows);
}

/** A line for each StatefulSet: how many ports of each status. */
export function outcomeSummary(outcomes: readonly SetOutcome[], isPlan: boolean): string {
  return outcomes
    .map(({ set, result, released = [], isPending }) => {
      const counts = new Map<string, number>();
      const add = (status: string, count = 1): void => void counts.set(status, (counts.get(status) ?? 0) + count);
      for (const { status } of result?.outcomes ?? []) add(isPlan ? PLANNED[status] : status);
      const gone = released.length + (result?.released.length ?? 0);
      if (gone > 0) add(isPlan ? 'release' : 'released', gone);
      const parts = [...counts]
        .map(([status, count]) => (isPlan ? `${status} ${count}` : `${count} ${status}`))
        .join(', ');
      if (result === undefined)
        return `${printable(set.workload.key)}: ${parts === '' ? '' : `${parts}, `}not applied\n`;
      return `${printable(set.workload.key)}: ${parts === '' ? 'no pods' : parts}${isPlan && !isPending ? '; nothing to do' : ''}\n`;
    })
    .join('');
}

/** The same for programs. */
export function outcomeJson({ set, result, error, released = [] }: SetOutcome, isPlan: boolean): object {
  return {
    statefulSet: set.workload.key,
    outcomes: (result?.outcomes ?? []).map((outcome) => {
      const { ordinal, pod, port, status } = outcome;
      if (outcome.status === 'refused') {
        return { ordinal, pod, port, status, ip4: null, ip6: null, mac: null, uuid: null, refreshed: false, stale: false, drift: null, error: errorJson(outcome.error) }; // prettier-ignore
      }
      const { uuid, refreshed, stale, drift } = outcome;
      const isIpKnown = !isPlan || plannedIp(outcome, set) !== undefined;
      return {
        ordinal,
        pod,
        port,
        status,
        ip4: (isIpKnown ? outcome.ip4 : undefined) ?? null,
        ip6: (isIpKnown ? outcome.ip6 : undefined) ?? null,
        mac: isPlan && isMacPicked(outcome, set) ? null : outcome.mac,
        uuid: uuid ?? null,
        refreshed,
        stale,
        drift: drift ?? null,
        error: null,
      };
    }),
    released: [...released.map(podPort), ...(result?.released ?? [])].map(({ ip4, ip6, ...port }) => ({
      ...port,
      ip4: ip4 ?? null,
      ip6: ip6 ?? null,
    })),
    warnings: result?.warnings ?? [],
    error: error === undefined ? null : errorJson(error),
    // Addresses that are picked will be others when it is applied.
    transactions: result !== undefined && 'transactions' in result ? result.transactions : null,
  };
}

function addressCells(outcome: PodOutcome, set: ManifestSet, isPlan: boolean): [ip: string, mac: string] {
  if (outcome.status === 'refused') return ['', ''];
  if (!isPlan) return [ipText(outcome), outcome.mac];
  return [plannedIp(outcome, set) ?? ANY, isMacPicked(outcome, set) ? ANY : outcome.mac];
}

function noteOn(outcome: PodOutcome): string {
  if (outcome.status === 'refused') return outcome.error.code;
  const { drift, stale, refreshed, status } = outcome;
  return [
    ...(drift === undefined ? [] : [`the pool says ${drift.want.join(',') || 'nothing for this pod'}`]),
    ...(stale ? ['used by a later StatefulSet of this name'] : []),
    ...(refreshed && status === 'reused' ? ['brought up to date'] : []),
  ].join('; ');
}

/** A kept MAC stays; a new one is picked unless it is asked for. */
function isMacPicked(outcome: PodOutcome, { workload, pods }: ManifestSet): boolean {
  return outcome.status === 'created' && overrideOf(outcome, workload, pods).macOverride === undefined;
}

function overrideOf(
  { pod }: PodOutcome,
  workload: ManifestSet['workload'],
  pods: ManifestSet['pods'],
): { readonly ipOverride?: string | undefined; readonly macOverride?: string | undefined } {
  const given = pods.get(pod);
  return given === undefined ? {} : readPod(workload, given);
}
