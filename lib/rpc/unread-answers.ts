/**
 * Counts the answers to a server's requests that have not left the process. A server that asks and asks without
 * reading what it is told would have them pile up without end.
 */
import { ProtocolError } from '../errors.js';
import type { Stream } from '../wire/stream.js';

/** Answers of more bytes than this may not wait, unless it is a single one. */
export const MAX_UNREAD_ANSWER_BYTES: number = 16 * 1024 * 1024;

/** See the head of this file. */
export class UnreadAnswers {
  readonly #stream: Stream;
  /** Where in the stream of sent bytes each answer ends, and its length; the oldest first. */
  #waiting: { readonly end: number; readonly bytes: number }[] = [];
  #bytes = 0;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  /**
   * Sends an answer.
   *
   * @throws {@link ProtocolError} when too many wait already.
   */
  send(text: string): void {
    this.#forgetAll();
    const start = this.#written;
    this.#stream.write(text);
    const bytes = this.#written - start;
    this.#waiting.push({ end: start + bytes, bytes });
    this.#bytes += bytes;
    if (this.#bytes <= MAX_UNREAD_ANSWER_BYTES) return;
    const left = this.#stream.bytesFlushed;
    this.#waiting = this.#waiting.filter(({ end }) => end > left);
    this.#bytes = this.#waiting.reduce((sum, answer) => sum + answer.bytes, 0);
    if (this.#bytes > MAX_UNREAD_ANSWER_BYTES && this.#waiting.length > 1) {
      throw new ProtocolError(
        `the server does not read the answers to its requests: ${this.#waiting.length} of them wait, ${this.#bytes} bytes`,
      );
    }
  }

  /** As a rule the last answer left long ago, and nothing waits. */
  #forgetAll(): void {
    const last = this.#waiting.at(-1);
    if (last === undefined || last.end > this.#stream.bytesFlushed) return;
    this.#waiting = [];
    this.#bytes = 0;
  }

  get #written(): number {
    return this.#stream.bytesSent + this.#stream.writableBytes;
  }
}
