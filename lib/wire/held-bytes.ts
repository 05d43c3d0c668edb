/** The bytes of an unfinished text, kept until the rest of it comes. */
import { Buffer } from 'node:buffer';

/** Chunks from this size on are kept as they are; smaller ones are copied together. */
const SMALL_CHUNK_BYTES = 4096;
const LARGEST_BLOCK_BYTES = 65_536;

/** An append-only sequence of bytes: no byte is copied more than twice, and tiny chunks cost no object each. */
export class HeldBytes {
  #parts: Buffer[] = [];
  #block: Buffer | undefined;
  #blockUsed = 0;
  /** Blocks of one text grow, since mostly there is little to hold. */
  #blockBytes = SMALL_CHUNK_BYTES;
  #length = 0;

  /** Bytes that are held. */
  get length(): number {
    return this.#length;
  }

  /** Keeps bytes, which must not be written to any more. */
  append(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#length += bytes.length;
    if (bytes.length >= SMALL_CHUNK_BYTES) {
      this.#closeBlock();
      this.#parts.push(bytes);
      return;
    }
    if (this.#block !== undefined && this.#blockUsed + bytes.length > this.#block.length) this.#closeBlock();
    if (this.#block === undefined) {
      this.#block = Buffer.allocUnsafeSlow(this.#blockBytes);
      this.#blockBytes = Math.min(2 * this.#blockBytes, LARGEST_BLOCK_BYTES);
    }
    bytes.copy(this.#block, this.#blockUsed);
    this.#blockUsed += bytes.length;
  }

  /** Everything appended since the last call, and `bytes` behind it, in one piece. */
  takeWith(bytes: Buffer): Buffer {
    if (this.#length === 0) return bytes;
    this.#closeBlock();
    const taken = Buffer.concat([...this.#parts, bytes], this.#length + bytes.length);
    this.#parts = [];
    this.#length = 0;
    this.#blockBytes = SMALL_CHUNK_BYTES;
    return taken;
  }

  #closeBlock(): void {
    if (this.#block !== undefined) this.#parts.push(this.#block.subarray(0, this.#blockUsed));
    this.#block = undefined;
    this.#blockUsed = 0;
  }
}
