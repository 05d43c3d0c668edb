/**
 * A writer that knows nothing of managers, as somebody with `ovn-nbctl` would be: it adds ports with addresses that
 * pools hold, that others have or are about to have, changes and deletes them, and now and then deletes a port that is
 * not its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { RawClient } from '../integration/raw-client.js';
import { Random } from '../random.js';
import { FOREIGN_COMMENT } from './ledger.js';
import { ARENAS, type Arena } from './scenario.js';

const WEIGHTS = { add: 45, change: 12, delete: 36, 'take a MAC': 3, 'delete a kept port': 4 } as const;
/** Ports of its own on one switch. */
const MOST = 5;

interface Own {
  readonly uuid: string;
  readonly arena: Arena;
}

/** Writes until it is told to stop. */
export class ForeignWriter {
  readonly #raw: RawClient;
  readonly #random: Random;
  readonly #own: Own[] = [];
  readonly #switches = new Map<string, string>();
  #count = 0;
  #stopped = false;

  private constructor(raw: RawClient, random: Random) {
    this.#raw = raw;
    this.#random = random;
  }

  static async connect(remote: string, seed: number): Promise<ForeignWriter> {
    const writer = new ForeignWriter(await RawClient.connect(remote), new Random(seed, 1));
    for (const [uuid, row] of await writer.#raw.rows('Logical_Switch')) {
      writer.#switches.set(row['name'] as string, uuid);
    }
    return writer;
  }

  /** Writes, with a rest of up to `restMs` after each; resolves with how often, when it was stopped. */
  async run(restMs: number): Promise<number> {
    let writes = 0;
    for (; !this.#stopped; writes++) {
      await this.#write();
      await sleep(this.#random.integer(0, restMs));
    }
    this.#raw[Symbol.dispose]();
    return writes;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #write(): Promise<void> {
    const random = this.#random;
    const what = random.weighted(WEIGHTS);
    const own = this.#own.length > 0 ? random.pick(this.#own) : undefined;
    switch (what) {
      case 'add':
        return this.#add(random.pick(ARENAS), randomMac(random));
      case 'take a MAC': {
        const arena = random.pick(ARENAS);
        const kept = await this.#keptPort(arena);
        return this.#add(arena, kept?.addresses.split(' ')[0] ?? randomMac(random));
      }
      case 'change':
        if (own === undefined) return;
        return this.#commit({
          op: 'update',
          table: 'Logical_Switch_Port',
          where: [['_uuid', '==', ['uuid', own.uuid]]],
          row: { addresses: `${randomMac(random)} ${random.pick(own.arena.contested)}` },
        });
      case 'delete':
        if (own === undefined) return;
        this.#own.splice(this.#own.indexOf(own), 1);
        return this.#commit(this.#deletion(own.arena, own.uuid));
      case 'delete a kept port': {
        const arena = random.pick(ARENAS);
        const kept = await this.#keptPort(arena);
        if (kept !== undefined) await this.#commit(this.#deletion(arena, kept.uuid));
      }
    }
  }

  async #add(arena: Arena, mac: string): Promise<void> {
    const isFull = this.#own.filter((own) => own.arena === arena).length >= MOST;
    if (isFull) return;
    const row = {
      name: `foreign-${++this.#count}`,
      addresses: `${mac} ${this.#random.pick(arena.contested)}`,
    };
    const [inserted] = await this.#raw.commit(
      { op: 'insert', table: 'Logical_Switch_Port', 'uuid-name': 'port', row },
      {
        op: 'mutate',
        table: 'Logical_Switch',
        where: [['_uuid', '==', ['uuid', this.#switches.get(arena.logicalSwitch)]]],
        mutations: [['ports', 'insert', ['named-uuid', 'port']]],
      },
      { op: 'comment', comment: FOREIGN_COMMENT },
    );
    this.#own.push({ uuid: inserted!.uuid![1], arena });
  }

  /** A port of the arena's StatefulSets. */
  async #keptPort(arena: Arena): Promise<{ readonly uuid: string; readonly addresses: string } | undefined> {
    const [result] = await this.#raw.commit({
      op: 'select',
      table: 'Logical_Switch_Port',
      where: [['external_ids', 'includes', ['map', [['ls', arena.logicalSwitch]]]]],
      columns: ['_uuid', 'addresses'],
    });
    const rows = result?.rows ?? [];
    if (rows.length === 0) return undefined;
    const row = this.#random.pick(rows);
    return { uuid: (row['_uuid'] as [string, string])[1], addresses: row['addresses'] as string };
  }

  #deletion(arena: Arena, port: string): object {
    return {
      op: 'mutate',
      table: 'Logical_Switch',
      where: [['_uuid', '==', ['uuid', this.#switches.get(arena.logicalSwitch)]]],
      mutations: [['ports', 'delete', ['uuid', port]]],
    };
  }

  async #commit(operation: object): Promise<void> {
    await this.#raw.commit(operation, { op: 'comment', comment: FOREIGN_COMMENT });
  }
}

function randomMac(random: Random): string {
  return ['0e', ...Array.from({ length: 5 }, () => random.below(256).toString(16).padStart(2, '0'))].join(':');
}
