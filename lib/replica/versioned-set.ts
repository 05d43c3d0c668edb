/**
 * A big set that changes by small steps, with old versions that stay readable.
 *
 * A switch with 10,000 ports gets a new port: the server sends one member. Rows are immutable, so the
 * row before the change must still show the old set, yet copying 10,000 members per change is what makes
 * other clients slow. So only the newest version owns the members (one mutable `Set`, the store); when it
 * is changed, the store moves on to its successor and the old version keeps just the step that leads
 * there. Reading an old version follows the steps; the array is made when someone asks for it, once.
 *
 * So that a version kept for ever cannot hold an endless chain of steps, a store that has seen as many
 * steps as it has members is copied instead of moved: amortised, one member copied per member changed.
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
  | { readonly kind: 'step'; readonly next: VersionedSet; readonly step: SetStep };

/** One version of a set; immutable to its readers. */
export class VersionedSet {
  readonly size: number;
  #content: Content;
  #array: readonly Atom[] | undefined;

  private constructor(content: Content, size: number) {
    this.#content = content;
    this.size = size;
  }

  /** A first version with these members, which must be distinct. */
  static of(members: readonly Atom[]): VersionedSet {
    const store: Store = { members: new Set(members), stepsSinceCopy: 0 };
    const version = new VersionedSet({ kind: 'store', store }, store.members.size);
    version.#array = Object.isFrozen(members) ? members : undefined;
    return version;
  }

  /** Is `member` in this version? Costs one look-up, plus one per step made since. */
  has(member: Atom): boolean {
    let content = this.#content;
    while (content.kind === 'step') {
      if (content.step.added.includes(member)) return false;
      if (content.step.removed.includes(member)) return true;
      content = content.next.#content;
    }
    return content.store.members.has(member);
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
    const added = members.filter((member) => !this.has(member));
    const removed = this.toArray().filter((member) => !wanted.has(member));
    return { added, removed };
  }

  /**
   * What came and went between an older version and this one. Costs the steps in between, or the size of both sets
   * where no steps lead from one to the other.
   */
  differenceFrom(older: VersionedSet): SetStep {
    const added = new Set<Atom>();
    const removed = new Set<Atom>();
    let version = older;
    while (version !== this) {
      const content = version.#content;
      if (content.kind === 'store') return older.stepTo(this.toArray());
      version = content.next;
      for (const member of content.step.removed) if (!added.delete(member)) removed.add(member);
      for (const member of content.step.added) if (!removed.delete(member)) added.add(member);
    }
    return { added: [...added], removed: [...removed] };
  }

  /** The next version. The cost is that of the step, not of the set. */
  after(step: SetStep): VersionedSet {
    const content = this.#content;
    // A version has one successor in the replica's life; another one starts from a copy.
    let store = content.kind === 'store' ? content.store : { members: new Set(this.#members()), stepsSinceCopy: 0 };
    const moves = content.kind === 'store' && store.stepsSinceCopy < store.members.size;
    if (!moves) store = { members: new Set(store.members), stepsSinceCopy: 0 };
    for (const member of step.removed) store.members.delete(member);
    for (const member of step.added) store.members.add(member);
    store.stepsSinceCopy += step.added.length + step.removed.length;
    const next = new VersionedSet({ kind: 'store', store }, store.members.size);
    if (moves) this.#content = { kind: 'step', next, step };
    return next;
  }

  #members(): Set<Atom> {
    const steps: SetStep[] = [];
    let content = this.#content;
    while (content.kind === 'step') {
      steps.push(content.step);
      content = content.next.#content;
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
