/** A list that is kept in order while members come and go, and pays for the order only when it is read. */

/** So few changes are put in their places one by one; more are merged in at once. */
const MAX_SINGLE_STEPS = 16;

/** See the head of this file. Members are distinct, and what they are ordered by must not change while they are in. */
export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number;
  #sorted: T[] = [];
  /** What came and went since `#sorted` was in order; never the same member in both. */
  readonly #added = new Set<T>();
  readonly #removed = new Set<T>();

  /** `compare` must tell any two members apart. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Number of members. */
  get size(): number {
    return this.#sorted.length + this.#added.size - this.#removed.size;
  }

  add(member: T): void {
    if (!this.#removed.delete(member)) this.#added.add(member);
  }

  /** Takes out what is in. */
  remove(member: T): void {
    if (!this.#added.delete(member)) this.#removed.add(member);
  }

  /** The members in order; to be read at once. */
  get members(): readonly T[] {
    this.settle();
    return this.#sorted;
  }

  /** Puts in force what came and went: what a member that was taken out is ordered by may change then. */
  settle(): void {
    const steps = this.#added.size + this.#removed.size;
    if (steps === 0) return;
    if (steps <= MAX_SINGLE_STEPS) this.#step();
    else this.#merge();
    this.#added.clear();
    this.#removed.clear();
  }

  /** The member at a place. */
  at(index: number): T | undefined {
    return this.members[index];
  }

  /** The place of a member that is in. */
  indexOf(member: T): number {
    return this.#placeOf(this.members, member);
  }

  #step(): void {
    for (const member of this.#removed) this.#sorted.splice(this.#placeOf(this.#sorted, member), 1);
    for (const member of this.#added) this.#sorted.splice(this.#placeOf(this.#sorted, member), 0, member);
  }

  #merge(): void {
    const removed = this.#removed;
    const stay = removed.size === 0 ? this.#sorted : this.#sorted.filter((member) => !removed.has(member));
    const come = [...this.#added].sort(this.#compare);
    const merged: T[] = [];
    let next = 0;
    for (const member of stay) {
      for (let first = come[next]; first !== undefined && this.#compare(first, member) < 0; first = come[next]) {
        merged.push(first);
        next++;
      }
      merged.push(member);
    }
    for (; next < come.length; next++) merged.push(come[next] as T);
    this.#sorted = merged;
  }

  /** The first place whose member does not come before `member`. */
  #placeOf(sorted: readonly T[], member: T): number {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(sorted[middle] as T, member) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Orders names as people do: `web-2` before `web-10`; names that differ never compare as equal. */
export function compareNames(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (isDigit(a, i) && isDigit(b, j)) {
      const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
      // Leading zeros have no weight, so the longer number is the greater one.
      const [startA, startB] = [skipZeros(a, i, endA), skipZeros(b, j, endB)];
      if (endA - startA !== endB - startB) return endA - startA - (endB - startB);
      for (let k = 0; startA + k < endA; k++) {
        const difference = a.charCodeAt(startA + k) - b.charCodeAt(startB + k);
        if (difference !== 0) return difference;
      }
      [i, j] = [endA, endB];
      continue;
    }
    const difference = a.charCodeAt(i) - b.charCodeAt(j);
    if (difference !== 0) return difference;
    i++;
    j++;
  }
  const rest = a.length - i - (b.length - j);
  if (rest !== 0) return rest;
  return a < b ? -1 : a > b ? 1 : 0;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function endOfDigits(text: string, from: number): number {
  let end = from;
  while (end < text.length && isDigit(text, end)) end++;
  return end;
}

function skipZeros(text: string, from: number, end: number): number {
  let start = from;
  while (start < end - 1 && text.charCodeAt(start) === 48) start++;
  return start;
}
