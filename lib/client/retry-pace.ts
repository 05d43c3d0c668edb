/**
 * When a client that has lost its server asks the next: every remote gets its turn before there is a pause, pauses grow
 * as long as nothing comes of the attempts, and while a cluster elects its leader they are short.
 */
import { ServerUnfitError } from '../errors.js';
import { Reconnect } from '../rpc/reconnect.js';
import { performance } from '../timer.js';

/** First wait for a cluster to have a leader, in milliseconds; doubled up to the usual back-off. */
const ELECTION_POLL_MS = 100;

/** Time that the first attempts have where there are other remotes to try, in milliseconds; doubled with each pause. */
const FIRST_CONNECT_MS = 2000;

/** Shortest and longest pause, in milliseconds. */
export interface PauseLimits {
  readonly minMs?: number | undefined;
  readonly maxMs?: number | undefined;
}

/** See the head of this file. */
export class RetryPace {
  readonly #reconnect: Reconnect;
  readonly #minMs: number;
  readonly #countRemotes: () => number;
  /** Attempts until the next pause, so that all remotes get their turn before it. */
  #untried: number;
  /** When all remotes were last given such a turn because a server was not to be followed any more. */
  #hurriedAt = -Infinity;
  /** Has a server answered, that must not be followed now, since the last pause? */
  #someAnswered = false;
  /** Pauses since the replica last was in sync. */
  #pauses = 0;
  /** Pauses for a server that is fit to be followed, since there last was one. */
  #unfitRounds = 0;

  constructor({ minMs = 1000, maxMs = 8000 }: PauseLimits, countRemotes: () => number) {
    this.#minMs = minMs;
    this.#countRemotes = countRemotes;
    const times = { minBackoffMs: minMs, maxBackoffMs: Math.max(minMs, maxMs), probeIntervalMs: 0 };
    this.#reconnect = new Reconnect(performance.now(), times);
    this.#reconnect.enable(performance.now());
    this.#untried = countRemotes();
  }

  /** An attempt begins; `passive` where the server connects. */
  connecting(passive: boolean): void {
    this.#reconnect.setPassive(passive, performance.now());
    this.#reconnect.connecting(performance.now());
  }

  /**
   * Time for the next connection, in milliseconds, of `longestMs`: while there are others to try, a host that swallows
   * packets is not waited for as long as that.
   */
  connectTimeoutMs(longestMs: number): number {
    return this.#countRemotes() > 1 ? Math.min(longestMs, FIRST_CONNECT_MS * 2 ** this.#pauses) : longestMs;
  }

  /** The replica is in sync. */
  synced(): void {
    this.#pauses = 0;
    this.#unfitRounds = 0;
    this.#reconnect.connected(performance.now());
  }

  /** The next remotes are tried without a pause, all of them, and the present one once more. */
  hurry(): void {
    this.#untried = this.#countRemotes() + 1;
  }

  /** A server that was followed is left for a reason. */
  leaving(reason: Error): void {
    const now = performance.now();
    // The others are tried at once, unless that is what has just been done.
    if (reason instanceof ServerUnfitError && now - this.#hurriedAt >= this.#minMs) {
      this.#hurriedAt = now;
      this.hurry();
    } else if (this.#wasOfUse(now)) this.#untried = Math.max(this.#untried, this.#countRemotes());
  }

  /** The attempt, or the connection that came of it, has ended for a reason: how long to wait before the next one. */
  pauseMs(reason: Error): number {
    const now = performance.now();
    const wasConnected = this.#reconnect.isConnected;
    if (wasConnected) this.#reconnect.activity(now);
    this.#someAnswered ||= reason instanceof ServerUnfitError;
    if (this.#untried > 1) {
      this.#untried--;
      if (wasConnected) {
        // After a connection that was of use, the pause to come is the shortest, although this try is not waited for.
        if (this.#wasOfUse(now)) this.#reconnect.setFreeTries(2);
        this.#reconnect.disconnected(now);
      }
      return 0;
    }
    this.#untried = this.#countRemotes();
    this.#pauses++;
    this.#reconnect.disconnected(now);
    const backoffMs = this.#reconnect.deadline(now) - now;
    const someAnswered = this.#someAnswered;
    this.#someAnswered = false;
    if (!someAnswered) return backoffMs;
    // Elections are over within seconds, so members that answer are asked again soon, whoever was asked last.
    return Math.min(backoffMs, this.#minMs, ELECTION_POLL_MS * 2 ** this.#unfitRounds++);
  }

  /** Was the replica in sync for long enough over the newest connection that got so far? */
  #wasOfUse(now: number): boolean {
    return (this.#reconnect.stats(now).sinceConnectMs ?? 0) >= this.#minMs;
  }
}
