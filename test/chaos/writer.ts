/**
 * One lane of a writing client: one write after another, each on rows that no other lane touches, the counter and
 * the list of the switch's ports apart, which all share.
 */
import { randomUUID } from 'node:crypto';

import type { Uuid } from '../../lib/schema/uuid.js';
import { transactOnce } from '../../lib/transaction/once.js';
import { TransactionError } from '../../lib/transaction/transaction-error.js';
import { isDone, type End, type Ledger, type LedgerPort, type Write } from './ledger.js';
import type { Observer } from './observer.js';
import type { Random } from '../random.js';
import { perform } from './recipe.js';

/** What all lanes write to. */
export interface SharedRows {
  readonly logicalSwitch: Uuid<'Logical_Switch'>;
  readonly global: Uuid<'NB_Global'>;
}

/** What one lane writes to. */
export interface LaneRows extends SharedRows {
  /** A switch that no other lane touches. */
  readonly own: Uuid<'Logical_Switch'>;
}

const LIMITS = { timeoutMs: 4_000 };
const NO_RETRY = { ...LIMITS, retries: 0 };
/** A lane with this many rows deletes more often than it inserts. */
const ENOUGH_ROWS = 150;

/** See the head of this file. */
export class Lane {
  readonly #name: string;
  readonly #observer: Observer;
  readonly #rows: LaneRows;
  readonly #ledger: Ledger;
  readonly #random: Random;
  readonly #ports: LedgerPort[] = [];
  /** Rows of counts that may be deleted: one copy of their transaction was sent, and that was done. */
  readonly #counts: Uuid<'Address_Set'>[] = [];
  #number = 0;
  /** Writes of this lane that are known to be done. */
  done = 0;

  constructor(name: string, observer: Observer, rows: LaneRows, ledger: Ledger, random: Random) {
    this.#name = name;
    this.#observer = observer;
    this.#rows = rows;
    this.#ledger = ledger;
    this.#random = random;
  }

  /** One write, whatever comes up. */
  async write(): Promise<void> {
    const crowded = this.#ports.length + this.#counts.length > ENOUGH_ROWS;
    const write = this.#random.weighted<Write>({
      insert: crowded ? 10 : 45,
      update: 25,
      count: crowded ? 5 : 15,
      increment: 10,
      once: 10,
      delete: crowded ? 50 : 10,
      doomed: 5,
    });
    switch (write) {
      case 'insert':
        await this.#insert();
        break;
      case 'update':
        await this.#update();
        break;
      case 'count':
        await this.#count();
        break;
      case 'increment':
        await this.#increment();
        break;
      case 'once':
        await this.#raiseOnce();
        break;
      case 'delete':
        await this.#delete();
        break;
      case 'doomed':
        await this.#insertDoomed();
    }
  }

  /** A port with a uuid of its own, which the lost copy of its transaction has as well. */
  async #insert(): Promise<void> {
    const port = this.#newPort();
    const end = await this.#perform('insert', port.name, {
      send: async () => this.#sendInsert(port),
      judge: duplicateUuid,
    });
    if (!isDone(end)) {
      this.#ledger.absent.set(port.uuid, `the insert of ${port.name} had ${end}`);
      return;
    }
    port.pinned = end !== 'acknowledged';
    this.#ports.push(port);
    this.#ledger.ports.set(port.uuid, port);
    if (end === 'acknowledged') this.#expectShown(port);
  }

  /** A new value for a port in place of the present one: the guard that the lost copy has as well. */
  async #update(): Promise<void> {
    if (this.#ports.length === 0) return;
    const port = this.#random.pick(this.#ports);
    const { uuid, value } = port;
    const next = `${this.#name}-${this.#number++}`;
    const end = await this.#perform('update', `${port.name} = ${next}`, {
      send: async () => {
        await this.#observer.client.transact((tx) => {
          tx.wait('Logical_Switch_Port', uuid, '==', [{ external_ids: { value } }]);
          tx.update('Logical_Switch_Port', uuid, { external_ids: { value: next } });
        }, NO_RETRY);
      },
      judge: async () => {
        const { client } = this.#observer;
        const rows = await answer(client.transact((tx) => tx.select('Logical_Switch_Port', uuid), LIMITS));
        return rows?.[0]?.external_ids['value'] === next ? 'was done' : undefined;
      },
    });
    if (!isDone(end)) return;
    port.value = next;
    if (end === 'acknowledged') this.#expectShown(port);
  }

  /** One more on the counter that all share, with a row whose uuid keeps a second copy out. */
  async #count(): Promise<void> {
    const uuid = randomUUID() as Uuid<'Address_Set'>;
    const end = await this.#perform('count', uuid, {
      send: async () => {
        await this.#observer.client.transact((tx) => {
          tx.insertWithUuid('Address_Set', uuid, { name: `count-${uuid}` });
          tx.mutate('NB_Global', this.#rows.global, { nb_cfg: { add: 1 } });
        }, NO_RETRY);
      },
      judge: duplicateUuid,
    });
    if (!isDone(end)) {
      this.#ledger.absent.set(uuid, `the count had ${end}`);
      return;
    }
    this.#ledger.counted++;
    this.#ledger.counts.add(uuid);
    if (end === 'acknowledged') this.#counts.push(uuid);
  }

  /** Read, modify, write, with the library's own way of trying again after a conflict. Nobody else writes this row. */
  async #increment(): Promise<void> {
    const { own } = this.#rows;
    const before = String(this.#ledger.increments.get(own) ?? 0);
    const next = String(Number(before) + 1);
    let copies = 0;
    const end = await this.#perform('increment', `to ${next}`, {
      send: async () => {
        const again = copies++ > 0;
        await this.#observer.client.transact(
          (tx) => {
            const row = tx.tables.Logical_Switch.get(own)!;
            if (again) tx.wait('Logical_Switch', own, '==', [{ other_config: { count: before } }]);
            else tx.verify('Logical_Switch', row, ['other_config']);
            const count = again ? next : String(Number(row.other_config['count']) + 1);
            tx.mutate('Logical_Switch', own, { other_config: { set: { count } } });
          },
          again ? NO_RETRY : LIMITS,
        );
      },
      judge: async () => {
        const { client } = this.#observer;
        const rows = await answer(client.transact((tx) => tx.select('Logical_Switch', own), LIMITS));
        return rows?.[0]?.other_config['count'] === next ? 'was done' : undefined;
      },
    });
    if (!isDone(end)) return;
    this.#ledger.increments.set(own, Number(next));
    const shown = this.#observer.client.tables.Logical_Switch.get(own)?.other_config['count'];
    if (end === 'acknowledged' && shown !== next) {
      this.#ledger.breach(
        `${this.#name}: one increment of ${before} was acknowledged, and the count is ${String(shown)}`,
      );
      this.#ledger.increments.set(own, Number(shown));
    }
  }

  /** One more on another counter that all share, with a fence: the library finds out what became of lost replies. */
  async #raiseOnce(): Promise<void> {
    const fence = { table: 'Logical_Switch', uuid: this.#rows.own, key: 'chaos:fence' } as const;
    let end: End;
    try {
      const { reply } = await transactOnce(
        this.#observer.client,
        fence,
        (tx) => tx.mutate('NB_Global', this.#rows.global, { hv_cfg: { add: 1 } }),
        { timeoutMs: 60_000 },
      );
      end = reply === 'received' ? 'acknowledged' : 'unknown, was done';
      this.#ledger.once++;
    } catch (error) {
      if (!(error instanceof TransactionError)) throw error;
      if (error.outcome === 'unknown') this.#ledger.breach(`${this.#name}: a fence left doubt: ${error.message}`);
      end = error.outcome === 'not-sent' ? 'not sent' : 'failed';
      if (end === 'failed') this.#ledger.refused(`${this.#name}: once`, error.message);
    }
    this.#end('once', end);
  }

  /** A delete needs no guard: nobody brings the same row back. */
  async #delete(): Promise<void> {
    const count = this.#random.chance(0.3) ? this.#counts[0] : undefined;
    const free = this.#ports.filter(({ pinned }) => !pinned);
    const port = count === undefined && free.length > 0 ? this.#random.pick(free) : undefined;
    const uuid = count ?? port?.uuid;
    if (uuid === undefined) return;
    const end = await this.#perform('delete', uuid, {
      send: async () => {
        await this.#observer.client.transact((tx) => {
          if (count !== undefined) tx.delete('Address_Set', count);
          if (port !== undefined) {
            tx.mutate('Logical_Switch', this.#rows.logicalSwitch, { ports: { delete: [port.uuid] } });
          }
        }, NO_RETRY);
      },
      judge: async () => Promise.resolve(undefined),
    });
    if (!isDone(end)) return;
    this.#ledger.absent.set(uuid, 'it was deleted');
    if (port === undefined) {
      this.#counts.shift();
      this.#ledger.counts.delete(uuid);
      return;
    }
    this.#ports.splice(this.#ports.indexOf(port), 1);
    this.#ledger.ports.delete(port.uuid);
    if (end === 'acknowledged' && this.#observer.client.tables.Logical_Switch_Port.get(port.uuid) !== undefined) {
      this.#ledger.breach(`${port.name} is still there at ${this.#observer.name} although its delete was acknowledged`);
    }
  }

  /** A port with a name that is taken: the server must refuse it, however often it is sent. */
  async #insertDoomed(): Promise<void> {
    if (this.#ports.length === 0) return;
    const holder = this.#random.pick(this.#ports);
    const port = { ...this.#newPort(), name: holder.name };
    const end = await this.#perform('doomed', `a second ${port.name}`, {
      send: async () => this.#sendInsert(port),
      judge: async () => Promise.resolve('refused'),
    });
    if (end !== 'failed' && end !== 'not sent') holder.pinned = true;
    this.#ledger.absent.set(port.uuid, 'its name was taken');
    if (isDone(end)) this.#ledger.breach(`a second port ${port.name} was acknowledged`);
  }

  async #perform(write: Write, what: string, guarded: Parameters<typeof perform>[2]): ReturnType<typeof perform> {
    const end = await perform(this.#ledger, `${this.#name}: ${write} ${what}`, guarded);
    this.#end(write, end);
    return end;
  }

  #end(write: Write, end: End): void {
    this.#ledger.end(write, end);
    if (isDone(end)) this.done++;
  }

  async #sendInsert({ uuid, name, value }: LedgerPort): Promise<void> {
    await this.#observer.client.transact((tx) => {
      const port = tx.insertWithUuid('Logical_Switch_Port', uuid, { name, external_ids: { value } });
      tx.mutate('Logical_Switch', this.#rows.logicalSwitch, { ports: { insert: [port] } });
    }, NO_RETRY);
  }

  #newPort(): LedgerPort {
    const name = `${this.#name}-${this.#number++}`;
    return { uuid: randomUUID() as Uuid<'Logical_Switch_Port'>, name, value: `${name}-new`, pinned: false };
  }

  /** "By then the replica shows what the transaction did." */
  #expectShown({ uuid, name, value }: LedgerPort): void {
    const shown = this.#observer.client.tables.Logical_Switch_Port.get(uuid)?.external_ids['value'];
    if (shown === value) return;
    this.#ledger.breach(
      `${this.#observer.name} shows ${name} as ${shown ?? 'missing'} after ${value} was acknowledged`,
    );
  }
}

/** What the server says; undefined when it does not. */
async function answer<R>(asked: Promise<R>): Promise<R | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof TransactionError) return undefined;
    throw error;
  }
}

/** Some copy of a transaction has inserted its row, whichever server says so. */
async function duplicateUuid({ error }: TransactionError): Promise<'was done' | undefined> {
  return Promise.resolve(error === 'duplicate uuid' ? 'was done' : undefined);
}
