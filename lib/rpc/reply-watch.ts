/**
 * Finds out whether a server still answers. Any traffic counts as life for the {@link Probe}, so that a server whose
 * updates keep coming passes for alive although nothing reaches it any more. When a request got neither a reply nor a
 * word on its cancellation in time, the server is asked for an echo; if it answers nothing at all within the probe
 * interval, whatever else it sends, the connection is of no use.
 */
import type { Clock } from './clock.js';

/** What a {@link ReplyWatch} asks of its owner. */
export interface ReplyWatchHandlers {
  /** To send the server something that it answers. */
  onAsk(): void;
  /** Number of the message of which a part has arrived, and which may be an answer; undefined between messages. */
  partialMessage(): number | undefined;
  /** Nothing was answered within `waitedMs`. */
  onNoReply(waitedMs: number): void;
}

/** See the head of this file. `intervalMs` 0 makes it do nothing. */
export class ReplyWatch {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  readonly #handlers: ReplyWatchHandlers;
  /** Ends the waiting that is under way. */
  #stopTimer: (() => void) | undefined;

  constructor(intervalMs: number, clock: Clock, handlers: ReplyWatchHandlers) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#handlers = handlers;
  }

  /** A request was given up without any word of the server. */
  unanswered(): void {
    if (this.#intervalMs === 0 || this.#stopTimer !== undefined) return;
    this.#wait(undefined);
    this.#handlers.onAsk();
  }

  /** The server has answered a request, whichever that was. */
  answered(): void {
    this.stop();
  }

  /** Stops waiting. */
  stop(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** `awaited` is the message that was arriving when the time before this was over. */
  #wait(awaited: number | undefined): void {
    const stopTimer = this.#clock.schedule(() => {
      // After a long synchronous stretch the answer may lie unread in the socket.
      this.#clock.afterPendingInput(() => {
        if (this.#stopTimer !== stopTimer) return;
        this.#stopTimer = undefined;
        const partial = this.#handlers.partialMessage();
        // Of updates without a pause there always is one on its way.
        if (partial !== undefined && (awaited === undefined || partial === awaited)) this.#wait(partial);
        else this.#handlers.onNoReply(this.#intervalMs);
      });
    }, this.#intervalMs);
    this.#stopTimer = stopTimer;
  }
}
