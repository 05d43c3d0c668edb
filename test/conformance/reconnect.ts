/** `reconnect`: drives the reconnect state machine by a script, under a clock that the script moves. */
import { readFileSync } from 'node:fs';

import { Reconnect, type ReconnectStats } from '../../lib/rpc/reconnect.js';
import { FatalError, print } from './output.js';

const ACTIONS = {
  connect: '  should connect',
  disconnect: '  should disconnect',
  probe: '  should send probe',
} as const;

/** What happens to the machine, by command. */
const EVENTS: Readonly<
  Record<string, ((machine: Reconnect, now: number, argument: string | undefined) => void) | undefined>
> = {
  enable: (machine, now) => machine.enable(now),
  disable: (machine, now) => machine.disable(now),
  'force-reconnect': (machine, now) => machine.forceReconnect(now),
  disconnected: (machine, now) => machine.disconnected(now),
  connecting: (machine, now) => machine.connecting(now),
  'connect-failed': (machine, now) => machine.connectFailed(now),
  connected: (machine, now) => machine.connected(now),
  activity: (machine, now) => machine.activity(now),
  passive: (machine, now) => machine.setPassive(true, now),
  listening: (machine, now) => machine.listening(now),
  'listen-error': (machine, now) => {
    if (machine.state === 'listening') machine.disconnected(now);
  },
  'receive-attempted': (machine, now, when) => machine.receiveAttempted(when === 'LLONG_MAX' ? Infinity : now),
  'set-max-tries': (machine, _now, tries) => machine.setMaxTries(Number(tries)),
  'set-backoff-free-tries': (machine, _now, tries) => machine.setFreeTries(Number(tries)),
};

/** What the reference clients show for "never". */
const NEVER = 9_223_372_036_854_775_807n;

export function runReconnect(): void {
  const script = new ReconnectScript();
  const text = readFileSync(0, 'utf8');
  for (const line of text.split('\n').slice(0, text.endsWith('\n') ? -1 : undefined)) script.run(line);
}

class ReconnectScript {
  #now = 1000;
  readonly #machine = new Reconnect(this.#now);
  #reported = this.#now;
  #previous = this.#machine.stats(this.#now);
  #maxTries = this.#machine.maxTries;

  constructor() {
    print(`### t=${this.#now} ###`);
  }

  run(line: string): void {
    print(line);
    if (line.startsWith('#')) return;
    const [command, argument] = line.split(/\s+/).filter((word) => word !== '');
    if (command === undefined) return;
    this.#execute(command, argument);
    this.#report();
  }

  #execute(command: string, argument: string | undefined): void {
    const machine = this.#machine;
    const event = EVENTS[command];
    if (event !== undefined) event(machine, this.#now, argument);
    else if (command === 'advance') this.#now += Number(argument);
    else if (command === 'run') {
      this.#now += Number(argument ?? 0);
      const action = machine.run(this.#now);
      if (action !== undefined) print(ACTIONS[action]);
    } else if (command === 'timeout') {
      const waitMs = Math.max(0, machine.deadline(this.#now) - this.#now);
      print(waitMs === Infinity ? '  no timeout' : `  advance ${waitMs} ms`);
      if (waitMs !== Infinity) this.#now += waitMs;
    } else throw new FatalError(`unknown command "${command}"`);
  }

  #report(): void {
    if (this.#reported !== this.#now) print(`\n### t=${this.#now} ###`);
    const stats = this.#machine.stats(this.#now);
    for (const line of differences(this.#previous, stats, this.#now - this.#reported)) print(`  ${line}`);
    this.#previous = stats;
    this.#reported = this.#now;
    const { maxTries } = this.#machine;
    if (maxTries !== this.#maxTries) print(`  ${maxTries} tries left`);
    this.#maxTries = maxTries;
  }
}

function differences(old: ReconnectStats, now: ReconnectStats, elapsedMs: number): string[] {
  const lines: string[] = [];
  const differ = (...names: (keyof ReconnectStats)[]): boolean => names.some((name) => old[name] !== now[name]);
  if (differ('state', 'stateElapsedMs', 'backoffMs')) {
    lines.push(`in ${now.state.toUpperCase()} for ${now.stateElapsedMs} ms (${now.backoffMs} ms backoff)`);
  }
  if (differ('createdAt', 'lastActivityAt', 'lastConnectedAt')) {
    const connected = String(now.lastConnectedAt ?? NEVER);
    lines.push(`created ${now.createdAt}, last activity ${now.lastActivityAt}, last connected ${connected}`);
  }
  if (differ('successes', 'attempts', 'seqno')) {
    lines.push(`${now.successes} successful connections out of ${now.attempts} attempts, seqno ${now.seqno}`);
  }
  if (differ('isConnected')) lines.push(now.isConnected ? 'connected' : 'disconnected');
  // Both times go by with the clock; what else changes them is told.
  const connectedAgain =
    differ('lastConnectedAt') ||
    (now.sinceConnectMs !== undefined && old.sinceConnectMs !== now.sinceConnectMs - elapsedMs) ||
    (old.totalConnectedMs !== now.totalConnectedMs - elapsedMs &&
      !(old.totalConnectedMs === 0 && now.totalConnectedMs === 0));
  if (connectedAgain) {
    const ago = String(now.sinceConnectMs ?? NEVER);
    lines.push(`last connected ${ago} ms ago, connected ${now.totalConnectedMs} ms total`);
  }
  const disconnectedAgain =
    differ('lastDisconnectedAt') ||
    (now.sinceDisconnectMs !== undefined && old.sinceDisconnectMs !== now.sinceDisconnectMs - elapsedMs);
  if (disconnectedAgain) {
    lines.push(`disconnected at ${String(now.lastDisconnectedAt)} ms (${String(now.sinceDisconnectMs)} ms ago)`);
  }
  return lines;
}
