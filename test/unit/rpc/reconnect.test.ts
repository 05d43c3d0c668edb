import { expect } from 'chai';

import { Reconnect, type ReconnectOptions } from '../../../lib/rpc/reconnect.js';

type Step = readonly [at: number, event: string, expected?: string];

const EVENTS: Readonly<Record<string, (machine: Reconnect, now: number) => unknown>> = {
  enable: (machine, now) => machine.enable(now),
  disable: (machine, now) => machine.disable(now),
  force: (machine, now) => machine.forceReconnect(now),
  connecting: (machine, now) => machine.connecting(now),
  listening: (machine, now) => machine.listening(now),
  connected: (machine, now) => machine.connected(now),
  'connect failed': (machine, now) => machine.connectFailed(now),
  disconnected: (machine, now) => machine.disconnected(now),
  activity: (machine, now) => machine.activity(now),
  read: (machine, now) => machine.receiveAttempted(now),
  passive: (machine, now) => machine.setPassive(true, now),
  active: (machine, now) => machine.setPassive(false, now),
  run: (machine, now) => machine.run(now),
};

/** Plays events at times; `expected` is `ACTION/` where one is due, then the state, then the next deadline. */
function play(steps: readonly Step[], options: ReconnectOptions = {}, freeTries = 0): Reconnect {
  const machine = new Reconnect(0, options);
  machine.setFreeTries(freeTries);
  for (const [now, event, expected] of steps) {
    const action = EVENTS[event]!(machine, now);
    const told = `${typeof action === 'string' ? `${action}/` : ''}${machine.state} ${machine.deadline(now)}`;
    if (expected !== undefined) expect(told, `after ${event} at ${now}`).to.equal(expected);
  }
  return machine;
}

describe('Reconnect', () => {
  it('asks for nothing until it is enabled, and then for a connection at once', () => {
    play([
      [0, 'run', 'void Infinity'],
      [500, 'disconnected', 'void Infinity'],
      [500, 'force', 'void Infinity'],
      [700, 'enable', 'backoff 700'],
      [700, 'run', 'connect/backoff 700'],
      [700, 'connecting', 'connecting 1700'],
      [900, 'disable', 'void Infinity'],
    ]);
  });

  it('waits 1, 2, 4, 8, 8 s between failures, and gives each attempt as long as the wait, at least 1 s', () => {
    play([
      [0, 'enable'],
      [0, 'connect failed', 'backoff 1000'],
      [999, 'run', 'backoff 1000'],
      [1000, 'run', 'connect/backoff 1000'],
      [1000, 'connecting', 'connecting 2000'],
      [2000, 'run', 'disconnect/connecting 2000'],
      [2000, 'connect failed', 'backoff 4000'],
      [4000, 'connecting', 'connecting 6000'],
      [5000, 'connect failed', 'backoff 9000'],
      [9000, 'connect failed', 'backoff 17000'],
      [17000, 'connect failed', 'backoff 25000'],
      [25000, 'connecting', 'connecting 33000'],
    ]);
  });

  it('keeps to the bounds that it is given, also when they shrink while it waits', () => {
    const options = { minBackoffMs: 100, maxBackoffMs: 250 };
    const machine = play(
      [
        [0, 'enable'],
        [0, 'connect failed', 'backoff 100'],
        [100, 'connect failed', 'backoff 300'],
        [300, 'connect failed', 'backoff 550'],
        [550, 'connect failed', 'backoff 800'],
      ],
      options,
    );
    machine.setBackoff(10, 50);
    expect(machine.deadline(550)).to.equal(600);
  });

  it('does not wait after all but the last of its free tries', () => {
    play(
      [
        [0, 'enable'],
        [0, 'connect failed', 'backoff 0'],
        [0, 'connect failed', 'backoff 0'],
        [0, 'connect failed', 'backoff 1000'],
        [1000, 'connect failed', 'backoff 3000'],
      ],
      {},
      3,
    );
  });

  it('starts over with the shortest wait after a connection that was of use for longer than its wait', () => {
    const before: Step[] = [
      [0, 'enable'],
      [0, 'connect failed'],
      [1000, 'connect failed', 'backoff 3000'],
      [3000, 'connected', 'active 8000'],
    ];
    play([...before, [5000, 'activity'], [5100, 'disconnected', 'backoff 6100']]);
    play([...before, [4999, 'activity'], [9000, 'disconnected', 'backoff 13000']]);
    play([...before, [9000, 'disconnected', 'backoff 13000']]);
  });

  it('probes after an interval of silence and gives up after another', () => {
    play([
      [0, 'enable'],
      [100, 'connected', 'active 5100'],
      [3000, 'activity', 'active 8000'],
      [8000, 'read'],
      [8000, 'run', 'probe/idle 13000'],
      [8500, 'activity', 'active 13500'],
      [13500, 'read'],
      [13500, 'run', 'probe/idle 18500'],
      [18500, 'read'],
      [18500, 'run', 'disconnect/idle 18500'],
      [18500, 'disconnected', 'backoff 19500'],
    ]);
  });

  it('holds no silence against the peer before it has looked for input', () => {
    play([
      [0, 'enable'],
      [0, 'connected', 'active 5000'],
      [60_000, 'run', 'active 60001'],
      [60_000, 'read', 'active 5000'],
      [60_000, 'run', 'probe/idle 65000'],
      [90_000, 'run', 'idle 90001'],
      [90_000, 'activity', 'active 95000'],
    ]);
  });

  it('never probes when the interval is 0', () => {
    play(
      [
        [0, 'enable'],
        [0, 'connected', 'active Infinity'],
        [1e9, 'read'],
        [1e9, 'run', 'active Infinity'],
      ],
      { probeIntervalMs: 0 },
    );
  });

  it('backs off after a connection that its owner gave up, and never mistakes late input for a change of mind', () => {
    play([
      [0, 'enable'],
      [0, 'connected'],
      [9000, 'force', 'reconnect 9000'],
      [9000, 'activity', 'reconnect 9000'],
      [9000, 'run', 'disconnect/reconnect 9000'],
      [9000, 'disconnected', 'backoff 10000'],
    ]);
  });

  it('goes to void when its tries are used up, and comes back when it gets more', () => {
    const machine = play(
      [
        [0, 'enable'],
        [0, 'connect failed', 'backoff 1000'],
        [1000, 'connect failed', 'void Infinity'],
      ],
      {
        maxTries: 2,
      },
    );
    machine.enable(2000);
    expect(machine.state).to.equal('void');
    machine.setMaxTries(1);
    machine.enable(2000);
    expect([machine.state, machine.maxTries]).to.deep.equal(['backoff', 0]);
  });

  it('listens when passive, without waits after connections that were made', () => {
    play([
      [0, 'passive'],
      [0, 'enable', 'backoff 0'],
      [0, 'run', 'connect/backoff 0'],
      [0, 'listening', 'listening Infinity'],
      [700, 'connected', 'active 5700'],
      [800, 'disconnected', 'backoff 800'],
      [800, 'listening', 'listening Infinity'],
      [900, 'active', 'backoff 900'],
    ]);
  });

  it('counts attempts, successes, changes and the time connected', () => {
    const machine = play([
      [0, 'enable'],
      [0, 'connect failed'],
      [1000, 'connecting'],
      [1200, 'connected'],
      [1200, 'connected'],
      [4200, 'disconnected'],
      [5200, 'connected'],
    ]);
    expect(machine.stats(6000)).to.deep.include({
      state: 'active',
      isConnected: true,
      attempts: 3,
      successes: 2,
      seqno: 3,
      totalConnectedMs: 3800,
      lastConnectedAt: 5200,
      lastDisconnectedAt: 4200,
      sinceConnectMs: 800,
      sinceDisconnectMs: 1800,
    });
  });
});
