/**
 * Stands between one worker and the server, and has the worker killed at a message that is known in advance: before the
 * other side gets it, or right after. What comes later reaches nobody, as it is when a process dies.
 */
import type { Socket } from 'node:net';

import { Framer } from '../../lib/wire/framer.js';
import { Relay } from '../faults/relay.js';

/** Where a worker is killed. */
export interface KillPoint {
  /** Which message, counted in both directions from the moment that the gate is armed; the first is 1. */
  readonly message: number;
  /** Count only the worker's transactions and their replies. */
  readonly ownOnly: boolean;
  readonly when: 'before' | 'after';
}

/** What kind of message a worker was killed at. */
export type KilledAt = `${'before' | 'after'} ${'a transaction' | 'its reply' | 'an update' | 'another message'}`;

/** See the head of this file. */
export class KillGate extends Relay {
  #armed: { readonly point: KillPoint; readonly kill: (at: KilledAt) => void } | undefined;
  #count = 0;
  #closed = false;

  /** Leads to `target`, a `unix:` remote. */
  static async start(target: string): Promise<KillGate> {
    const gate = new KillGate(target);
    await gate.listen();
    return gate;
  }

  /** Has `kill` called once, at this point. */
  arm(point: KillPoint, kill: (at: KilledAt) => void): void {
    this.#armed = { point, kill };
    this.#count = 0;
  }

  protected override join(client: Socket, server: Socket): void {
    this.#pass(client, server);
    this.#pass(server, client);
  }

  #pass(from: Socket, to: Socket): void {
    const framer = new Framer();
    from.on('data', (chunk) => {
      framer.push(chunk, ({ bytes }) => {
        if (this.#closed) return;
        const armed = this.#armed;
        const kind = armed === undefined ? 'another message' : kindOf(bytes);
        const counts = armed?.point.ownOnly === false || kind === 'a transaction' || kind === 'its reply';
        const isHere = armed !== undefined && counts && ++this.#count === armed.point.message;
        if (!isHere || armed.point.when === 'after') to.write(Uint8Array.from(bytes));
        if (!isHere) return;
        this.#closed = true;
        armed.kill(`${armed.point.when} ${kind}`);
      });
    });
  }
}

function kindOf(bytes: Uint8Array): 'a transaction' | 'its reply' | 'an update' | 'another message' {
  const { method, result } = JSON.parse(Buffer.from(bytes).toString()) as { method?: string; result?: unknown };
  if (method === 'transact') return 'a transaction';
  if (method?.startsWith('update') === true) return 'an update';
  return Array.isArray(result) ? 'its reply' : 'another message';
}
