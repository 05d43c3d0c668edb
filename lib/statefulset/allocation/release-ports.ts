/**
 * Deletes kept ports, on the condition that they still are kept for the same StatefulSet and incarnation.
 *
 * A release whose outcome stayed unknown may still arrive after its call has ended, and must not delete ports that are
 * in use again by then; see `doubtful-ports.ts`.
 */
import type { Uuid } from '../../schema/uuid.js';
import { Transaction } from '../../transaction/builder.js';
import type { Operation } from '../../transaction/operations.js';
import type { ManagedPort } from '../managed-port.js';
import type { Places } from '../switches/places.js';
import type { Call, ManagerTransaction, PortTransactions } from './port-transactions.js';
import type { DoubtfulPorts } from './doubtful-ports.js';
import { GENERATION_KEY } from '../switches/switch-flights.js';
import { SwitchGuards } from '../switches/switch-guards.js';
import type { ManagerClient } from '../switches/switch-index.js';
import { guardOwner } from './port-rows.js';

/** Appends the condition on which a port may be deleted. */
export type GuardPort = (tx: ManagerTransaction, port: ManagedPort) => void;

/** What a release may be told. */
export interface ReleaseRules {
  /** The condition of each deletion. Default: that the port is kept for the same StatefulSet and incarnation. */
  readonly guardPort?: GuardPort;
  /** Names of ports that nothing which is on its way yet may make afterwards. Default: none. */
  readonly mayNotCome?: (port: string) => boolean;
}

const guardKept: GuardPort = (tx, port) => guardOwner(tx, port, port.ownerUid);

/** See the head of this file. */
export class PortReleases {
  readonly #client: ManagerClient;
  readonly #transactions: PortTransactions;
  readonly #places: Places;
  readonly #maxPorts: number;
  readonly #doubtful: DoubtfulPorts;

  constructor(
    client: ManagerClient,
    transactions: PortTransactions,
    places: Places,
    doubtful: DoubtfulPorts,
    maxPorts: number,
  ) {
    this.#client = client;
    this.#transactions = transactions;
    this.#places = places;
    this.#doubtful = doubtful;
    this.#maxPorts = maxPorts;
  }

  /**
   * Deletes the ports that `choose` finds, some hundreds in one transaction, until it finds none; it is asked again
   * before each transaction. Resolves with the deleted ones.
   */
  async release(call: Call, choose: () => readonly ManagedPort[], rules: ReleaseRules = {}): Promise<ManagedPort[]> {
    const released: ManagedPort[] = [];
    while (choose().length > 0 || this.#coming(rules).length > 0) {
      const sent = await this.#releaseSome(call, choose, rules);
      // Ports on a switch that the client does not replicate cannot be taken off it.
      if (sent.size === 0 && choose().length > 0) return released;
      for (const [uuid, port] of sent) {
        if (this.#client.tables.Logical_Switch_Port.get(uuid) === undefined) released.push(port);
      }
    }
    return released;
  }

  /** Names of ports that calls which have ended may still make. */
  coming(isMeant: (port: string) => boolean): string[] {
    return this.#doubtful.making(isMeant).map(([port]) => port);
  }

  /** The operations that {@link release} would send, transaction by transaction; sends nothing. */
  preview(ports: readonly ManagedPort[]): (readonly Operation[])[] {
    const guards = new SwitchGuards(this.#places);
    const transactions: (readonly Operation[])[] = [];
    for (let i = 0; i < ports.length; i += this.#maxPorts) {
      const tx: ManagerTransaction = new Transaction(this.#client.schema, this.#client.tables);
      try {
        this.#takeOff(tx, ports.slice(i, i + this.#maxPorts), guards, guardKept);
      } finally {
        guards.withdraw();
      }
      const { guards: waits, operations } = tx.build();
      if (operations.length > 0) transactions.push([...waits, ...operations]);
    }
    return transactions;
  }

  async #releaseSome(
    call: Call,
    choose: () => readonly ManagedPort[],
    rules: ReleaseRules,
  ): Promise<ReadonlyMap<Uuid<'Logical_Switch_Port'>, ManagedPort>> {
    const sent = new Map<Uuid<'Logical_Switch_Port'>, ManagedPort>();
    // A lost reply runs the callback again, which then does not find what the lost transaction deleted.
    const unknown = new Map<Uuid<'Logical_Switch_Port'>, ManagedPort>();
    const { guardPort = guardKept } = rules;
    const guards = new SwitchGuards(this.#places);
    let coming: ReturnType<DoubtfulPorts['making']> = [];
    let succeeded = false;
    try {
      await this.#transactions.commit(
        call,
        (tx) => {
          guards.end(false);
          sent.clear();
          coming = this.#coming(rules);
          for (const logicalSwitch of new Set(coming.map(([, uuid]) => uuid)))
            changeGeneration(tx, logicalSwitch, guards);
          for (const port of this.#takeOff(tx, choose().slice(0, this.#maxPorts), guards, guardPort))
            sent.set(port.row._uuid, port);
        },
        () => {
          for (const [uuid, port] of sent) unknown.set(uuid, port);
        },
      );
      succeeded = true;
      this.#doubtful.settleMaking(coming.map(([port]) => port));
    } catch (error) {
      this.#doubtful.addChanging(error, namesOf(sent.values()), namesOf(unknown.values()));
      throw error;
    } finally {
      guards.end(succeeded);
    }
    return new Map([...unknown, ...sent]);
  }

  #coming({ mayNotCome }: ReleaseRules): ReturnType<DoubtfulPorts['making']> {
    return mayNotCome === undefined ? [] : this.#doubtful.making(mayNotCome);
  }

  /** Appends what deletes these ports, and returns those that it concerns. */
  #takeOff(
    tx: ManagerTransaction,
    ports: readonly ManagedPort[],
    guards: SwitchGuards,
    guardPort: GuardPort,
  ): ManagedPort[] {
    const bySwitch = new Map<Uuid<'Logical_Switch'>, ManagedPort[]>();
    for (const port of ports) {
      const logicalSwitch = this.#client.tables.Logical_Switch.find({ ports: [port.row._uuid] })?._uuid;
      if (logicalSwitch === undefined) continue;
      const others = bySwitch.get(logicalSwitch);
      if (others === undefined) bySwitch.set(logicalSwitch, [port]);
      else others.push(port);
    }
    for (const [uuid, there] of bySwitch) {
      const guarded = guards.guard(tx, uuid);
      if (guarded === undefined) continue;
      for (const port of there) guardPort(tx, port);
      tx.mutate('Logical_Switch', uuid, {
        ports: { delete: there.map(({ row }) => row._uuid) },
        external_ids: { set: { [GENERATION_KEY]: guarded.generation } },
      });
    }
    return [...bySwitch.values()].flat();
  }
}

/** Keeps out what was planned on the generation that the switch has; of one that is gone, nothing can come. */
function changeGeneration(tx: ManagerTransaction, logicalSwitch: Uuid<'Logical_Switch'>, guards: SwitchGuards): void {
  const guarded = guards.guard(tx, logicalSwitch);
  if (guarded === undefined) return;
  tx.mutate('Logical_Switch', logicalSwitch, { external_ids: { set: { [GENERATION_KEY]: guarded.generation } } });
}

function namesOf(ports: Iterable<ManagedPort>): string[] {
  return Array.from(ports, ({ row }) => row.name);
}
