/**
 * Cuts the byte stream of a connection into JSON texts. OVSDB sends objects back to back, with or
 * without white space between them, and nothing else marks where one ends (RFC 7047 §4), so the
 * framer follows braces, brackets, strings and escapes. It works on bytes: the bytes that matter are
 * ASCII and occur in no multi-byte character of UTF-8, so that a cut inside a character does no harm.
 *
 * Each byte is looked at once, however the stream is cut into chunks. What is malformed inside a
 * text is left for the JSON parser to find.
 */

import { Buffer, isAscii, isUtf8 } from 'node:buffer';

import { ProtocolError } from '../errors.js';
import { UNSAFE_INTEGER_DIGITS } from './json.js';

/** One JSON text, from `{` to `}`, as it came. */
export interface Frame {
  /** The text's bytes; they may share memory with the chunk that was pushed. */
  readonly bytes: Buffer;
  /** False when the text certainly has no run of 16 or more digits outside its strings. */
  readonly mayHoldUnsafeIntegers: boolean;
}

/** Limits of a {@link Framer}. */
export interface FramerOptions {
  /** Longest text that is accepted, in bytes. Default 256 MiB. */
  readonly maxMessageBytes?: number;
  /** Deepest nesting of objects and arrays that is accepted. Default 1000, ovsdb-server's own limit. */
  readonly maxDepth?: number;
}

/** Default of {@link FramerOptions.maxMessageBytes}. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 256 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE_OPEN = 0x7b;

/** What a byte outside strings does; 0 for those that do nothing. */
const Role = { open: 1, close: 2, quote: 3, separator: 4 } as const;
const ROLE = new Uint8Array(256);
for (const c of '{[') ROLE[c.charCodeAt(0)] = Role.open;
for (const c of '}]') ROLE[c.charCodeAt(0)] = Role.close;
for (const c of ',:') ROLE[c.charCodeAt(0)] = Role.separator;
ROLE[QUOTE] = Role.quote;

/** See the head of this file. One framer serves one connection. */
export class Framer {
  readonly #maxMessageBytes: number;
  readonly #maxDepth: number;

  // The state of the scan at the end of the last chunk.
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Bytes since the last quote, brace, bracket, comma or colon. */
  #tokenBytes = 0;
  #mayHoldUnsafeIntegers = false;
  /** The beginning of an unfinished text. */
  readonly #held = new HeldBytes();

  constructor(options: FramerOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#maxDepth = options.maxDepth ?? 1000;
  }

  /** Length of the unfinished text so far, in bytes; 0 between texts. */
  get bufferedBytes(): number {
    return this.#held.length;
  }

  /**
   * Takes the next bytes of the stream and calls `onFrame`, before it returns, for each text that they complete.
   * The framer may keep `chunk` until its last text is complete; it must not be written to.
   *
   * @throws {@link ProtocolError} when something other than an object starts, or a limit is exceeded;
   * the texts before it have been handed out, and the framer is of no further use.
   */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    const end = chunk.length;
    let depth = this.#depth;
    let inString = this.#inString;
    let tokenStart = -this.#tokenBytes;
    let frameStart = 0;
    let at = 0;
    if (this.#escaped && end > 0) {
      this.#escaped = false;
      at = 1;
    }
    while (at < end) {
      if (inString) {
        const c = chunk[at++];
        if (c === QUOTE) {
          inString = false;
          tokenStart = at;
        } else if (c === BACKSLASH && ++at > end) {
          at = end;
          this.#escaped = true;
        }
        continue;
      }
      const c = chunk[at++] as number;
      const role = ROLE[c];
      if (role === 0) {
        if (depth === 0) {
          if (!isWhiteSpace(c)) throw this.#notAnObject(chunk, at - 1);
          frameStart = at;
        }
        continue;
      }
      if (at - 1 - tokenStart >= UNSAFE_INTEGER_DIGITS) this.#mayHoldUnsafeIntegers = true;
      tokenStart = at;
      if (depth === 0) {
        if (c !== BRACE_OPEN) throw this.#notAnObject(chunk, at - 1);
        frameStart = at - 1;
        this.#mayHoldUnsafeIntegers = false;
      }
      if (role === Role.quote) {
        inString = true;
      } else if (role === Role.open) {
        if (++depth > this.#maxDepth) {
          throw new ProtocolError(`the server sent a message nested deeper than ${this.#maxDepth} levels`);
        }
      } else if (role === Role.close && --depth === 0) {
        // Forget the text before it is handed out, so that an exception of the consumer leaves a sound state.
        const bytes = this.#take(chunk, frameStart, at);
        this.#depth = 0;
        frameStart = at;
        onFrame({ bytes, mayHoldUnsafeIntegers: this.#mayHoldUnsafeIntegers });
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    this.#tokenBytes = inString ? 0 : end - tokenStart;
    if (depth > 0) {
      this.#checkLength(end - frameStart);
      this.#held.append(chunk.subarray(frameStart));
    }
  }

  #take(chunk: Buffer, start: number, end: number): Buffer {
    this.#checkLength(end - start);
    const tail = chunk.subarray(start, end);
    if (this.#held.length === 0) return tail;
    this.#held.append(tail);
    return this.#held.take();
  }

  #checkLength(more: number): void {
    if (this.#held.length + more > this.#maxMessageBytes) {
      throw new ProtocolError(
        `the server sent a message longer than ${this.#maxMessageBytes} bytes; ` +
          'if that is to be expected, raise maxMessageBytes, or monitor fewer tables or columns',
      );
    }
  }

  #notAnObject(chunk: Buffer, at: number): ProtocolError {
    const byte = (chunk[at] ?? 0).toString(16).padStart(2, '0');
    return new ProtocolError(
      `expected the { of a JSON object and got byte 0x${byte}: ${showBytes(chunk.subarray(at))}. ` +
        'Does an OVSDB server listen there, and without TLS only on tcp: or unix: remotes?',
    );
  }
}

/**
 * Decodes a text as UTF-8.
 *
 * @throws {@link ProtocolError} when it is not UTF-8; nothing is replaced silently.
 */
export function decodeUtf8(bytes: Buffer): string {
  // Most texts are ASCII, for which this is the fastest way and makes the smallest string.
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw new ProtocolError(`the server sent text that is not UTF-8: ${showBytes(bytes)}`);
  return bytes.toString('utf8');
}

/** Prints the first 80 bytes of a message for an error: printable, one line. */
export function showBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, 80).toString('utf8');
  return JSON.stringify(shown) + (bytes.length > 80 ? ` (first 80 of ${bytes.length} bytes)` : '');
}

function isWhiteSpace(c: number): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}

/** Chunks from this size on are kept as they are; smaller ones are copied together. */
const SMALL_CHUNK_BYTES = 4096;
const BLOCK_BYTES = 65_536;

/** An append-only sequence of bytes: no byte is copied more than twice, and tiny chunks cost no object each. */
class HeldBytes {
  #parts: Buffer[] = [];
  #block: Buffer | undefined;
  #blockUsed = 0;
  length = 0;

  append(bytes: Buffer): void {
    this.length += bytes.length;
    if (bytes.length >= SMALL_CHUNK_BYTES) {
      this.#closeBlock();
      this.#parts.push(bytes);
      return;
    }
    if (this.#block !== undefined && this.#blockUsed + bytes.length > BLOCK_BYTES) this.#closeBlock();
    this.#block ??= Buffer.allocUnsafeSlow(BLOCK_BYTES);
    bytes.copy(this.#block, this.#blockUsed);
    this.#blockUsed += bytes.length;
  }

  /** Everything appended since the last call, in one piece. */
  take(): Buffer {
    this.#closeBlock();
    const [first] = this.#parts;
    const bytes = this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts, this.length);
    this.#parts = [];
    this.length = 0;
    return bytes;
  }

  #closeBlock(): void {
    if (this.#block !== undefined) this.#parts.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = undefined;
    this.#blockUsed = 0;
  }
}
