/** Another client that keeps a number of ports in the database, and changes, adds and removes some all the time. */
import { OvsdbClient } from '../../lib/client/client.js';
import type { SelectionOf } from '../../lib/client/client-options.js';
import type { NorthboundTables } from '../../lib/nb/tables.js';
import type { Insert } from '../../lib/schema/types.js';
import type { Uuid } from '../../lib/schema/uuid.js';
import type { Random } from '../random.js';
import { pause, type Tally } from './tally.js';

/** Values of the key `shard` in `external_ids`. */
export const SHARDS = 10;

const TABLES = { Logical_Switch: { columns: ['name'] }, Logical_Switch_Port: { columns: ['name'] } } as const;
const PORTS_PER_TRANSACTION = 200;
const BURST = 20;
const MAX_IN_FLIGHT = 30;
/** What a lost connection explains. */
const EXPLAINED = ['OutcomeUnknown', 'NotSent', 'Conflict'];

export type WriterClient = OvsdbClient<NorthboundTables, SelectionOf<NorthboundTables, typeof TABLES>>;

interface WrittenPort {
  readonly name: string;
  readonly switchUuid: Uuid<'Logical_Switch'>;
}

/** See the head of this file. */
export class Writer {
  readonly client: WriterClient;
  readonly #random: Random;
  readonly #tally: Tally;
  readonly #switches: Uuid<'Logical_Switch'>[] = [];
  /** Those that are there, as far as is known, without those that are being changed. */
  #ports: WrittenPort[] = [];
  readonly #pending = new Set<Promise<void>>();
  #made = 0;

  private constructor(client: WriterClient, random: Random, tally: Tally) {
    this.client = client;
    this.#random = random;
    this.#tally = tally;
  }

  static async connect(remotes: readonly string[], random: Random, tally: Tally): Promise<Writer> {
    const client = await OvsdbClient.connect<NorthboundTables, typeof TABLES>({
      remotes,
      database: 'OVN_Northbound',
      tables: TABLES,
      backoff: { minMs: 20, maxMs: 200 },
    });
    return new Writer(client, random, tally);
  }

  async makeSwitches(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const uuid = await this.client.transact((tx) => tx.insert('Logical_Switch', { name: `soak${n}` }));
      this.#switches.push(uuid);
    }
  }

  /** Adds or removes ports until there are so many. To be called while {@link run} does not. */
  async level(count: number): Promise<void> {
    while (this.#ports.length !== count) {
      const missing = Math.min(PORTS_PER_TRANSACTION, Math.abs(count - this.#ports.length));
      await (count > this.#ports.length ? this.#add(missing) : this.#remove(missing));
    }
  }

  /** Replaces so many ports by new ones, little by little, and changes every port. Not to be called during {@link run}. */
  async renew(count: number): Promise<void> {
    for (let done = 0; done < count; done += PORTS_PER_TRANSACTION) {
      const portion = Math.min(PORTS_PER_TRANSACTION, count - done, this.#ports.length);
      await this.#remove(portion);
      await this.#add(portion);
    }
    for (let done = 0; done < this.#ports.length; done += PORTS_PER_TRANSACTION) {
      await this.#update(this.#ports.slice(done, done + PORTS_PER_TRANSACTION));
    }
  }

  /** Goes on until the signal is aborted, and resolves when nothing is under way any more. */
  async run(changesPerSecond: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#pending.size < MAX_IN_FLIGHT) {
        const step = this.#step();
        this.#pending.add(step);
        void step.finally(() => this.#pending.delete(step));
      }
      await pause(1000 / changesPerSecond, signal);
    }
    await Promise.all(this.#pending);
  }

  async #step(): Promise<void> {
    switch (this.#random.weighted({ update: 12, burst: 2, add: 3, remove: 3 })) {
      case 'update':
        return this.#update(this.#some(1));
      case 'burst':
        return this.#update(this.#some(BURST));
      case 'add':
        return this.#add(1);
      case 'remove':
        return this.#remove(1);
    }
  }

  async #update(ports: readonly WrittenPort[]): Promise<void> {
    await this.#attempt(async () => {
      await this.client.transact((tx) => {
        for (const { name } of ports) {
          const row = tx.tables.Logical_Switch_Port.find({ name });
          if (row !== undefined) tx.update('Logical_Switch_Port', row._uuid, this.#values());
        }
      });
    });
  }

  async #add(count: number): Promise<void> {
    const ports = Array.from({ length: count }, () => ({
      name: `soak-${String(this.#made++).padStart(8, '0')}`,
      switchUuid: this.#random.pick(this.#switches),
    }));
    await this.#attempt(async () => {
      await this.client.transact((tx) => {
        for (const { name, switchUuid } of ports) {
          const port = tx.insert('Logical_Switch_Port', { name, ...this.#values() });
          tx.mutate('Logical_Switch', switchUuid, { ports: { insert: [port] } });
        }
      });
    });
    this.#keepThoseThatExist(ports);
  }

  async #remove(count: number): Promise<void> {
    const ports = Array.from({ length: count }, () => this.#takeOne()).filter((port) => port !== undefined);
    await this.#attempt(async () => {
      await this.client.transact((tx) => {
        for (const { name, switchUuid } of ports) {
          const row = tx.tables.Logical_Switch_Port.find({ name });
          if (row !== undefined) tx.mutate('Logical_Switch', switchUuid, { ports: { delete: [row._uuid] } });
        }
      });
    });
    this.#keepThoseThatExist(ports);
  }

  #some(count: number): WrittenPort[] {
    return Array.from({ length: Math.min(count, this.#ports.length) }, () => this.#random.pick(this.#ports));
  }

  /** Whatever became of the transaction: afterwards the replica shows it. */
  async #attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
      this.#tally.count('writer: committed');
    } catch (error) {
      this.#tally.failed('writer', error, EXPLAINED);
      await this.client.synced();
    }
  }

  #keepThoseThatExist(ports: readonly WrittenPort[]): void {
    const { Logical_Switch_Port } = this.client.tables;
    this.#ports.push(...ports.filter(({ name }) => Logical_Switch_Port.find({ name }) !== undefined));
  }

  #takeOne(): WrittenPort | undefined {
    const index = this.#random.integer(0, this.#ports.length - 1);
    const last = this.#ports.pop();
    if (last === undefined || index >= this.#ports.length) return last;
    const taken = this.#ports[index];
    this.#ports[index] = last;
    return taken;
  }

  /** Always of the same size, so that what is stored is comparable at any time. */
  #values(): Pick<Insert<NorthboundTables, 'Logical_Switch_Port'>, 'addresses' | 'external_ids'> {
    const octets = [10, this.#random.integer(0, 255), this.#random.integer(0, 255), this.#random.integer(1, 254)];
    const mac = ['0a', '58', ...octets.map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
    const external_ids = {
      shard: String(this.#random.integer(0, SHARDS - 1)),
      stamp: String(this.#random.integer(1_000_000, 9_999_999)),
    };
    return { addresses: [`${mac} ${octets.join('.')}`], external_ids };
  }
}
