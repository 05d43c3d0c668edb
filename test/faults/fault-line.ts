/**
 * Stands between a client and a real server and treats their bytes badly: passes so many in a direction and then
 * breaks the connection, or changes when and in what portions they arrive. It knows no messages, only bytes.
 */
import type { Socket } from 'node:net';

import { Relay } from './relay.js';

export type Direction = 'toServer' | 'toClient';

/**
 * How a connection ends: closed in order; reset; closed by one side for sending only (`half-close` tells the
 * receiver of the direction that no more will come); or `silence`: nothing more passes in that direction, and nobody
 * is told.
 */
export type Break = 'close' | 'reset' | 'half-close' | 'silence';

/** Passes a portion of bytes on, when and as it likes, in order. `send` returns false when nothing more can be sent. */
export type Portions = (bytes: Buffer, send: (bytes: Buffer) => boolean) => void;

/** What is done to one connection. */
export interface LinePlan {
  /** After so many bytes in a direction the connection breaks. */
  readonly break?: { readonly direction: Direction; readonly afterBytes: number; readonly how: Break };
  /** Made anew for each direction of each connection. */
  readonly portions?: () => Portions;
}

/** See the head of this file. */
export class FaultLine extends Relay {
  /** Says what is done to a connection, numbered from 0; asked when it comes. */
  plan: (connection: number) => LinePlan = () => ({});
  /** Connections that came so far. */
  accepted = 0;
  /** Connections that were broken as planned. */
  broken = 0;
  /** While true, clients are turned away. */
  refusing = false;
  /** Bytes that passed over the latest connection. */
  passed: Record<Direction, number> = { toServer: 0, toClient: 0 };
  #breakNow: (direction: Direction, how: Break) => void = () => undefined;
  #latestClient: Socket | undefined;

  /** Leads to `target`, a `unix:` or `ssl:` remote. */
  static async start(target: string): Promise<FaultLine> {
    const line = new FaultLine(target);
    await line.listen();
    return line;
  }

  /** Breaks the latest connection at once. */
  break(direction: Direction, how: Break): void {
    this.#breakNow(direction, how);
  }

  /** Sends bytes to the client of the latest connection, in the middle of whatever it is being sent. */
  inject(bytes: Buffer): void {
    this.#latestClient?.write(Uint8Array.from(bytes));
  }

  protected override turnsAway(): boolean {
    return this.refusing;
  }

  protected override join(client: Socket, server: Socket): void {
    this.#latestClient = client;
    const plan = this.plan(this.accepted++);
    const passed = (this.passed = { toServer: 0, toClient: 0 });
    const ends = { toServer: [client, server], toClient: [server, client] } as const;
    const silent = new Set<Direction>();
    let isBroken = false;
    const breakIt = (direction: Direction, how: Break): void => {
      if (isBroken) return;
      isBroken = true;
      this.broken++;
      silent.add(direction);
      const to = ends[direction][1];
      if (how === 'half-close') to.end();
      else if (how === 'reset') {
        client.resetAndDestroy();
        server.destroy();
      } else if (how === 'close') {
        client.destroy();
        server.destroy();
      }
    };
    this.#breakNow = breakIt;
    for (const direction of ['toServer', 'toClient'] as const) {
      const [from, to] = ends[direction];
      const limit = plan.break?.direction === direction ? plan.break.afterBytes : Infinity;
      const send = (bytes: Buffer): boolean => {
        if (silent.has(direction) || to.destroyed || !to.writable) return false;
        const whole = passed[direction] + bytes.length < limit;
        const part = whole ? bytes : bytes.subarray(0, limit - passed[direction]);
        passed[direction] += part.length;
        if (part.length > 0) to.write(Uint8Array.from(part));
        if (!whole) breakIt(direction, plan.break!.how);
        return whole;
      };
      const portions = plan.portions?.() ?? ((bytes, pass) => pass(bytes));
      from.on('data', (bytes) => portions(bytes, send));
    }
    if (plan.break?.afterBytes === 0) breakIt(plan.break.direction, plan.break.how);
  }
}

/** One byte at a time, each in a turn of the event loop of its own. */
export function byteByByte(): Portions {
  const queue: (readonly [byte: Buffer, send: (bytes: Buffer) => boolean])[] = [];
  const next = (): void => {
    const [byte, send] = queue[0]!;
    // What nobody takes any more would keep the process busy for long.
    if (send(byte)) queue.shift();
    else queue.length = 0;
    if (queue.length > 0) setImmediate(next);
  };
  return (bytes, send) => {
    const idle = queue.length === 0;
    for (let at = 0; at < bytes.length; at++) queue.push([bytes.subarray(at, at + 1), send]);
    if (idle && queue.length > 0) setImmediate(next);
  };
}

/** What comes within so many milliseconds arrives as one portion. */
export function glued(withinMs: number): () => Portions {
  return () => {
    let held: Buffer[] = [];
    return (bytes, send) => {
      held.push(bytes);
      if (held.length > 1) return;
      setTimeout(() => {
        const all = Buffer.concat(held);
        held = [];
        send(all);
      }, withinMs);
    };
  };
}

/** Everything arrives so many milliseconds late. */
export function delayed(byMs: number): () => Portions {
  return () => (bytes, send) => {
    setTimeout(() => send(bytes), byMs);
  };
}
