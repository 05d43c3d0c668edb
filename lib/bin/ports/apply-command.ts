/**
 * `ovn-northbound ports plan`, `apply` and `readdress`. Whatever they do is planned first. Where the plan gives up a
 * port or an address, that is shown and asked; and each StatefulSet is planned again right before it is applied, so that
 * nothing is given up that was not shown.
 */
import { outcomeJson, outcomeSummary, outcomeTable, type SetOutcome } from './apply-report.js';
import { applyShown, planOf } from './apply-shown.js';
import { rulesOf } from './command-line.js';
import { manifestOf, withDatabase, type Database, type PortsContext } from './database.js';
import { refuseDoubleClaims } from './double-claims.js';
import type { ManifestSet } from './manifest.js';
import { isConfirmed, requireAnswerable } from './question.js';
import { isRefusal } from './refusal.js';
import { keptPortTable, type Report } from './report.js';
import { SetProgress } from './set-progress.js';
import { stakesOf, type Stake } from './stakes.js';
import { counted } from './table.js';

/** Makes what is missing, or says what that would be. */
export async function apply(context: PortsContext): Promise<Report> {
  const { name, values, output, signal } = context;
  const isDryRun = name === 'plan' || values['dry-run'] === true;
  const { sets } = await manifestOf(context);
  const rules = { ...rulesOf(values), ...(name === 'readdress' && { onDrift: 'readdress' as const }) };
  return withDatabase(context, rules, async (database) => {
    const planned = refuseDoubleClaims(database, planAll(context, database, sets));
    if (isDryRun) return reportOf(planned, isDryRun);
    const stakes = new Map(planned.map((outcome) => [outcome.set, stakesOf(database, outcome)]));
    const all = [...stakes.values()].flat();
    if (all.length > 0) {
      requireAnswerable(
        context,
        `${name} would give up ${counted(all.length, 'port or address', 'ports and addresses')}`,
      );
      if (values.yes !== true && !(await isConfirmed(output, question(database, all), signal))) {
        const declined = planned.map((outcome) => ({ ...outcome, result: undefined, isPending: true }));
        return { ...reportOf(declined, isDryRun), text: 'nothing was changed\n', complaints: [], exitCode: 4 };
      }
    }
    const careful = database.managerWith({
      // Each conflict comes back here, to be looked at before it goes on; and one plan is one transaction.
      conflictRetries: 0,
      maxPortsPerTransaction: Number.MAX_SAFE_INTEGER,
      // Ports beyond the replicas are deleted by uuid.
      onScaleDown: 'keep',
    });
    const done: SetOutcome[] = [];
    const progress = new SetProgress(output, 'applying', sets);
    progress.follow(careful);
    try {
      for (const set of sets) {
        if (!signal.aborted) context.hasBegun = true;
        progress.next(set);
        const outcome = await applyShown(database, careful, set, stakes.get(set) ?? []);
        done.push(outcome);
        const { failure } = outcome;
        if (failure !== undefined) return { ...reportOf(done, isDryRun), exitCode: 1, failure };
      }
    } finally {
      progress.end();
    }
    return reportOf(done, isDryRun);
  });
}

/** What would become of all StatefulSets now. */
function planAll({ output }: PortsContext, { manager }: Database, sets: readonly ManifestSet[]): SetOutcome[] {
  const progress = new SetProgress(output, 'planning', sets);
  try {
    return sets.map((set) => {
      progress.next(set);
      return planOf(manager, set);
    });
  } finally {
    progress.end();
  }
}

function question(database: Database, stakes: readonly Stake[]): { details: string; text: string } {
  const fates = new Map(stakes.map((stake) => [stake.port, stake]));
  const table = keptPortTable(
    database.nb,
    stakes.map(({ port }) => port),
    { header: 'WHAT HAPPENS', of: (port) => fates.get(port)?.becomes ?? '' },
  );
  const inUse = stakes.filter(({ port }) => port.row.up === true).length;
  const warning = inUse === 0 ? '' : `${counted(inUse, 'of them is', 'of them are')} up: a pod is using it.\n`;
  return {
    details: `${table}${warning}`,
    text: `Give up ${counted(stakes.length, 'port or address', 'ports and addresses')}?`,
  };
}

function reportOf(outcomes: readonly SetOutcome[], isDryRun: boolean): Report {
  const complaints = outcomes.flatMap(({ result, error, complaints: own }) => [
    ...(result?.warnings ?? []),
    ...(own ?? []),
    ...(isRefusal(error) ? [error.message] : []),
    ...listed(result?.errors.map(({ message }) => message) ?? []),
  ]);
  const areRefused = outcomes.some(({ result, error }) => isRefusal(error) || (result?.errors.length ?? 0) > 0);
  const arePending = outcomes.some(({ isPending }) => isPending);
  return {
    text: `${outcomeTable(outcomes, isDryRun)}${outcomeSummary(outcomes, isDryRun)}`,
    json: { dryRun: isDryRun, statefulSets: outcomes.map((outcome) => outcomeJson(outcome, isDryRun)) },
    complaints,
    exitCode: areRefused ? 3 : arePending ? 4 : 0,
  };
}

/** The first messages; a pool that is far too short has the same to say of each pod. */
function listed(messages: readonly string[]): readonly string[] {
  const most = 20;
  if (messages.length <= most) return messages;
  return [...messages.slice(0, most), `and ${messages.length - most} more of the same StatefulSet`];
}
