/**
 * Cuts the byte stream of a connection into JSON texts. OVSDB sends objects back to back, with or
 * without white space between them, and nothing else marks where one ends (RFC 7047 §4), so the
 * framer follows braces, brackets, strings and escapes. It works on bytes: the bytes that matter are
 * ASCII and occur in no multi-byte character of UTF-8, so that a cut inside a character does no harm.
 *
 * Each byte is looked at once, however the stream is cut into chunks. What is malformed inside a
 * text is left for the JSON parser to find.
 */

import { isAscii, isUtf8, type Buffer } from 'node:buffer';

import { InvalidArgumentError, ProtocolError } from '../errors.js';
import { ElementCutter, type ElementReader } from './element-cutter.js';
import { UNSAFE_INTEGER_DIGITS } from './json.js';

/** One JSON text, from `{` to `}`, as it came. */
export interface Frame {
  /** The text's bytes without those that a reader took; they may share memory with the chunk that was pushed. */
  readonly bytes: Buffer;
  /** False when the text certainly has no run of 16 or more digits outside its strings. */
  readonly mayHoldUnsafeIntegers: boolean;
}

/** Limits of a {@link Framer}. */
export interface FramerOptions {
  /**
   * Longest text that is accepted, in bytes. Where a reader takes its elements it holds for what waits for more between
   * two chunks: the beginning of one element. Default 256 MiB.
   */
  readonly maxMessageBytes?: number;
  /** Deepest nesting of objects and arrays that is accepted. Default 1000, ovsdb-server's own limit. */
  readonly maxDepth?: number;
}

/** Default of {@link FramerOptions.maxMessageBytes}. */
export const DEFAULT_MAX_MESSAGE_BYTES: number = 256 * 1024 * 1024;

/** Elements are handed out after so many bytes at the latest, so that long chunks cost no more memory than short ones. */
const LONG_RUN_BYTES = 131_072;

/**
 * Bytes that are looked at in one call. A loop that ran through a whole chunk would be replaced while it runs, by code
 * that knows nothing of what follows the loop and is thrown away there, chunk after chunk.
 */
const SCAN_BYTES = 2048;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** See the head of this file. One framer serves one connection. */
export class Framer {
  readonly #maxMessageBytes: number;
  readonly #maxDepth: number;

  // The state of the scan at the end of the bytes that it has looked at.
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Bytes since the last quote, brace, bracket, comma or colon; counts outside strings only. */
  #tokenBytes = 0;
  /** Whether any two of those bytes were so far apart that a 16-digit number fits between them. */
  #longToken = false;
  /** Where in the chunk the present text begins, or what was not handed out of it. */
  #frameStart = 0;
  /** From offsets in the chunk to offsets in what is held and follows. */
  #shift = 0;
  /** Has the beginning of an unfinished text. */
  readonly #cutter = new ElementCutter();

  constructor(options: FramerOptions = {}) {
    this.#maxMessageBytes = options.maxMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.#maxDepth = options.maxDepth ?? 1000;
    if (!(this.#maxMessageBytes > 0)) {
      throw new InvalidArgumentError(`maxMessageBytes is ${this.#maxMessageBytes}; give a number of bytes above 0`);
    }
  }

  /** Length of the unfinished text so far, in bytes; 0 between texts. */
  get unfinishedBytes(): number {
    return this.#cutter.textBytes;
  }

  /** Lets a reader take the elements of texts that do not come in one short chunk, from the next on; undefined for none. */
  set elementReader(reader: ElementReader | undefined) {
    this.#cutter.nextReader = reader;
  }

  /**
   * Takes the next bytes of the stream and calls `onFrame`, before it returns, for each text that they complete.
   * The framer may keep `chunk` until its last text is complete; it must not be written to.
   *
   * @throws {@link ProtocolError} when something other than an object starts, or a limit is exceeded;
   * the texts before it have been handed out, and the framer is of no further use.
   */
  push(chunk: Buffer, onFrame: (frame: Frame) => void): void {
    this.#frameStart = 0;
    this.#shift = this.#cutter.heldBytes;
    for (let from = 0; from < chunk.length; from += SCAN_BYTES) {
      this.#scan(chunk, from, Math.min(from + SCAN_BYTES, chunk.length), onFrame);
    }
    if (this.#depth > 0) {
      this.#cutter.keep(chunk.subarray(this.#frameStart), this.#longToken);
      this.#checkLength(this.#cutter.heldBytes);
    }
  }

  /** Looks at the bytes of a chunk from `from` to `end`. */
  #scan(chunk: Buffer, from: number, end: number, onFrame: (frame: Frame) => void): void {
    // Plain loops over local variables: this way V8 gets through more than a gigabyte per second.
    let depth = this.#depth;
    let inString = this.#inString;
    let longToken = this.#longToken;
    let tokenStart = from - this.#tokenBytes;
    let shift = this.#shift;
    const cutter = this.#cutter;
    let elementDepth = cutter.depth;
    let at = this.#escaped ? from + 1 : from;
    scan: while (at < end) {
      if (depth === 0) {
        const c = chunk[at];
        if (c === BRACE_OPEN) {
          this.#frameStart = at;
          shift = 0 - at;
          cutter.begin();
          elementDepth = cutter.depth;
          depth = 1;
          longToken = false;
          tokenStart = at + 1;
        } else if (!isWhiteSpace(c)) {
          throw this.#notAnObject(chunk, at);
        }
        at++;
        continue;
      }
      if (!inString) {
        const c = chunk[at++];
        if (c !== QUOTE) {
          if (c === COMMA || c === COLON) {
            if (at - tokenStart > UNSAFE_INTEGER_DIGITS) longToken = true;
            tokenStart = at;
          } else if (c === BRACKET_OPEN || c === BRACE_OPEN) {
            if (++depth > this.#maxDepth) {
              throw new ProtocolError(`the server sent a message nested deeper than ${this.#maxDepth} levels`);
            }
            if (depth - 1 === elementDepth) cutter.open(at - 1 + shift);
            tokenStart = at;
          } else if (c === BRACKET_CLOSE || c === BRACE_CLOSE) {
            if (at - tokenStart > UNSAFE_INTEGER_DIGITS) longToken = true;
            tokenStart = at;
            if (--depth === elementDepth) {
              cutter.close(at + shift);
              if (at + shift >= LONG_RUN_BYTES) {
                cutter.keep(chunk.subarray(this.#frameStart, at), longToken);
                this.#frameStart = at;
                shift = cutter.heldBytes - at;
                elementDepth = cutter.depth;
              }
            } else if (depth === 0) {
              const bytes = cutter.end(chunk.subarray(this.#frameStart, at), longToken);
              this.#checkLength(bytes.length);
              onFrame({ bytes, mayHoldUnsafeIntegers: longToken });
            }
          }
          continue;
        }
        inString = true;
      }
      for (;;) {
        if (at >= end) break scan;
        const c = chunk[at++];
        if (c === QUOTE) break;
        if (c === BACKSLASH) at++;
      }
      inString = false;
      tokenStart = at;
    }
    this.#depth = depth;
    this.#inString = inString;
    // Past the end: the last byte was a backslash that escapes the byte that comes next.
    this.#escaped = at > end;
    this.#longToken = longToken;
    this.#tokenBytes = end - tokenStart;
    this.#shift = shift;
  }

  #checkLength(bytes: number): void {
    if (bytes > this.#maxMessageBytes) {
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

/** Prints the first 80 bytes for an error: printable, one line. */
function showBytes(bytes: Buffer): string {
  const shown = bytes.subarray(0, 80).toString('utf8');
  return JSON.stringify(shown) + (bytes.length > 80 ? ` (first 80 of ${bytes.length} bytes)` : '');
}

function isWhiteSpace(c: number | undefined): boolean {
  return c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09;
}
