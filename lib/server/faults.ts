/** Faults that a test has ordered. */

/** What becomes of a reply. */
export type ReplyFate = 'send' | 'drop' | 'disconnect';

/** Which reply is to be lost, and how: see `EmbeddedServer.dropNextReply`. */
export interface DropReplyOptions {
  /** Method of the request whose reply is lost. Default `transact`. */
  readonly method?: string | undefined;
  /**
   * Is the connection lost with it, as it is when a server dies or a network fails? Default true; false leaves a
   * server that answers everything else.
   */
  readonly disconnect?: boolean | undefined;
}

/** See the head of this file. */
export class Faults {
  /** How long what the server sends is held back, in milliseconds. */
  delayMs = 0;
  readonly #drops: { readonly method: string; readonly fate: ReplyFate }[] = [];

  dropNextReply({ method = 'transact', disconnect = true }: DropReplyOptions): void {
    this.#drops.push({ method, fate: disconnect ? 'disconnect' : 'drop' });
  }

  /** What becomes of the reply to a request, which is about to be sent. */
  takeReply(method: string): ReplyFate {
    const place = this.#drops.findIndex((drop) => drop.method === method);
    if (place < 0) return 'send';
    const [drop] = this.#drops.splice(place, 1);
    return drop?.fate ?? 'send';
  }
}
