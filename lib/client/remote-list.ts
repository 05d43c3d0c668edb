/** The remotes of a client: which one to try next, and which have said for good that they are of no use. */
import { formatRemote, parseRemotes, type Remote } from '../wire/remote.js';

/** See the head of this file. */
export class RemoteList {
  #remotes: readonly Remote[] = [];
  #clusterId: string | undefined;
  #next = 0;
  /** Remotes that gave an answer which trying again will not change. */
  readonly #hopeless = new Set<string>();

  /** Throws `InvalidRemoteError` when `text` names no server. */
  constructor(text: string | readonly string[], shuffle: boolean) {
    this.set(text, shuffle);
  }

  /** Number of remotes. */
  get size(): number {
    return this.#remotes.length;
  }

  /** The cluster that servers must belong to, if one was named. */
  get clusterId(): string | undefined {
    return this.#clusterId;
  }

  /** The remote to try next. */
  get current(): Remote {
    return this.#remotes[this.#next % this.#remotes.length] as Remote;
  }

  /** Replaces the list; throws `InvalidRemoteError`, having changed nothing. */
  set(text: string | readonly string[], shuffle: boolean): void {
    const { remotes, clusterId } = parseRemotes(text);
    this.#remotes = shuffle ? shuffled(remotes) : remotes;
    this.#clusterId = clusterId;
    this.#next = 0;
    this.#hopeless.clear();
  }

  has(remote: string): boolean {
    return this.#remotes.some((each) => formatRemote(each) === remote);
  }

  /** Goes on to the next remote. */
  advance(): void {
    this.#next++;
  }

  /** Notes how an attempt ended: `final` with an answer that trying again will not change. */
  note(remote: string, final: boolean): void {
    if (final) this.#hopeless.add(remote);
    else this.#hopeless.delete(remote);
  }

  /** Has every remote given such an answer? */
  get isHopeless(): boolean {
    return this.#remotes.every((each) => this.#hopeless.has(formatRemote(each)));
  }
}

function shuffled(remotes: readonly Remote[]): Remote[] {
  const order = [...remotes];
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [order[i], order[j]] = [order[j] as Remote, order[i] as Remote];
  }
  return order;
}
