/** What a sub-command has to say, for people and for programs. */
import { OvsdbError } from '../../errors.js';
import type { NorthboundClient } from '../../nb/northbound.js';
import { podPort, type ManagedPort } from '../../statefulset/managed-port.js';
import type { ExitCode } from '../command-output.js';
import { formatTable } from './table.js';

/** What became of a sub-command. */
export interface Report {
  /** What standard output gets without `--json`. */
  readonly text: string;
  /** Members of the document that `--json` prints. Absent values are null, so that the shape is always the same. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Lines for standard error: who got nothing and why, what should be looked at. */
  readonly complaints: readonly string[];
  readonly exitCode: ExitCode;
  /** Why it went no further, if it did not come to its end. */
  readonly failure?: unknown;
}

/** An error as `--json` shows it. */
export function errorJson(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof OvsdbError) {
    const { code, message } = error;
    const { details } = error as { readonly details?: unknown };
    return { code, message, details: typeof details === 'object' ? withNulls(details) : null };
  }
  return { code: 'Interrupted', message: error instanceof Error ? error.message : String(error), details: null };
}

/** A plain value whose members are all there in JSON: null for what is undefined. */
export function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withNulls(member)]));
}

/** Has an operator of the database said which switch a port is on? Its name, or undefined for a port that is on none. */
export function switchNameOf(nb: NorthboundClient, { row }: ManagedPort): string | undefined {
  return nb.tables.Logical_Switch.find({ ports: [row._uuid] })?.name;
}

/** A kept port as `--json` shows it. */
export function keptPortJson(nb: NorthboundClient, port: ManagedPort): Readonly<Record<string, unknown>> {
  const { ip4, ip6, ...rest } = podPort(port);
  return {
    ...rest,
    ip4: ip4 ?? null,
    ip6: ip6 ?? null,
    uuid: port.row._uuid,
    logicalSwitch: switchNameOf(nb, port) ?? null,
    up: port.row.up ?? null,
    vendor: port.row.external_ids['vendor'] ?? null,
    ownerUid: port.ownerUid ?? null,
    podUid: port.podUid ?? null,
  };
}

/** A table of kept ports; `what` adds a column of the caller's. */
export function keptPortTable(
  nb: NorthboundClient,
  ports: readonly ManagedPort[],
  what?: { readonly header: string; readonly of: (port: ManagedPort) => string },
): string {
  const header = [
    'STATEFULSET',
    'ORDINAL',
    'PORT',
    'SWITCH',
    'IP',
    'MAC',
    'UP',
    ...(what === undefined ? [] : [what.header]),
  ];
  const rows = ports.map((port) => [
    port.statefulSet,
    String(port.ordinal),
    port.row.name,
    switchNameOf(nb, port) ?? '',
    ipText(port),
    port.mac,
    port.row.up === undefined ? '' : port.row.up ? 'up' : 'down',
    ...(what === undefined ? [] : [what.of(port)]),
  ]);
  return formatTable(header, rows);
}

/** The addresses of a port with a comma between them, as pools write them. */
export function ipText({ ip4, ip6 }: { readonly ip4: string | undefined; readonly ip6: string | undefined }): string {
  return [ip4, ip6].filter((ip) => ip !== undefined).join(',');
}
