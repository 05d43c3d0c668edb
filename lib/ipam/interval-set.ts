/**
 * A set of whole numbers, kept as disjoint intervals in a treap (a search tree that random priorities keep balanced:
 * expected depth about 2 ln n). Every subtree knows how many numbers it holds, so the n-th number that is *not* in the
 * set is found in one descent. Neighbours melt into one interval: a block of consecutive numbers costs one node,
 * however long it is, and a set that covers nearly everything is as small as an empty one.
 */
interface Node {
  first: bigint;
  last: bigint;
  /** Numbers held by this node and everything below it. */
  count: bigint;
  readonly priority: number;
  left: Node | undefined;
  right: Node | undefined;
}

/** A set of integers with order statistics over its gaps. All operations take O(log n) in its number of intervals. */
export class IntervalSet {
  #root: Node | undefined;
  #intervalCount = 0;
  #visits = 0;
  #seed = 0x9e3779b9;

  /** How many numbers are in the set. */
  get size(): bigint {
    return this.#root?.count ?? 0n;
  }

  /** How many intervals hold them. */
  get intervalCount(): number {
    return this.#intervalCount;
  }

  /** How many tree nodes have been looked at since the set was made: a measure of work that no clock disturbs. */
  get visits(): number {
    return this.#visits;
  }

  /** Whether a number is in the set. */
  has(value: bigint): boolean {
    const node = this.#atOrBelow(value);
    return node !== undefined && value <= node.last;
  }

  /**
   * Adds the numbers from `first` to `last`; those behind `first` may not be in the set yet. Returns false, with nothing
   * changed, when `first` is.
   */
  add(first: bigint, last: bigint = first): boolean {
    let below: Node | undefined;
    let above: Node | undefined;
    for (let node = this.#root; node !== undefined;) {
      this.#visits++;
      if (node.first <= first) {
        below = node;
        node = node.right;
      } else {
        above = node;
        node = node.left;
      }
    }
    if (below !== undefined && below.last >= first) return false;
    if (above?.first !== last + 1n) above = undefined;
    if (below?.last === first - 1n) {
      if (above !== undefined) this.#remove(above);
      this.#resize(below, below.first, above?.last ?? last);
    } else if (above !== undefined) {
      this.#resize(above, first, above.last);
    } else {
      this.#insert(first, last);
    }
    return true;
  }

  /** Takes out one number; returns false when it is not there. */
  delete(value: bigint): boolean {
    const node = this.#atOrBelow(value);
    if (node === undefined || value > node.last) return false;
    const { first, last } = node;
    if (first === last) {
      this.#remove(node);
    } else if (value === first) {
      this.#resize(node, first + 1n, last);
    } else {
      this.#resize(node, first, value - 1n);
      if (value < last) this.#insert(value + 1n, last);
    }
    return true;
  }

  /** How many numbers below `value` are in the set. */
  countBelow(value: bigint): bigint {
    let count = 0n;
    let node = this.#root;
    while (node !== undefined) {
      this.#visits++;
      if (value <= node.first) {
        node = node.left;
      } else {
        count += (node.left?.count ?? 0n) + (value <= node.last ? value : node.last + 1n) - node.first;
        node = node.right;
      }
    }
    return count;
  }

  /** The number not in the set that has exactly `rank` such numbers between `origin` and itself. */
  missing(rank: bigint, origin: bigint): bigint {
    // The answer if nothing more of the set came before it. What is in the set below the origin does not count.
    let found = origin + rank - this.countBelow(origin);
    let node = this.#root;
    while (node !== undefined) {
      this.#visits++;
      const { left } = node;
      const behindLeft = left === undefined ? found : found + left.count;
      if (behindLeft < node.first) {
        node = left;
      } else {
        found = behindLeft + (node.last - node.first) + 1n;
        node = node.right;
      }
    }
    return found;
  }

  /** The interval with the highest start that is not above `value`. */
  #atOrBelow(value: bigint): Node | undefined {
    let found: Node | undefined;
    let node = this.#root;
    while (node !== undefined) {
      this.#visits++;
      if (node.first <= value) {
        found = node;
        node = node.right;
      } else {
        node = node.left;
      }
    }
    return found;
  }

  /** Moves the ends of an interval, which keeps its place in the order, and corrects the counts above it. */
  #resize(target: Node, first: bigint, last: bigint): void {
    const growth = last - first - (target.last - target.first);
    for (let node = this.#root; node !== undefined && node !== target;) {
      this.#visits++;
      node.count += growth;
      node = target.first < node.first ? node.left : node.right;
    }
    target.count += growth;
    target.first = first;
    target.last = last;
  }

  #insert(first: bigint, last: bigint): void {
    const fresh: Node = {
      first,
      last,
      count: last - first + 1n,
      priority: this.#nextPriority(),
      left: undefined,
      right: undefined,
    };
    this.#root = this.#insertBelow(this.#root, fresh, fresh.count);
    this.#intervalCount++;
  }

  /** `held` are the numbers of `fresh` alone: its count has those below it as well once it has its place. */
  #insertBelow(node: Node | undefined, fresh: Node, held: bigint): Node {
    if (node === undefined) return fresh;
    this.#visits++;
    if (fresh.priority > node.priority) {
      [fresh.left, fresh.right] = this.#split(node, fresh.first);
      recount(fresh);
      return fresh;
    }
    if (fresh.first < node.first) node.left = this.#insertBelow(node.left, fresh, held);
    else node.right = this.#insertBelow(node.right, fresh, held);
    node.count += held;
    return node;
  }

  #split(node: Node | undefined, at: bigint): [below: Node | undefined, above: Node | undefined] {
    if (node === undefined) return [undefined, undefined];
    this.#visits++;
    if (node.first < at) {
      const [below, above] = this.#split(node.right, at);
      node.right = below;
      recount(node);
      return [node, above];
    }
    const [below, above] = this.#split(node.left, at);
    node.left = above;
    recount(node);
    return [below, node];
  }

  #remove(target: Node): void {
    this.#root = this.#removeBelow(this.#root, target);
    this.#intervalCount--;
  }

  #removeBelow(node: Node | undefined, target: Node): Node | undefined {
    if (node === undefined) return undefined;
    this.#visits++;
    if (node === target) return this.#join(node.left, node.right);
    if (target.first < node.first) node.left = this.#removeBelow(node.left, target);
    else node.right = this.#removeBelow(node.right, target);
    recount(node);
    return node;
  }

  #join(low: Node | undefined, high: Node | undefined): Node | undefined {
    if (low === undefined) return high;
    if (high === undefined) return low;
    this.#visits++;
    if (low.priority > high.priority) {
      low.right = this.#join(low.right, high);
      recount(low);
      return low;
    }
    high.left = this.#join(low, high.left);
    recount(high);
    return high;
  }

  // xorshift32: the shape of the tree needs no secrecy, and the same calls should cost the same every time.
  #nextPriority(): number {
    let x = this.#seed;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#seed = x;
    return x;
  }
}

function recount(node: Node): void {
  node.count = node.last - node.first + 1n + (node.left?.count ?? 0n) + (node.right?.count ?? 0n);
}
