/** Makes messages of the bytes of a connection. */
import type { Buffer } from 'node:buffer';

import { decodeUtf8, Framer, type Frame, type FramerOptions } from '../wire/framer.js';
import { classifyMessage, parseMessage, type IncomingMessage } from './messages.js';
import { RowReader, type ReplyRows } from './row-reader.js';

/** See the head of this file. One reader serves one connection. */
export class MessageReader {
  readonly #framer: Framer;
  /** How the rows of replies that are to come are to be read, by the ids of the requests. */
  readonly #expected = new Map<number, ReplyRows>();
  readonly #rowReaders: Readonly<Record<ReplyRows['depth'], RowReader>>;

  constructor(options: FramerOptions) {
    this.#framer = new Framer(options);
    const rowsOf = (id: number): ReplyRows | undefined => this.#expected.get(id);
    this.#rowReaders = { 3: new RowReader(3, rowsOf), 4: new RowReader(4, rowsOf) };
  }

  /** Length of the unfinished message so far, in bytes; 0 between messages. */
  get unfinishedBytes(): number {
    return this.#framer.unfinishedBytes;
  }

  /**
   * Takes the next bytes, and calls `onMessage`, before it returns, for each message that they complete.
   *
   * @throws {@link ProtocolError} for what is no message, and what `onMessage` and the takers of rows throw; the
   * reader is then of no further use.
   */
  push(chunk: Buffer, onMessage: (message: IncomingMessage) => void): void {
    this.#framer.push(chunk, (frame) => {
      onMessage(classifyMessage(this.#parse(frame)));
    });
  }

  /** Is a reply with rows to come? */
  get expectsRows(): boolean {
    return this.#expected.size > 0;
  }

  /** Reads the rows of the reply to a request that is about to be sent while they arrive, if the reply is long. */
  expectRows(id: number, rows: ReplyRows): void {
    this.#expected.set(id, rows);
    this.#chooseReader();
  }

  /** The request has its reply, or does not wait for it any more. */
  forgetRows(id: number): void {
    if (!this.#expected.delete(id)) return;
    const reader = this.#readerAtWork();
    if (reader?.id === id) reader.drop();
    this.#chooseReader();
  }

  /** Servers reply in the order of the requests; a reply that comes out of turn may be read as a whole. */
  #chooseReader(): void {
    const [next] = this.#expected.values();
    this.#framer.elementReader = next === undefined ? undefined : this.#rowReaders[next.depth];
  }

  #readerAtWork(): RowReader | undefined {
    if (this.#rowReaders[4].id !== undefined) return this.#rowReaders[4];
    return this.#rowReaders[3].id === undefined ? undefined : this.#rowReaders[3];
  }

  #parse({ bytes, mayHoldUnsafeIntegers }: Frame): unknown {
    const text = decodeUtf8(bytes);
    return parseMessage(this.#readerAtWork()?.end(text) ?? text, mayHoldUnsafeIntegers);
  }
}
