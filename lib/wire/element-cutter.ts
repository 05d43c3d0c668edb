/**
 * Cuts the elements out of a text that is too long to wait for: the rows of a snapshot, which may be hundreds of
 * megabytes. Told by the framer where elements begin and end, it hands out runs of them, one for a chunk or several for
 * a long one, and keeps only what follows the last, so that neither memory nor the time of one step grows with the text.
 */
import type { Buffer } from 'node:buffer';

import { HeldBytes } from './held-bytes.js';

/** Takes the elements of long texts before the texts have ended. */
export interface ElementReader {
  /** Number of brackets and braces around an element: every array and object directly within so many is one. */
  readonly depth: number;
  /**
   * Takes the elements that are complete. What lies between elements comes with them, so that the runs of a text and
   * the {@link Frame} with its rest follow each other without a gap. False, which only the first run of a text may be
   * answered with, asks for that text as a whole.
   */
  read(run: ElementRun): boolean;
}

/** A part of a text that ends with an element. */
export interface ElementRun {
  /** From where the run before ended; may share memory with the chunks that were pushed. */
  readonly bytes: Buffer;
  /** Where in `bytes` each element begins, with its opening bracket or brace. */
  readonly starts: readonly number[];
  /** Where in `bytes` each element ends, behind its closing bracket or brace. */
  readonly ends: readonly number[];
  /** False when the text, as far as it has come, certainly has no run of 16 or more digits outside its strings. */
  readonly mayHoldUnsafeIntegers: boolean;
}

/** A depth that nothing has. */
const NOWHERE = -1;

/** See the head of this file. Offsets count from the first byte that is held. */
export class ElementCutter {
  /** Offered the elements of each text that begins from now on, unless it comes in one short chunk. */
  nextReader: ElementReader | undefined;
  /** Takes those of the present text. */
  #reader: ElementReader | undefined;
  readonly #held = new HeldBytes();
  #handedOutBytes = 0;
  /** Of elements since the last run; the last one may not have ended yet. */
  #starts: number[] = [];
  #ends: number[] = [];

  /** Depth of the elements that are wanted of the present text. */
  get depth(): number {
    return this.#reader?.depth ?? NOWHERE;
  }

  /** Bytes of the present text that wait for more. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Bytes of the present text so far. */
  get textBytes(): number {
    return this.#handedOutBytes + this.#held.length;
  }

  /** A text begins. */
  begin(): void {
    this.#reader = this.nextReader;
  }

  /** An element begins. */
  open(offset: number): void {
    this.#starts.push(offset);
  }

  /** An element ends. */
  close(offset: number): void {
    this.#ends.push(offset);
  }

  /** The text goes on beyond these bytes: hands out what is complete, and holds the rest. */
  keep(bytes: Buffer, mayHoldUnsafeIntegers: boolean): void {
    this.#held.append(this.#handOut(bytes, mayHoldUnsafeIntegers));
  }

  /** The text ends with these bytes. Returns what was not handed out of it. */
  end(bytes: Buffer, mayHoldUnsafeIntegers: boolean): Buffer {
    const rest = this.#handedOutBytes === 0 ? bytes : this.#handOut(bytes, mayHoldUnsafeIntegers);
    this.#handedOutBytes = 0;
    this.#reader = undefined;
    this.#starts = [];
    this.#ends = [];
    return this.#held.takeWith(rest);
  }

  /** Hands out the elements that end in these bytes, and returns what is left of them. */
  #handOut(bytes: Buffer, mayHoldUnsafeIntegers: boolean): Buffer {
    const length = this.#ends.at(-1);
    if (this.#reader === undefined || length === undefined) return bytes;
    const starts = this.#starts;
    const ends = this.#ends;
    const inBytes = length - this.#held.length;
    const run = this.#held.takeWith(bytes.subarray(0, inBytes));
    this.#starts = starts.length > ends.length ? [(starts.pop() ?? 0) - length] : [];
    this.#ends = [];
    if (this.#reader.read({ bytes: run, starts, ends, mayHoldUnsafeIntegers })) this.#handedOutBytes += length;
    else {
      this.#reader = undefined;
      this.#held.append(run);
    }
    return bytes.subarray(inBytes);
  }
}
