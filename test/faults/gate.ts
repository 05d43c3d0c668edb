/** Stands between a client and a server and holds back, for as long as a test wants, what either of them says. */
import type { Socket } from 'node:net';

import { Relay } from './relay.js';

/** One direction: passes bytes on, or keeps them until it is opened. */
class Lane {
  readonly #held: { readonly to: Socket; readonly bytes: Buffer }[] = [];
  #shut = false;

  /** From now on nothing passes. */
  shut(): void {
    this.#shut = true;
  }

  /** Everything that was held passes, and what comes from now on. */
  open(): void {
    this.#shut = false;
    for (const { to, bytes } of this.#held.splice(0)) to.write(Uint8Array.from(bytes));
  }

  /** Text of what is held. */
  get held(): string {
    return this.#held.map(({ bytes }) => bytes.toString()).join('');
  }

  /** How often a text occurs in what is held. */
  count(text: string): number {
    return this.held.split(text).length - 1;
  }

  forget(): void {
    this.#held.length = 0;
  }

  pass(bytes: Buffer, to: Socket): void {
    if (this.#shut) this.#held.push({ to, bytes });
    else to.write(Uint8Array.from(bytes));
  }
}

/** See the head of this file. */
export class Gate extends Relay {
  /** From client to server. */
  readonly requests: Lane = new Lane();
  /** From server to client. */
  readonly replies: Lane = new Lane();

  /** Leads to `target`, a `unix:` remote. */
  static async start(target: string): Promise<Gate> {
    const gate = new Gate(target);
    await gate.listen();
    return gate;
  }

  /** Ends every connection; what is held is lost, and both ways are open to the next connection. */
  override cut(): void {
    super.cut();
    for (const lane of [this.requests, this.replies]) {
      lane.forget();
      lane.open();
    }
  }

  protected override join(client: Socket, server: Socket): void {
    client.on('data', (bytes) => this.requests.pass(bytes, server));
    server.on('data', (bytes) => this.replies.pass(bytes, client));
  }
}
