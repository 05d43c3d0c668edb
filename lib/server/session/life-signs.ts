/** Notices that a client is gone without a word: it is asked for a sign of life, and given up when none comes. */

import { clearInterval, setImmediate, setInterval } from '../../timer.js';

/** What {@link LifeSigns} has done by its session. */
export interface LifeSignsHost {
  onAsk(): void;
  onSilence(): void;
}

/** See the head of this file. Works by the machine's clock, as what it watches is the network. */
export class LifeSigns {
  readonly #timer: NodeJS.Timeout;
  #isSilent = true;
  #asked = false;

  constructor(intervalMs: number, host: LifeSignsHost) {
    this.#timer = setInterval(() => {
      if (!this.#isSilent) {
        this.#isSilent = true;
        this.#asked = false;
      } else if (!this.#asked) {
        this.#asked = true;
        host.onAsk();
      } else {
        // What was silent may have been this process: what has arrived is read first.
        setImmediate(() => {
          if (this.#isSilent) host.onSilence();
        });
      }
    }, intervalMs).unref();
  }

  /** Something came from the client. */
  seen(): void {
    this.#isSilent = false;
  }

  stop(): void {
    this.#isSilent = false;
    clearInterval(this.#timer);
  }
}
