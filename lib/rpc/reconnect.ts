/**
 * When to connect, when to probe, when to give a connection up: the rules of Open vSwitch's reconnect
 * module, as a state machine that is told the time and what happened, and owns neither timer nor socket.
 *
 *   void ── enable ──> backoff ── waited ──> connecting ── connected ──> active <──> idle
 *                         ^                      │                          │          │
 *                         └────── disconnected ──┴──────────────────────────┴──────────┘
 *
 * The owner calls {@link Reconnect.run} when {@link Reconnect.deadline} has come, does what it answers, and reports
 * the outcome. All times are in milliseconds of one clock.
 */

/** States of {@link Reconnect}. `reconnect` asks for the end of a connection, `listening` waits for a passive one. */
export type ReconnectState = 'void' | 'backoff' | 'connecting' | 'active' | 'idle' | 'reconnect' | 'listening';

/** What the owner is to do now. */
export type ReconnectAction = 'connect' | 'disconnect' | 'probe';

/** Settings of {@link Reconnect}, all of which may be changed later. */
export interface ReconnectOptions {
  /** First wait after a failure. Default 1000. */
  readonly minBackoffMs?: number;
  /** Longest wait. Default 8000. */
  readonly maxBackoffMs?: number;
  /** Silence after which a probe is sent, and then after which the connection is given up; 0 for never. Default 5000. */
  readonly probeIntervalMs?: number;
  /** Attempts until the machine goes to `void` for good. Default unlimited. */
  readonly maxTries?: number;
}

/** Figures of {@link Reconnect}; times are undefined when the event has not happened. */
export interface ReconnectStats {
  readonly state: ReconnectState;
  /** Time since the state was entered. */
  readonly stateElapsedMs: number;
  readonly backoffMs: number;
  readonly createdAt: number;
  readonly lastActivityAt: number;
  readonly lastConnectedAt: number | undefined;
  readonly lastDisconnectedAt: number | undefined;
  readonly isConnected: boolean;
  /** Time since the last connect; undefined before the first. */
  readonly sinceConnectMs: number | undefined;
  /** Time since the last disconnect; undefined before the first. */
  readonly sinceDisconnectMs: number | undefined;
  readonly totalConnectedMs: number;
  readonly attempts: number;
  readonly successes: number;
  /** Changes whenever a connection is made or lost. */
  readonly seqno: number;
}

const DEFAULT_MIN_BACKOFF_MS = 1000;
const DEFAULT_MAX_BACKOFF_MS = 8000;
const DEFAULT_PROBE_INTERVAL_MS = 5000;
/** Shortest time that a connection attempt is given. */
const MIN_CONNECT_TIMEOUT_MS = 1000;

/** See the head of this file. Begins in state `void`, in which it asks for nothing. */
export class Reconnect {
  #minBackoffMs: number;
  #maxBackoffMs: number;
  #probeIntervalMs: number;
  #maxTries: number;
  #passive = false;
  #freeTries = 0;

  #state: ReconnectState = 'void';
  #stateEntered: number;
  #backoffMs = 0;
  #lastActivity: number;
  #lastReceiveAttempt: number;
  #lastConnected: number | undefined;
  #lastDisconnected: number | undefined;

  readonly #created: number;
  #attempts = 0;
  #successes = 0;
  #seqno = 0;
  #totalConnectedMs = 0;

  constructor(now: number, options: ReconnectOptions = {}) {
    this.#created = this.#stateEntered = this.#lastActivity = this.#lastReceiveAttempt = now;
    this.#minBackoffMs = options.minBackoffMs ?? DEFAULT_MIN_BACKOFF_MS;
    this.#maxBackoffMs = options.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS;
    this.#probeIntervalMs = options.probeIntervalMs ?? DEFAULT_PROBE_INTERVAL_MS;
    this.#maxTries = options.maxTries ?? Infinity;
  }

  get state(): ReconnectState {
    return this.#state;
  }

  /** True between {@link connected} and the end of that connection. */
  get isConnected(): boolean {
    return isConnectedState(this.#state);
  }

  /** The wait before the next attempt, as last decided. */
  get backoffMs(): number {
    return this.#backoffMs;
  }

  get probeIntervalMs(): number {
    return this.#probeIntervalMs;
  }

  /** Changes whenever a connection is made or lost. */
  get seqno(): number {
    return this.#seqno;
  }

  /** Attempts that are left. */
  get maxTries(): number {
    return this.#maxTries;
  }

  setMaxTries(maxTries: number): void {
    this.#maxTries = maxTries;
  }

  setBackoff(minBackoffMs: number, maxBackoffMs: number): void {
    this.#minBackoffMs = minBackoffMs;
    this.#maxBackoffMs = Math.max(minBackoffMs, maxBackoffMs);
    if (this.#state === 'backoff') this.#backoffMs = Math.min(this.#backoffMs, this.#maxBackoffMs);
  }

  setProbeInterval(probeIntervalMs: number): void {
    this.#probeIntervalMs = probeIntervalMs;
  }

  /**
   * Failures that are not waited for. The number of remotes lets the first round over all of them go
   * quickly: of `n` free tries the last is the one that waits.
   */
  setFreeTries(freeTries: number): void {
    this.#freeTries = freeTries;
  }

  /** Passive: the peer connects, and the action `connect` asks to listen. */
  setPassive(passive: boolean, now: number): void {
    if (this.#passive === passive) return;
    this.#passive = passive;
    if (this.#state === (passive ? 'connecting' : 'listening')) {
      this.#backoffMs = 0;
      this.#enter('backoff', now);
    }
  }

  get passive(): boolean {
    return this.#passive;
  }

  /** Leaves `void`, with an attempt due at once, if attempts are left. */
  enable(now: number): void {
    if (this.#state !== 'void' || !this.#takeTry()) return;
    this.#backoffMs = 0;
    this.#enter('backoff', now);
  }

  /** Goes to `void`; the owner closes what is open. */
  disable(now: number): void {
    if (this.#state !== 'void') this.#enter('void', now);
  }

  /** Asks for the end of the connection or attempt, if there is one. */
  forceReconnect(now: number): void {
    if (this.#state === 'connecting' || this.isConnected) this.#enter('reconnect', now);
  }

  /** An attempt has begun. */
  connecting(now: number): void {
    if (this.#state !== 'connecting') this.#enter('connecting', now);
  }

  /** A passive owner listens. */
  listening(now: number): void {
    if (this.#state !== 'listening') this.#enter('listening', now);
  }

  /** The connection is made. */
  connected(now: number): void {
    if (this.isConnected) return;
    this.connecting(now);
    this.#enter('active', now);
    this.#lastConnected = now;
  }

  /** The attempt failed. */
  connectFailed(now: number): void {
    this.connecting(now);
    this.disconnected(now);
  }

  /** The connection, attempt or listening socket is gone: decides whether and when to try again. */
  disconnected(now: number): void {
    if (this.#state === 'backoff' || this.#state === 'void') return;
    // A connection that was given up on purpose says nothing about the server: it backs off like a failure.
    const wasConnected = this.#state === 'active' || this.#state === 'idle';
    if (wasConnected) this.#lastDisconnected = now;
    if (!this.#takeTry()) {
      this.#enter('void', now);
      return;
    }
    if (this.#freeTries > 1) {
      this.#freeTries--;
      this.#backoffMs = 0;
    } else if (
      wasConnected &&
      (this.#passive || this.#lastActivity - (this.#lastConnected ?? now) >= this.#backoffMs)
    ) {
      // It was of use for as long as it had been waited for.
      this.#backoffMs = this.#passive ? 0 : this.#minBackoffMs;
    } else if (this.#backoffMs < this.#minBackoffMs) {
      this.#backoffMs = this.#minBackoffMs;
    } else {
      this.#backoffMs = Math.min(this.#backoffMs * 2, this.#maxBackoffMs);
    }
    this.#enter('backoff', now);
  }

  /** Something was received, or left after having been queued: the peer lives. */
  activity(now: number): void {
    if (this.#state === 'idle') this.#enter('active', now);
    this.#lastActivity = now;
  }

  /** All that had arrived by now has been read. Without this, no silence is held against the peer. */
  receiveAttempted(now: number): void {
    this.#lastReceiveAttempt = now;
  }

  /** When to call {@link run} next; Infinity when only an event can change anything. */
  deadline(now: number): number {
    switch (this.#state) {
      case 'void':
      case 'listening':
        return Infinity;
      case 'backoff':
        return this.#stateEntered + this.#backoffMs;
      case 'connecting':
        return this.#stateEntered + Math.max(MIN_CONNECT_TIMEOUT_MS, this.#backoffMs);
      case 'active':
        return this.#silenceDeadline(Math.max(this.#lastActivity, this.#stateEntered), now);
      case 'idle':
        return this.#silenceDeadline(this.#stateEntered, now);
      case 'reconnect':
        return this.#stateEntered;
    }
  }

  /**
   * Says what to do now, if anything: `connect` (then call {@link connecting}), `disconnect` (then
   * {@link disconnected} or {@link connectFailed}) or `probe`. The first two are said until the owner has reacted.
   */
  run(now: number): ReconnectAction | undefined {
    if (now < this.deadline(now)) return undefined;
    switch (this.#state) {
      case 'backoff':
        return 'connect';
      case 'active':
        this.#enter('idle', now);
        return 'probe';
      case 'connecting':
      case 'idle':
      case 'reconnect':
        return 'disconnect';
      case 'void':
      case 'listening':
        return undefined;
    }
  }

  stats(now: number): ReconnectStats {
    return {
      state: this.#state,
      stateElapsedMs: now - this.#stateEntered,
      backoffMs: this.#backoffMs,
      createdAt: this.#created,
      lastActivityAt: this.#lastActivity,
      lastConnectedAt: this.#lastConnected,
      lastDisconnectedAt: this.#lastDisconnected,
      isConnected: this.isConnected,
      sinceConnectMs: this.#lastConnected === undefined ? undefined : now - this.#lastConnected,
      sinceDisconnectMs: this.#lastDisconnected === undefined ? undefined : now - this.#lastDisconnected,
      totalConnectedMs: this.#totalConnectedMs + (this.isConnected ? now - (this.#lastConnected ?? now) : 0),
      attempts: this.#attempts,
      successes: this.#successes,
      seqno: this.#seqno,
    };
  }

  #silenceDeadline(since: number, now: number): number {
    if (this.#probeIntervalMs === 0) return Infinity;
    const expiry = since + this.#probeIntervalMs;
    // A process that was busy has not looked yet, and what it missed may lie in the socket: look first.
    return now < expiry || this.#lastReceiveAttempt >= expiry ? expiry : now + 1;
  }

  #takeTry(): boolean {
    if (this.#maxTries <= 0) return false;
    this.#maxTries--;
    return true;
  }

  #enter(state: ReconnectState, now: number): void {
    if (this.#state === 'connecting') {
      this.#attempts++;
      if (state === 'active') this.#successes++;
    }
    if (isConnectedState(state) !== this.isConnected) {
      if (this.isConnected) this.#totalConnectedMs += now - (this.#lastConnected ?? now);
      this.#seqno++;
    }
    this.#state = state;
    this.#stateEntered = now;
  }
}

function isConnectedState(state: ReconnectState): boolean {
  return state === 'active' || state === 'idle' || state === 'reconnect';
}
