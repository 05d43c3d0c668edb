/** Holds what callers were told against what the database's log says was there while their calls ran. */
import type { Checker, Stay } from './checker.js';
import {
  describeOperation,
  type Execution,
  type Operation,
  type Place,
  type Report,
  type ReportedPort,
} from './ledger.js';

/** The clock of the log is that of the operations, but for rounding. */
const CLOCK_MS = 3;
/** How far the replica of a busy process may be behind the server: answers that need no transaction come from it. */
const REPLICA_LAG_MS = 2_000;

/** Returns what does not fit; `checker` has gone through the whole log. */
export function checkReports(checker: Checker, places: readonly Place[], executions: Iterable<Execution>): string[] {
  const violations: string[] = [];
  const byId = new Map<string, Execution>();
  const deleted = new Map<string, Set<string>>();
  const note = (map: Map<string, Set<string>>, id: string, port: string): void => {
    map.set(id, (map.get(id) ?? new Set()).add(port));
  };
  for (const [port, stays] of checker.stays) {
    for (const { deletedBy, insertedBy } of stays) {
      if (deletedBy !== undefined && deletedBy !== insertedBy) note(deleted, deletedBy, port);
    }
  }
  for (const execution of executions) {
    byId.set(execution.operation.id, execution);
    const { operation, end } = execution;
    if (end === undefined) continue;
    const say = (what: string): void => {
      violations.push(`${describeOperation(operation)}: ${what}`);
    };
    const { error, ports, released } = end.report;
    if (error !== undefined) say(`failed: ${error.code}: ${error.message}`);
    for (const port of ports) {
      const fault = faultOf(checker, places, execution, end, port);
      if (fault !== undefined) say(`${port.port}, ${describe(port)}: ${fault}`);
    }
    const told = new Set(ports.filter(({ status }) => status === 'created').map(({ port }) => port));
    if (error === undefined && operation.kind !== 'teardown') {
      for (const port of madeBy(checker, operation, end.at)) {
        if (told.has(port)) continue;
        const what = ports.find((each) => each.port === port);
        say(`${port} was made, and the caller was not told so, but ${what === undefined ? 'nothing' : describe(what)}`);
      }
      // Of one that is replaced, the caller is told what its pod has now.
      const pods = new Set(ports.map(({ port }) => port));
      const gone = deleted.get(operation.id) ?? new Set();
      for (const port of released)
        if (!gone.has(port)) say(`${port} is said to be released, and it deleted no such port`);
      for (const port of gone) {
        if (!released.includes(port) && !pods.has(port)) say(`${port} was deleted, and the caller was not told so`);
      }
    }
    if (operation.kind === 'teardown' && checker.senders.has(operation.id)) say('something was sent');
  }
  return [...violations, ...lastingConflicts(checker, byId)];
}

/** The ports that an operation made and that were still there when it ended. */
function madeBy(checker: Checker, { id, spec }: Operation, endedAt: number): string[] {
  return checker.portsOf(spec).filter((port) => {
    const all = checker.stays.get(port) ?? [];
    return all.some(
      ({ insertedBy, from, until }) => insertedBy === id && from <= endedAt && until > endedAt + CLOCK_MS,
    );
  });
}

/** Conflicts with a port that was first and that outlived the call which brought them about. */
function lastingConflicts(checker: Checker, executions: ReadonlyMap<string, Execution>): string[] {
  return checker.occupancy.conflicts.flatMap(({ logicalSwitch, address, managed, foreign, operation, endedAt }) => {
    const execution = executions.get(operation ?? '');
    const end = execution?.end;
    if (execution === undefined || end === undefined || (endedAt ?? Infinity) <= end.at + CLOCK_MS) return [];
    const what = `${managed.port.name} has ${address} on ${logicalSwitch}, which ${foreign.port.name} had first`;
    const lasting = endedAt === undefined ? 'for good' : `for ${endedAt - end.at} ms after the call`;
    const told = end.report.ports.find(({ port }) => port === managed.port.name);
    const saying = told === undefined ? 'nothing' : describe(told);
    return [
      `${describeOperation(execution.operation)}: ${what}, and that lasted ${lasting}; the caller was told ${saying}`,
    ];
  });
}

function faultOf(
  checker: Checker,
  places: readonly Place[],
  { operation, startedAt }: Execution,
  { at: endedAt, report: { ports } }: { readonly at: number; readonly report: Report },
  told: ReportedPort,
): string | undefined {
  const stays = checker.stays.get(told.port) ?? [];
  const during = (all: readonly Stay[], lagMs: number): Stay[] =>
    all.filter(({ from, until }) => from <= endedAt + CLOCK_MS && until >= startedAt - CLOCK_MS - lagMs);
  const isTold = ({ port }: Stay): boolean => port.ips.join() === told.ips.join() && port.macs.join() === told.mac;
  if (told.status !== 'refused') {
    const wrote = told.status === 'created' || told.status === 'readdressed';
    const found = during(stays, wrote ? 0 : REPLICA_LAG_MS).filter(isTold);
    if (found.length === 0) return 'no such port was in the database meanwhile';
    if (told.uuid !== undefined && found.every(({ uuid }) => uuid !== told.uuid)) return 'the port has another uuid';
    if (told.status === 'created' && found.every(({ insertedBy }) => insertedBy !== operation.id)) {
      return 'it was made by somebody else';
    }
    if (wrote && found.every(({ deletedBy }) => deletedBy === operation.id)) return 'it was taken back all the same';
    if (told.status === 'readdressed' && found.every(({ writtenBy }) => writtenBy !== operation.id)) {
      return 'somebody else gave it these addresses';
    }
    return undefined;
  }
  const { code = '', ip, mac, port = '' } = told.error ?? {};
  switch (code) {
    case 'AddressInUse':
    case 'MacInUse': {
      const holders = during(checker.stays.get(port) ?? [], REPLICA_LAG_MS);
      const has = holders.some((stay) => stay.port.ips.includes(ip ?? '') || stay.port.macs.includes(mac ?? ''));
      return has ? undefined : `${port} did not have ${ip ?? mac ?? 'it'} meanwhile`;
    }
    case 'SubnetExhausted': {
      const place = places.find(({ namespace }) => namespace === operation.spec.namespace);
      const times = checker.free.get(place?.logicalSwitch ?? '') ?? [];
      // What is planned may be overtaken by somebody who gives an address back: the others of the plan count.
      const created = ports.filter(({ status }) => status === 'created').length;
      const isFull = times.some(
        ({ from, free }, i) =>
          free <= created &&
          from <= endedAt + CLOCK_MS &&
          (times[i + 1]?.from ?? Infinity) >= startedAt - CLOCK_MS - REPLICA_LAG_MS,
      );
      return isFull ? undefined : 'the subnet was never full meanwhile';
    }
    case 'PoolExhausted': {
      const ordinal = Number(/-(\d+)\./.exec(told.port)?.[1]);
      return ordinal >= (operation.spec.pool?.length ?? Infinity) ? undefined : 'the pool has an entry for it';
    }
    case 'OwnerMismatch':
      return operation.policies.onRecreate === 'reject' ? undefined : 'other incarnations were to be let in';
    default:
      return 'there is no reason for that';
  }
}

function describe({ status, ips, mac, error }: ReportedPort): string {
  if (error === undefined) return `${status} with ${mac} ${ips.join()}`;
  return `${status}: ${error.code}${error.port === undefined ? '' : ` because of ${error.port}`}`;
}
