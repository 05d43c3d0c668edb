import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { expect } from 'chai';

import type { ClientState } from '../../../lib/client/client-state.js';
import { LatencyHistogram } from '../../../lib/client/latency-histogram.js';
import { Metrics, type CountedSession } from '../../../lib/client/metrics.js';
import { DIAGNOSTICS_CHANNELS } from '../../../lib/diagnostics.js';
import type { BatchSummary, RowChange } from '../../../lib/replica/replica.js';

const remote = 'tcp:127.0.0.1:6641';
const connecting: ClientState = { name: 'connecting', remote };
const syncing: ClientState = { name: 'syncing', remote };
const synced = (kind: 'snapshot' | 'delta'): ClientState => ({
  name: 'synced',
  remote,
  method: 'monitor_cond_since',
  kind,
  server: undefined,
});
const backoff: ClientState = { name: 'backoff', delayMs: 1000, error: new Error('lost') };

function batchOf(kinds: readonly RowChange['type'][], applyMs: number): BatchSummary {
  const count = (kind: RowChange['type']): number => kinds.filter((each) => each === kind).length;
  return { inserts: count('insert'), updates: count('update'), deletes: count('delete'), applyMs };
}

/** Metrics with a clock that is moved by hand. */
class Rig {
  nowMs = 1000;
  state: ClientState = { name: 'connecting', remote: '' };
  readonly metrics = new Metrics({
    database: 'DB',
    rows: () => [
      ['T', 2],
      ['constructor', 1],
      ['T', 3],
    ],
    transactions: () => ({ inFlight: 4, waiting: 5 }),
    now: () => this.nowMs,
  });

  /** Moves the clock, then the state. */
  to(state: ClientState, afterMs = 0): void {
    this.nowMs += afterMs;
    const previous = this.state;
    this.state = state;
    this.metrics.stateChanged(state, previous);
  }
}

function session(bytesReceived: number): { stats: { -readonly [K in keyof CountedSession['stats']]: number } } {
  return {
    stats: { bytesReceived, bytesSent: 1, messagesReceived: 2, messagesSent: 3, strayReplies: 4, probesSent: 5 },
  };
}

/** What is published on a channel while `during` runs. */
function published(channel: keyof typeof DIAGNOSTICS_CHANNELS, during: () => void): unknown[] {
  const got: unknown[] = [];
  const listener = (message: unknown): void => void got.push(message);
  subscribe(DIAGNOSTICS_CHANNELS[channel], listener);
  try {
    during();
  } finally {
    unsubscribe(DIAGNOSTICS_CHANNELS[channel], listener);
  }
  return got;
}

describe('Metrics', () => {
  it('counts attempts, connections, reconnects and syncs by kind', () => {
    const rig = new Rig();
    rig.to(connecting);
    rig.to(backoff);
    rig.to(connecting);
    rig.to(syncing);
    rig.to(synced('snapshot'), 30);
    expect(rig.metrics.snapshot().syncs).to.deep.equal({
      count: 1,
      resyncs: { snapshot: 0, delta: 0 },
      lastMs: 30,
    });
    rig.to(connecting);
    rig.to(syncing);
    rig.to(synced('delta'), 7);
    // The database was converted: everything comes again over the same connection.
    rig.to(syncing);
    rig.to(synced('snapshot'), 9);
    const { connections, syncs, state } = rig.metrics.snapshot();
    expect(connections).to.deep.equal({ attempted: 3, made: 2, reconnects: 1 });
    expect(syncs).to.deep.equal({ count: 3, resyncs: { snapshot: 1, delta: 1 }, lastMs: 9 });
    expect(state).to.equal('synced');
  });

  it('says for how long the replica has not been known to be current', () => {
    const rig = new Rig();
    rig.nowMs += 50;
    expect(rig.metrics.snapshot().staleMs).to.equal(50);
    rig.to(connecting);
    rig.to(syncing, 10);
    expect(rig.metrics.snapshot().staleMs).to.equal(60);
    rig.to(synced('snapshot'));
    rig.nowMs += 500;
    expect(rig.metrics.snapshot().staleMs).to.equal(0);
    rig.to(backoff);
    rig.to(connecting, 100);
    rig.to(syncing, 20);
    rig.nowMs += 3;
    expect(rig.metrics.snapshot().staleMs).to.equal(123);
  });

  it('adds up the traffic of past sessions and of the present one', () => {
    const rig = new Rig();
    const [first, second] = [session(100), session(10)];
    rig.metrics.sessionStarted(first);
    first.stats.bytesReceived = 150;
    expect(rig.metrics.snapshot().traffic.bytesReceived).to.equal(150);
    rig.metrics.sessionEnded();
    rig.metrics.sessionEnded();
    first.stats.bytesReceived = 999;
    expect(rig.metrics.snapshot().traffic.bytesReceived).to.equal(150);
    rig.metrics.sessionStarted(second);
    expect(rig.metrics.snapshot().traffic).to.deep.equal({
      bytesReceived: 160,
      bytesSent: 2,
      messagesReceived: 4,
      messagesSent: 6,
      strayReplies: 8,
      probesSent: 10,
    });
  });

  it('counts rows of all replicas, batches, changes and the time to apply them', () => {
    const rig = new Rig();
    rig.metrics.batch(batchOf(['insert', 'insert', 'update'], 3));
    rig.metrics.batch(batchOf(['delete'], 1.5));
    const { replica } = rig.metrics.snapshot();
    expect({ ...replica, rows: Object.entries(replica.rows) }).to.deep.equal({
      rows: [
        ['T', 5],
        ['constructor', 1],
      ],
      batches: 2,
      inserts: 2,
      updates: 1,
      deletes: 1,
      applyMs: { sum: 4.5, max: 3, last: 1.5 },
    });
  });

  it('counts transactions by outcome, and the time of those that were committed', () => {
    const rig = new Rig();
    const report = { code: undefined, error: undefined, operations: 2, durationMs: 4 };
    const messages = published('transaction', () => {
      rig.metrics.transaction({ ...report, outcome: 'committed', attempts: 3 });
      rig.metrics.transaction({ ...report, outcome: 'not-sent', attempts: 0, code: 'NotSent' });
      for (const outcome of ['failed', 'unknown', 'unknown'] as const) {
        rig.metrics.transaction({ ...report, outcome, attempts: 1 });
      }
    });
    const { latency, ...counts } = rig.metrics.snapshot().transactions;
    expect(counts).to.deep.equal({
      committed: 1,
      failed: 1,
      notSent: 1,
      unknown: 2,
      retries: 2,
      inFlight: 4,
      waiting: 5,
    });
    expect([latency.count, latency.sumMs]).to.deep.equal([1, 4]);
    expect(messages).to.have.lengthOf(5);
    expect(messages[0]).to.deep.equal({ database: 'DB', ...report, outcome: 'committed', attempts: 3 });
  });

  it('publishes each state, and each sync with what it took', () => {
    const rig = new Rig();
    const states = published('state', () => {
      rig.to(connecting);
      rig.to(backoff);
    });
    expect(states).to.deep.equal([
      { database: 'DB', name: 'connecting', previous: 'connecting', remote, error: undefined },
      { database: 'DB', name: 'backoff', previous: 'connecting', remote: undefined, error: backoff.error },
    ]);
    const syncs = published('sync', () => {
      for (const kind of ['snapshot', 'delta'] as const) {
        rig.to(connecting);
        const current = session(100);
        rig.metrics.sessionStarted(current);
        rig.to(syncing, 20);
        current.stats.bytesReceived = kind === 'delta' ? 107 : 600;
        rig.metrics.batch(batchOf(['insert', 'delete'], 1));
        rig.to(synced(kind), 12);
        // What comes later is no part of it.
        rig.metrics.batch(batchOf(['insert'], 1));
      }
    });
    const sync = { database: 'DB', remote, method: 'monitor_cond_since', rowChanges: 2, durationMs: 12 };
    expect(syncs).to.deep.equal([
      { ...sync, kind: 'snapshot', isFirst: true, bytesReceived: 500 },
      { ...sync, kind: 'delta', isFirst: false, bytesReceived: 7 },
    ]);
  });

  it('counts and publishes overflows and warnings', () => {
    const rig = new Rig();
    const overflows = published('overflow', () => rig.metrics.overflow({ batches: 7, changes: 9 }));
    expect(overflows).to.deep.equal([{ database: 'DB', batches: 7, changes: 9 }]);
    const warnings = published('warning', () =>
      rig.metrics.warning({ code: 'ListenerError', message: 'a listener threw', cause: 'x' }),
    );
    expect(warnings).to.deep.equal([
      { database: 'DB', code: 'ListenerError', message: 'a listener threw', cause: 'x' },
    ]);
    const { overflows: overflowed, warnings: warned } = rig.metrics.snapshot();
    expect([overflowed, warned]).to.deep.equal([1, 1]);
  });

  it('gives snapshots that stay as they were', () => {
    const rig = new Rig();
    rig.to(connecting);
    rig.metrics.sessionStarted(session(1));
    const before = rig.metrics.snapshot();
    const copy = structuredClone({ ...before, replica: { ...before.replica, rows: { ...before.replica.rows } } });
    rig.to(syncing);
    rig.to(synced('snapshot'));
    rig.metrics.batch(batchOf(['insert'], 5));
    rig.metrics.transaction({
      outcome: 'committed',
      attempts: 2,
      operations: 1,
      durationMs: 1,
      code: undefined,
      error: undefined,
    });
    rig.metrics.sessionEnded();
    rig.metrics.overflow({ batches: 1, changes: 1 });
    expect({ ...before, replica: { ...before.replica, rows: { ...before.replica.rows } } }).to.deep.equal(copy);
  });
});

describe('LatencyHistogram', () => {
  it('counts each duration in every bucket that it fits in, and all in the last', () => {
    const histogram = new LatencyHistogram();
    for (const durationMs of [0, 1, 1.01, 29_999, 30_000, 1e9]) histogram.record(durationMs);
    const { buckets, count, sumMs } = histogram.snapshot();
    const at = (leMs: number): number | undefined => buckets.find((bucket) => bucket.leMs === leMs)?.count;
    expect([at(1), at(2), at(10_000), at(30_000), at(Infinity)]).to.deep.equal([2, 3, 3, 5, 6]);
    expect([count, sumMs]).to.deep.equal([6, 1e9 + 60_001.01]);
    expect(buckets.map(({ leMs }) => leMs)).to.deep.equal(buckets.map(({ leMs }) => leMs).toSorted((a, b) => a - b));
  });
});
