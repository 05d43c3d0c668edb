/** Logs of databases that never were, to see what the checker makes of them. */
import { Checker } from './checker.js';
import { checkReports } from './check-reports.js';
import { DatabaseLog } from './database-log.js';
import {
  commentOf,
  FOREIGN_COMMENT,
  uidOf,
  type Execution,
  type Kind,
  type Operation,
  type Place,
  type Policies,
  type Report,
  type ReportedPort,
  type SetSpec,
} from './ledger.js';

const SWITCH = 'switch-a';

/** A place with the addresses 10.0.0.1 to 10.0.0.3. */
export const PLACE: Place = {
  namespace: 'space',
  logicalSwitch: SWITCH,
  cidr: '10.0.0.0/24',
  gateway: '10.0.0.254',
  accepts: (ip) => /^10\.0\.0\.[123]$/.test(ip),
  capacity: 3,
};

/** The manifest of `space/web`. */
export function web(given: Partial<SetSpec> = {}): SetSpec {
  return { namespace: 'space', name: 'web', incarnation: 1, replicas: 2, pool: ['10.0.0.1', '10.0.0.2'], ...given };
}

/** Makes up a log, with what was asked of managers beside it. */
export class MadeUpLog {
  readonly log: DatabaseLog = new DatabaseLog();
  readonly #executions: Execution[] = [];
  #date = 1000;

  constructor() {
    this.#commit('', { Logical_Switch: { [SWITCH]: { name: SWITCH } } });
  }

  /** Notes a call that lasts until {@link ended}. */
  operation(
    kind: Kind = 'apply',
    spec: SetSpec = web(),
    given: Partial<Policies> & { readonly ordinal?: number } = {},
  ): Execution & { readonly id: string } {
    const { onScaleDown = 'keep', onRecreate = 'inherit', ordinal } = given;
    const id = String(this.#executions.length + 1);
    const operation: Operation = { id, kind, spec, ordinal, policies: { onScaleDown, onRecreate } };
    const execution = { id, operation, startedAt: this.#date };
    this.#executions.push(execution);
    return execution;
  }

  /** Ends a call, a while after whatever came before. */
  ended(execution: Execution, ports: readonly ReportedPort[] = [], rest: Partial<Report> = {}): void {
    execution.end = { at: this.#date, report: { ports, released: [], ...rest } };
    this.#date += 10_000;
  }

  /** A port comes, by an operation or a foreign writer. */
  insert(by: Execution | 'foreign', uuid: string, row: object): void {
    this.#commit(commentFor(by), {
      Logical_Switch: { [SWITCH]: { ports: ['uuid', uuid] } },
      Logical_Switch_Port: { [uuid]: row },
    });
  }

  /** A port goes. */
  delete(by: Execution | 'foreign', uuid: string): void {
    this.#commit(commentFor(by), {
      Logical_Switch: { [SWITCH]: { ports: ['uuid', uuid] } },
      Logical_Switch_Port: { [uuid]: null },
    });
  }

  /** Rows of ports change: given are the columns as they become. */
  update(by: Execution | 'foreign', rows: Readonly<Record<string, object>>): void {
    this.#commit(commentFor(by), { Logical_Switch_Port: rows }, false);
  }

  /** Rows change, and others come or go, in one transaction. */
  swap(by: Execution, rows: Readonly<Record<string, object>>, others: Readonly<Record<string, object | null>>): void {
    const present = [...(this.log.tables.Logical_Switch.get(SWITCH)?.ports ?? [])];
    const ports = new Set([...present, ...Object.keys(others)]);
    for (const [uuid, row] of Object.entries(others)) if (row === null) ports.delete(uuid);
    const logicalSwitch = { [SWITCH]: { ports: ['set', [...ports].map((uuid) => ['uuid', uuid])] } };
    this.#commit(commentFor(by), { Logical_Switch: logicalSwitch, Logical_Switch_Port: { ...rows, ...others } }, false);
  }

  /** What the checker finds. */
  violations(): string[] {
    const checker = new Checker([PLACE], this.#executions);
    for (const transaction of this.log.transactions) checker.transaction(transaction);
    return [...checker.violations, ...checkReports(checker, [PLACE], this.#executions)];
  }

  #commit(comment: string, tables: object, isDifference = true): void {
    this.#date += 10;
    this.log.record(JSON.stringify({ _date: this.#date, _comment: comment, _is_diff: isDifference, ...tables }));
    this.#date += 10;
  }
}

/** Columns of a foreign port. */
export function foreignRow(ip: string, mac = '0e:00:00:00:00:01'): { name: string; addresses: string } {
  return { name: `foreign ${ip}`, addresses: `${mac} ${ip}` };
}

/** Columns of the port of pod `ordinal` of a StatefulSet. */
export function portRow(
  ordinal: number,
  ip: string,
  { mac = `0a:00:00:00:00:0${ordinal}`, ids = {}, spec = web() }: { mac?: string; ids?: object; spec?: SetSpec } = {},
): { name: string; addresses: string; external_ids: unknown } {
  const { namespace, name } = spec;
  const all = {
    vendor: 'ovn-northbound',
    ls: SWITCH,
    pod: `${namespace}/${name}-${ordinal}`,
    'ovn-northbound/statefulset': `${namespace}/${name}`,
    'ovn-northbound/owner-uid': uidOf(spec),
    'ovn-northbound/ordinal': String(ordinal),
    'ovn-northbound/ip4': ip,
    'ovn-northbound/mac': mac,
    ...ids,
  };
  return {
    name: `${name}-${ordinal}.${namespace}`,
    addresses: `${mac} ${ip}`,
    external_ids: ['map', Object.entries(all)],
  };
}

/** What a caller is told of the port of `web-<ordinal>`. */
export function told(status: string, ordinal: number, ip: string, rest: Partial<ReportedPort> = {}): ReportedPort {
  return { port: `web-${ordinal}.space`, status, ips: [ip], mac: `0a:00:00:00:00:0${ordinal}`, ...rest };
}

function commentFor(by: Execution | 'foreign'): string {
  return by === 'foreign' ? FOREIGN_COMMENT : commentOf(by.operation.id);
}
