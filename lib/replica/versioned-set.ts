/**
 * A big set that changes by small steps, with old versions that stay readable.
 *
 * A switch with 10,000 ports gets a new port: the server sends one member. Rows are immutable, so the
 * row before the change must still show the old set, yet copying 10,000 members per change is what makes
 * other clients slow. So only the newest version owns the members (one mutable `Set`, the store); when it
 * is changed, the store moves on to its successor and the old version keeps just the step that leads
 * there. Reading an old version follows the steps; the array is made when someone asks for it, once.
 *
 * A version kept for ever holds the steps since, so two things keep those small. They lead through nodes
 * that know no arrays: the array of a version goes with the row that it was read from. And a store that has
 * seen as many steps as it has members is copied instead of moved: amortised, one member copied per member
 * changed.
 */
import type { Atom } from '../schema/types.js';

/** The members that one step adds and removes. */
export interface SetStep {
  readonly added: readonly Atom[];
  readonly removed: readonly Atom[];
}

interface Store {
  readonly members: Set<Atom>;
  stepsSinceCopy: number;
}

type Content =
  | { readonly kind: 'store'; readonly store: Store }
  | { readonly kind: 'step'; readonly next: Node; readonly step: SetStep };

/** What a version is made of, apart from its array. */
interface Node {
  content: Content;
}

/** One version of a set; immutable to its readers. */
export class VersionedSet {
  readonly size: number;
  readonly #node: Node;
  #array: readonly Atom[] | undefined;

  private constructor(store: Store) {
    this.#node = { content: { kind: 'store', store } };
    this.size = store.members.size;
  }

  /** A first version with these members, which must be distinct. */
  static of(members: readonly Atom[]): VersionedSet {
    const version = new VersionedSet({ members: new Set(members), stepsSinceCopy: 0 });
    version.#array = Object.isFrozen(members) ? members : undefined;
    return version;
  }

  /** Is `member` in this version? Costs one look-up, plus one per step made since. */
  has(member: Atom): boolean {
    let { content } = this.#node;
    while (content.kind === 'step') {
      if (content.step.added.includes(member)) return false;
      if (content.step.removed.includes(member)) return true;
      ({ content } = content.next);
    }
    return content.store.members.has(member);
  }

  /** The members, to be read at once. */
  [Symbol.iterator](): Iterator<Atom> {
    return this.#members().values();
  }

  /** The members as a frozen array, in no particular order; made once per version. */
  toArray(): readonly Atom[] {
    this.#array ??= Object.freeze([...this.#members()]);
    return this.#array;
  }

  /** The step that leads to the symmetric difference of this version with `toggled` (RFC 7047 update2). */
  stepFor(toggled: readonly Atom[]): SetStep {
    const added: Atom[] = [];
    const removed: Atom[] = [];
    for (const member of toggled) (this.has(member) ? removed : added).push(member);
    return { added, removed };
  }

  /** The step that leads to exactly `members`. Costs the size of both sets. */
  stepTo(members: readonly Atom[]): SetStep {
    const wanted = new Set(members);
    const present = this.#members();
    const added = members.filter((member) => !present.has(member));
    const removed = [...present].filter((member) => !wanted.has(member));
    return { added, removed };
  }

  /**
   * What came and went between an older version and this one. Costs the steps in between, or the size of both sets
   * where no steps lead from one to the other.
   */
  differenceFrom(older: VersionedSet): SetStep {
    const added = new Set<Atom>();
    const removed = new Set<Atom>();
    let node = older.#node;
    while (node !== this.#node) {
      const { content } = node;
      if (content.kind === 'store') return older.stepTo(this.toArray());
      node = content.next;
      for (const member of content.step.removed) if (!added.delete(member)) removed.add(member);
      for (const member of content.step.added) if (!removed.delete(member)) added.add(member);
    }
    return { added: [...added], removed: [...removed] };
  }

  /** The next version. The cost is that of the step, not of the set. */
  after(step: SetStep): VersionedSet {
    const { content } = this.#node;
    // A version has one successor in the replica's life; another one starts from a copy.
    const moves = content.kind === 'store' && content.store.stepsSinceCopy < content.store.members.size;
    const store = moves ? content.store : { members: new Set(this.#members()), stepsSinceCopy: 0 };
    for (const member of step.removed) store.members.delete(member);
    for (const member of step.added) store.members.add(member);
    store.stepsSinceCopy += step.added.length + step.removed.length;
    const next = new VersionedSet(store);
    if (moves) this.#node.content = { kind: 'step', next: next.#node, step };
    return next;
  }

  /** The members of this version; to be read only, at once. */
  #members(): ReadonlySet<Atom> {
    const steps: SetStep[] = [];
    let { content } = this.#node;
    while (content.kind === 'step') {
      steps.push(content.step);
      ({ content } = content.next);
    }
    if (steps.length === 0) return content.store.members;
    const members = new Set(content.store.members);
    for (const step of steps.reverse()) {
      for (const member of step.added) members.delete(member);
      for (const member of step.removed) members.add(member);
    }
    return members;
  }
}
