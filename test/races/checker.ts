/**
 * Goes through what the server committed, transaction by transaction, and says what should not have happened. It knows
 * what every operation was asked to do, and shares no code with the library.
 *
 * At every moment: no two managed ports of a switch have the same IP or MAC address; every managed port is on a switch
 * and names its owner correctly; every change was one that an operation was asked for.
 */
import type { LoggedRow, LoggedTransaction, RowChange } from './database-log.js';
import {
  commentOf,
  describeOperation,
  FOREIGN_COMMENT,
  type Execution,
  type Operation,
  type Place,
  type SetSpec,
} from './ledger.js';
import { Occupancy } from './occupancy.js';
import { faultsOf, readPort, type PortState } from './port-row.js';
import { faultOfDelete, faultOfInsert, faultOfUpdate, isSameAddresses, type PortPast } from './transition-rules.js';

/** A time during which a managed port was as it says. Times are milliseconds since 1970. */
export interface Stay {
  readonly uuid: string;
  readonly port: PortState;
  readonly logicalSwitch: string;
  readonly from: number;
  until: number;
  /** Operations that made the port, and that gave it these addresses. */
  readonly insertedBy: string | undefined;
  readonly writtenBy: string | undefined;
  /** Operation that deleted the port at the end of this time. */
  deletedBy: string | undefined;
}

/** What happened, counted. */
export interface Tally {
  transactions: number;
  created: number;
  readdressed: number;
  deleted: number;
  /** Ports, or addresses of ports, that were taken back after the commit. */
  takenBack: number;
  deletedByForeigners: number;
}

/** See the head of this file. */
export class Checker {
  readonly violations: string[] = [];
  readonly occupancy: Occupancy = new Occupancy();
  /** All stays by the name of the port, in order. */
  readonly stays = new Map<string, Stay[]>();
  /** Free addresses of each place that has a capacity, from a time on. */
  readonly free = new Map<string, { readonly from: number; readonly free: number }[]>();
  readonly tally: Tally = {
    transactions: 0,
    created: 0,
    readdressed: 0,
    deleted: 0,
    takenBack: 0,
    deletedByForeigners: 0,
  };
  /** Ids of the operations that sent something. */
  readonly senders = new Set<string>();
  readonly #places: ReadonlyMap<string, Place>;
  readonly #operations = new Map<string, Operation>();
  readonly #namesOf = new Map<string, Set<string>>();
  readonly #switches = new Map<string, string>();
  readonly #switchOf = new Map<string, string>();
  readonly #rows = new Map<string, LoggedRow>();
  readonly #present = new Map<string, Stay>();
  readonly #pasts = new Map<string, { insertedBy: string | undefined; readdressed: PortPast['readdressed'] }>();
  /** Since when a port had addresses that it gave up in the last change. */
  readonly #former = new Map<string, ReadonlyMap<string, number>>();

  constructor(places: readonly Place[], executions: Iterable<Execution>) {
    this.#places = new Map(places.map((place) => [place.logicalSwitch, place]));
    for (const { operation } of executions) this.#operations.set(commentOf(operation.id), operation);
  }

  /** The ports that no manager made, and those that managers keep, as they are now: names by uuid. */
  get ports(): ReadonlyMap<string, PortState> {
    return new Map(Array.from(this.#rows, ([uuid, row]) => [uuid, readPort(row)]));
  }

  /** Names of all ports that a StatefulSet ever had. */
  portsOf({ namespace, name }: Pick<SetSpec, 'namespace' | 'name'>): string[] {
    return [...(this.#namesOf.get(`${namespace}/${name}`) ?? [])];
  }

  /** Takes over the next transaction. */
  transaction(transaction: LoggedTransaction): void {
    const { comment, changes } = transaction;
    this.tally.transactions++;
    const operation = this.#operations.get(comment);
    if (operation !== undefined) this.senders.add(operation.id);
    const isForeign = comment.startsWith(FOREIGN_COMMENT);
    for (const { table, uuid, before, after } of changes) {
      if (table !== 'Logical_Switch') continue;
      for (const port of before?.ports ?? []) if (this.#switchOf.get(port) === uuid) this.#switchOf.delete(port);
      if (after !== undefined) this.#switches.set(uuid, after.name);
      for (const port of after?.ports ?? []) this.#switchOf.set(port, uuid);
    }
    const ports = changes.filter(({ table }) => table === 'Logical_Switch_Port');
    for (const change of ports) if (!isForeign) this.#judge(transaction, change, operation, ports);
    this.#move(transaction, ports, operation);
    for (const { uuid, after } of ports) if (after !== undefined) this.#judgeRow(transaction, uuid, after, isForeign);
    this.#noteFree(transaction);
  }

  /** Was the change one that somebody asked for? */
  #judge(
    transaction: LoggedTransaction,
    { uuid, before, after }: RowChange,
    operation: Operation | undefined,
    all: readonly RowChange[],
  ): void {
    const [was, is] = [before && readPort(before), after && readPort(after)];
    const say = (what: string): void => this.#violation(transaction, `${(is ?? was)?.name ?? uuid}: ${what}`);
    if ((was ?? is)?.owner === undefined) {
      say(`a port that no manager made was ${before ? (after ? 'changed' : 'deleted') : 'made'} by one`);
      return;
    }
    if (operation === undefined) {
      say('changed by nobody who is known');
      return;
    }
    const past: PortPast = {
      insertedBy: this.#pasts.get(uuid)?.insertedBy,
      readdressed: this.#pasts.get(uuid)?.readdressed,
      isContested: this.occupancy.contested.has(uuid),
    };
    const place = this.#places.get(this.#switches.get(this.#switchOf.get(uuid) ?? '') ?? '');
    if (is === undefined && was !== undefined) {
      const isReplaced = all.some((other) => other.after?.name === was.name && other.uuid !== uuid);
      const isReturned = all.some(
        ({ before: given, after: back }) =>
          given !== undefined && back !== undefined && readPort(back).ips.some((ip) => was.ips.includes(ip)),
      );
      const logicalSwitch = this.#present.get(uuid)?.logicalSwitch ?? '';
      const isBarred = (past.readdressed?.before.ips ?? []).some((ip) =>
        this.occupancy
          .holders(logicalSwitch, ip)
          .some((other) => other.uuid !== uuid && other.port.owner !== undefined),
      );
      const fault = faultOfDelete(operation, was, past, { isReplaced, isReturned, isBarred });
      if (fault !== undefined) say(`deleted: ${fault}`);
      if (past.insertedBy === operation.id) this.tally.takenBack++;
      this.tally.deleted++;
    } else if (was === undefined && is !== undefined) {
      const fault = faultOfInsert(operation, is, place);
      if (fault !== undefined) say(`made: ${fault}`);
      this.tally.created++;
    } else if (was !== undefined && is !== undefined) {
      const fault = faultOfUpdate(operation, was, is, past, place);
      if (fault !== undefined) say(`changed: ${fault}`);
      if (isSameAddresses(was, is)) return;
      if (past.readdressed?.by === operation.id) this.tally.takenBack++;
      else this.tally.readdressed++;
    }
  }

  /** Follows who has what, first what is given up and then what is taken: members of a StatefulSet may swap. */
  #move(
    { date, index, comment }: LoggedTransaction,
    ports: readonly RowChange[],
    operation: Operation | undefined,
  ): void {
    const nameOf = (uuid: string): string => this.#switches.get(this.#switchOf.get(uuid) ?? '') ?? '';
    for (const { uuid, after } of ports) {
      const stay = this.#present.get(uuid);
      const port = after && readPort(after);
      const logicalSwitch = stay?.logicalSwitch ?? nameOf(uuid);
      const givenUp = (stay?.port.ips ?? []).filter((ip) => port?.ips.includes(ip) !== true);
      const since = givenUp.map((ip): [string, number] => {
        const tenure = this.occupancy.holders(logicalSwitch, ip).find((holder) => holder.uuid === uuid);
        return [ip, tenure?.since ?? index];
      });
      const past = this.#pasts.get(uuid);
      if (givenUp.length > 0 && past?.readdressed?.by !== operation?.id) this.#former.set(uuid, new Map(since));
      this.occupancy.end(uuid, logicalSwitch, port, date);
      if (stay !== undefined && (port === undefined || !isSameAddresses(stay.port, port))) {
        stay.until = date;
        if (port === undefined) stay.deletedBy = operation?.id;
        if (port === undefined && comment.startsWith(FOREIGN_COMMENT) && stay.port.owner)
          this.tally.deletedByForeigners++;
      }
    }
    const taken: [uuid: string, logicalSwitch: string, address: string][] = [];
    for (const { uuid, after } of ports) {
      if (after === undefined) {
        for (const map of [this.#rows, this.#present, this.#pasts, this.#former]) map.delete(uuid);
        continue;
      }
      this.#rows.set(uuid, after);
      const port = readPort(after);
      const logicalSwitch = nameOf(uuid);
      const stay = this.#present.get(uuid);
      const past = this.#pasts.get(uuid) ?? { insertedBy: operation?.id, readdressed: undefined };
      const isTakenBack = operation !== undefined && past.readdressed?.by === operation.id;
      const earlier = isTakenBack ? this.#former.get(uuid) : undefined;
      if (stay !== undefined && operation !== undefined && !isSameAddresses(stay.port, port)) {
        past.readdressed = isTakenBack ? undefined : { by: operation.id, before: stay.port };
      }
      this.#pasts.set(uuid, past);
      for (const address of this.occupancy.set(uuid, logicalSwitch, port, index, earlier ?? new Map())) {
        taken.push([uuid, logicalSwitch, address]);
      }
      if (stay !== undefined && isSameAddresses(stay.port, port)) continue;
      const next: Stay = {
        uuid,
        port,
        logicalSwitch,
        from: date,
        until: Infinity,
        insertedBy: past.insertedBy,
        writtenBy: operation?.id,
        deletedBy: undefined,
      };
      this.#present.set(uuid, next);
      const key = port.owner?.statefulSet ?? '';
      this.#namesOf.set(key, (this.#namesOf.get(key) ?? new Set()).add(port.name));
      const all = this.stays.get(port.name);
      if (all === undefined) this.stays.set(port.name, [next]);
      else all.push(next);
    }
    for (const [uuid, logicalSwitch, address] of taken) {
      this.occupancy.noteConflicts(uuid, logicalSwitch, address, operation?.id);
    }
  }

  /** Is the row right by itself, and has nobody else its addresses? */
  #judgeRow(transaction: LoggedTransaction, uuid: string, row: LoggedRow, isForeign: boolean): void {
    const port = readPort(row);
    if (port.owner === undefined) return;
    const logicalSwitch = this.#switches.get(this.#switchOf.get(uuid) ?? '');
    const say = (what: string): void => this.#violation(transaction, `${port.name}: ${what}`);
    if (logicalSwitch === undefined) say('it is on no switch');
    else if (!isForeign) for (const fault of faultsOf(row, logicalSwitch)) say(fault);
    for (const address of [...port.ips, ...port.macs]) {
      const others = this.occupancy
        .holders(logicalSwitch ?? '', address)
        .filter((holder) => holder.uuid !== uuid && holder.port.owner !== undefined);
      for (const { port: other } of others) say(`it has ${address}, and so has ${other.name}`);
    }
  }

  #noteFree({ date }: LoggedTransaction): void {
    for (const { logicalSwitch, capacity, accepts } of this.#places.values()) {
      if (capacity === undefined) continue;
      const free = capacity - this.occupancy.held(logicalSwitch, accepts);
      const times = this.free.get(logicalSwitch);
      if (times === undefined) this.free.set(logicalSwitch, [{ from: date, free }]);
      else if (times.at(-1)?.free !== free) times.push({ from: date, free });
    }
  }

  #violation({ index, comment }: LoggedTransaction, what: string): void {
    const operation = this.#operations.get(comment);
    const who = operation === undefined ? `"${comment}"` : describeOperation(operation);
    this.violations.push(`transaction ${index} by ${who}: ${what}`);
  }
}
