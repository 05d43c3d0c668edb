/** `ovn-northbound ports adopt`: takes over the ports that another system made for the pods of StatefulSets. */
import type { AdoptResult } from '../../statefulset/manager-results.js';
import { choice, rulesOf } from './command-line.js';
import { manifestOf, withDatabase, type PortsContext } from './database.js';
import { isRefusal } from './refusal.js';
import { errorJson, ipText, type Report } from './report.js';
import { SetProgress } from './set-progress.js';
import { printable } from '../printable.js';
import { counted, formatTable } from './table.js';

/** Adopts, or with `--dry-run` says what that would change. */
export async function adopt(context: PortsContext): Promise<Report> {
  const { values, signal, output } = context;
  const isDryRun = values['dry-run'] === true;
  const existingName = choice(values, 'existing-name', ['pod.namespace', 'namespace_pod']);
  const { sets } = await manifestOf(context);
  return withDatabase(context, rulesOf(values), async ({ manager, call }) => {
    const results: AdoptResult[] = [];
    const json: unknown[] = [];
    const complaints: string[] = [];
    let areRefused = false;
    let failure: unknown;
    const progress = new SetProgress(output, 'adopting', sets);
    progress.follow(manager);
    for (const set of sets) {
      const { statefulSet, workload } = set;
      progress.next(set);
      try {
        signal.throwIfAborted();
        context.hasBegun ||= !isDryRun;
        const result = await manager.adopt(statefulSet, { ...call, dryRun: isDryRun, existingName });
        results.push(result);
        json.push({ ...adoptedJson(result), error: null });
        complaints.push(...workload.warnings, ...result.errors.map(({ message }) => message));
        if (result.missing.length > 0)
          complaints.push(`${workload.key}: no port to adopt for ${result.missing.join(', ')}`);
        areRefused ||= result.errors.length > 0;
      } catch (error) {
        json.push({ statefulSet: workload.key, adopted: [], missing: [], errors: [], error: errorJson(error) });
        if (!isRefusal(error)) {
          failure = error;
          break;
        }
        areRefused = true;
        complaints.push(error.message);
      }
    }
    progress.end();
    const count = results.reduce((sum, { adopted }) => sum + adopted.length, 0);
    const exitCode = failure !== undefined ? 1 : areRefused ? 3 : isDryRun && count > 0 ? 4 : 0;
    return {
      text: adoptedText(results, count, isDryRun),
      json: { dryRun: isDryRun, statefulSets: json },
      complaints: complaints.map(printable),
      exitCode,
      ...(failure !== undefined && { failure }),
    };
  });
}

function adoptedJson({ statefulSet, adopted, missing, errors }: AdoptResult): Readonly<Record<string, unknown>> {
  return {
    statefulSet,
    adopted: adopted.map(({ ip4, ip6, formerVendor, drift, ...port }) => ({
      ...port,
      ip4: ip4 ?? null,
      ip6: ip6 ?? null,
      formerVendor: formerVendor ?? null,
      drift: drift ?? null,
    })),
    missing,
    errors: errors.map(errorJson),
  };
}

function adoptedText(results: readonly AdoptResult[], count: number, isDryRun: boolean): string {
  if (count === 0) return 'nothing to adopt\n';
  const header = ['STATEFULSET', 'ORDINAL', 'PORT', 'FORMER NAME', 'FORMER VENDOR', 'IP', 'MAC', 'NOTE'];
  const rows = results.flatMap(({ statefulSet, adopted }) =>
    adopted.map(({ ordinal, port, formerName, formerVendor, drift, mac, ...ips }) => [
      statefulSet,
      String(ordinal),
      port,
      formerName === port ? 'the same' : formerName,
      formerVendor ?? '',
      ipText(ips),
      mac,
      drift === undefined ? '' : `the pool says ${drift.want.join(',') || 'nothing for this pod'}`,
    ]),
  );
  return `${formatTable(header, rows)}${counted(count, 'port')} ${isDryRun ? 'would be adopted' : 'adopted'}\n`;
}
