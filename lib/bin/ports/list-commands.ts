/** The sub-commands that only look: `list`, `audit` and `capacity`. */
import { InvalidArgumentError } from '../../errors.js';
import { AUDIT_KINDS, type AuditFinding } from '../../statefulset/audit/audit-finding.js';
import type { Capacity } from '../../statefulset/audit/capacity.js';
import { rulesOf } from './command-line.js';
import { manifestOf, withDatabase, type PortsContext } from './database.js';
import { keptPorts, metadataOf, selectionOf, type Selection } from './kept-ports.js';
import { errorJson, keptPortJson, keptPortTable, withNulls, type Report } from './report.js';
import { isRefusal } from './refusal.js';
import { SetProgress } from './set-progress.js';
import { printable } from '../printable.js';
import { counted, formatTable } from './table.js';

/** So many take an audit long enough that somebody might wonder. */
const MANY_PORTS = 5000;

/** For a StatefulSet that gets no ports at all. */
const NO_FIGURES: Readonly<Record<keyof Capacity, unknown>> = {
  statefulSet: null,
  source: null,
  size: null,
  assigned: null,
  retained: null,
  unavailable: null,
  free: null,
  firstUncoveredOrdinal: null,
};

/** The kept ports. */
export async function list(context: PortsContext): Promise<Report> {
  const { values } = context;
  const manifest = values.file === undefined ? undefined : await manifestOf(context);
  const selection = selectionOf(values, manifest, true);
  return withDatabase(context, {}, (database) => {
    const ports = keptPorts(database, selection);
    return Promise.resolve({
      text: ports.length === 0 ? '' : keptPortTable(database.nb, ports),
      json: { ports: ports.map((port) => keptPortJson(database.nb, port)) },
      complaints: ports.length === 0 ? ['no ports are kept for these'] : [],
      exitCode: 0,
    });
  });
}

/** What should not be there. Exit code 4 when there is something. */
export async function audit(context: PortsContext): Promise<Report> {
  const { values } = context;
  const manifest = values.file === undefined ? undefined : await manifestOf(context);
  const selection = selectionOf(values, manifest, true);
  const kinds = values.kind?.map((kind) => {
    const known = AUDIT_KINDS.find((candidate) => candidate === kind);
    if (known !== undefined) return known;
    throw new InvalidArgumentError(`--kind is "${kind}"; it must be ${AUDIT_KINDS.join(' or ')}`);
  });
  return withDatabase(context, {}, ({ nb, manager }) => {
    const { size } = nb.tables.Logical_Switch_Port;
    const progress = context.output.progress?.begin(`auditing ${counted(size, 'port')}`);
    // Nothing can be shown while it looks.
    if (size >= MANY_PORTS) progress?.show();
    const findings = manager
      .audit(selection.switches)
      .filter((finding) => kinds?.includes(finding.kind) ?? true)
      .filter((finding) => isAbout(finding, selection));
    progress?.end();
    const rows = findings.map(({ logicalSwitch, kind, message }) => [logicalSwitch, kind, message]);
    return Promise.resolve({
      text:
        findings.length === 0
          ? 'nothing found\n'
          : `${formatTable(['SWITCH', 'KIND', 'FINDING'], rows)}${counted(findings.length, 'finding')}\n`,
      json: { findings: findings.map(withNulls) },
      complaints: [],
      exitCode: findings.length === 0 ? 0 : 4,
    });
  });
}

/** How many addresses there are for StatefulSets. Exit code 3 when one of their pods has none. */
export async function capacity(context: PortsContext): Promise<Report> {
  const { values } = context;
  const { sets } = await manifestOf(context);
  return withDatabase(context, rulesOf(values), ({ manager }) => {
    const found: Capacity[] = [];
    const json: unknown[] = [];
    const complaints: string[] = [];
    let exitCode: 0 | 3 = 0;
    const progress = new SetProgress(context.output, 'counting the addresses for', sets);
    for (const set of sets) {
      const { statefulSet, workload } = set;
      progress.next(set);
      try {
        const figures = manager.capacity(statefulSet);
        const { firstUncoveredOrdinal: first } = figures;
        found.push(figures);
        json.push({ ...figures, firstUncoveredOrdinal: first ?? null, replicas: workload.replicas, error: null });
        complaints.push(...workload.warnings);
        if (first === undefined || first >= workload.start + workload.replicas) continue;
        complaints.push(`${workload.key}: there is no address for pod ${workload.name}-${first}`);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        json.push({ ...NO_FIGURES, statefulSet: workload.key, replicas: workload.replicas, error: errorJson(error) });
        complaints.push(error.message);
      }
      exitCode = 3;
    }
    progress.end();
    const header = ['STATEFULSET', 'SOURCE', 'SIZE', 'ASSIGNED', 'RETAINED', 'UNAVAILABLE', 'FREE', 'FIRST WITHOUT'];
    const rows = found.map(
      ({ statefulSet, source, size, assigned, retained, unavailable, free, firstUncoveredOrdinal }) => [
        statefulSet,
        source,
        ...[size, assigned, retained, unavailable, free].map(String),
        firstUncoveredOrdinal === undefined ? '' : `${metadataOf(statefulSet).name}-${firstUncoveredOrdinal}`,
      ],
    );
    return Promise.resolve({
      text: rows.length === 0 ? '' : formatTable(header, rows),
      json: { capacities: json },
      complaints: complaints.map(printable),
      exitCode,
    });
  });
}

/**
 * Is a finding about what was selected? A port whose StatefulSet cannot be read is only where StatefulSets and namespaces
 * are not selected.
 */
function isAbout(finding: AuditFinding, { statefulSets, namespaces }: Selection): boolean {
  if (finding.kind === 'ambiguous-switch') {
    return statefulSets === undefined && (namespaces?.some((name) => finding.namespaces.includes(name)) ?? true);
  }
  if (finding.kind === 'unreadable-port') return statefulSets === undefined && namespaces === undefined;
  const keys = finding.kind === 'shared-address' ? finding.ports.flatMap(({ statefulSet }) => statefulSet ?? []) : [finding.statefulSet]; // prettier-ignore
  if (statefulSets !== undefined && !keys.some((key) => statefulSets.includes(key))) return false;
  return namespaces === undefined || keys.some((key) => namespaces.includes(metadataOf(key).namespace));
}
