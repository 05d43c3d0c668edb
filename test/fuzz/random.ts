/** A small generator of pseudo-random numbers: the same seed gives the same run on every machine. */

/** See the head of this file (xorshift with 128 bits of state). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** The stream of numbers that belongs to `stream` of the run with this seed. */
  constructor(seed: number, stream: number) {
    this.#a = seed | 0;
    this.#b = stream | 0;
    this.#c = 0x9e3779b9;
    this.#d = 0x243f6a88;
    for (let i = 0; i < 20; i++) this.next();
  }

  /** An integer from 0 to 2^32-1. */
  next(): number {
    const t = this.#d ^ (this.#d << 11);
    this.#d = this.#c;
    this.#c = this.#b;
    this.#b = this.#a;
    this.#a = this.#a ^ (this.#a >>> 19) ^ t ^ (t >>> 8);
    return this.#a >>> 0;
  }

  /** An integer from 0 to `end - 1`. */
  below(end: number): number {
    return this.next() % end;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x1_0000_0000;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('there is nothing to pick from');
    return items[this.below(items.length)] as T;
  }

  uuid(): string {
    const hex = [this.next(), this.next(), this.next(), this.next()]
      .map((n) => n.toString(16).padStart(8, '0'))
      .join('');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  }
}
