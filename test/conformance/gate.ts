/** Holds back what servers send, so that a replica changes only when the case says so. */
import type { Stream } from '../../lib/wire/stream.js';
import { streamOpener } from '../../lib/wire/stream-opener.js';
import type { OpenStream } from '../../lib/wire/stream.js';

/** See the head of this file. Begins closed. */
export class Gate {
  readonly #opener = streamOpener();
  #stream: Stream | undefined;
  #open = false;

  /** Makes streams that deliver only while the gate is open. A client has one at a time. */
  readonly openStream: OpenStream = async (...args) => {
    const stream = await this.#opener.open(...args);
    this.#stream = stream;
    if (!this.#open) stream.pause();
    return stream;
  };

  hold(): void {
    this.#open = false;
    this.#stream?.pause();
  }

  release(): void {
    this.#open = true;
    this.#stream?.resume();
  }
}
