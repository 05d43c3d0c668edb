import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect } from 'chai';

import { ConnectionLostError, type OvsdbError } from '../../../lib/errors.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import type { BuiltTransaction } from '../../../lib/transaction/builder.js';
import { Coalescing } from '../../../lib/transaction/coalescing.js';
import type { Operation, OperationResult } from '../../../lib/transaction/operations.js';
import type { Answer } from '../../../lib/transaction/send.js';
import { failure } from '../../failure.js';
import { FakeClock, FakeStream } from '../rpc/fake-stream.js';

const GUARD: Operation = { op: 'wait', table: 'S', timeout: 0 };

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A change of one row, which the test can tell from others. */
const update = (n: number): Operation => ({ op: 'update', table: 'T', row: { n } });

const built = (...operations: readonly Operation[]): BuiltTransaction => ({
  guards: [],
  operations,
  inserts: new Map(),
  pendings: new Set(),
  orphans: [],
});

interface Request {
  readonly id: number | null;
  readonly method: string;
  readonly params: readonly unknown[];
}

/** Lets a turn of the event loop end. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('coalescing', () => {
  let stream: FakeStream;
  let clock: FakeClock;
  let session: RpcSession;
  let ends: OvsdbError[];
  let coalescing: Coalescing;

  const open = (on: FakeStream): RpcSession =>
    new RpcSession(on, {
      onNotification: () => undefined,
      onClose: (error) => ends.push(error),
      clock,
      probeIntervalMs: 0,
    });

  beforeEach(() => {
    stream = new FakeStream();
    clock = new FakeClock();
    ends = [];
    session = open(stream);
    coalescing = new Coalescing(clock);
  });
  afterEach(async () => {
    session.close();
    await turn();
    expect(clock.timers).to.equal(0);
  });

  interface How {
    readonly clustered?: boolean;
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
    readonly progress?: { isOut: boolean };
    readonly leadChanges?: () => number;
    readonly isOutdated?: () => boolean;
    readonly over?: RpcSession;
  }
  const read = (results: readonly OperationResult[]): unknown => results;
  function send(transaction: BuiltTransaction, { over = session, ...how }: How = {}): Promise<Answer> {
    const context = { database: 'D', session: over, clustered: false, signal: undefined, timeoutMs: 100, ...how };
    return coalescing.send(transaction, read, context);
  }
  const sendAll = (count: number, how?: How): Promise<Answer>[] =>
    Array.from({ length: count }, (_, n) => send(built(update(n)), how));

  /** The requests sent since the last call; what a transaction changes stands for it. */
  const requests = (from = stream): Request[] => from.take() as Request[];
  const changes = ({ params }: Request): unknown[] =>
    params.slice(1).map((operation) => (operation as { row: { n: number } }).row.n);
  const counts = (length: number): object[] => Array.from({ length }, (_, n) => ({ count: n + 1 }));

  it('sends what one turn asks for as one transaction, and gives each its own results', async () => {
    const answers = [send(built(update(0), update(1))), send(built(update(2))), send(built(update(3), update(4)))];
    expect(stream.take()).to.deep.equal([]);
    await turn();
    expect(stream.take()).to.deep.equal([{ id: 0, method: 'transact', params: ['D', ...[0, 1, 2, 3, 4].map(update)] }]);
    stream.receive({ id: 0, result: counts(5), error: null });
    expect(await Promise.all(answers)).to.deep.equal([
      { value: [{ count: 1 }, { count: 2 }] },
      { value: [{ count: 3 }] },
      { value: [{ count: 4 }, { count: 5 }] },
    ]);
  });

  it('sends one that has no company as if it were sent alone', async () => {
    const answer = send(built(update(7)));
    await turn();
    const [request] = requests();
    expect(changes(request!)).to.deep.equal([7]);
    clock.advance(100);
    expect(requests()).to.deep.equal([{ id: null, method: 'cancel', params: [0] }]);
    stream.receive({ id: 0, error: 'canceled' });
    expect(await failure(answer)).to.include({ code: 'TimedOut', outcome: 'failed' });
  });

  it('gathers while two are under way, and sends again when one is answered', async () => {
    const first = sendAll(1);
    await turn();
    const second = sendAll(2);
    await turn();
    const third = sendAll(3);
    await turn();
    const fourth = sendAll(1);
    await turn();
    expect(requests().map(changes)).to.deep.equal([[0], [0, 1]]);
    stream.receive({ id: 0, result: counts(1), error: null });
    await Promise.all(first);
    await turn();
    expect(requests().map(changes)).to.deep.equal([[0, 1, 2, 0]]);
    stream.receive({ id: 1, result: counts(2), error: null }, { id: 2, result: counts(4), error: null });
    await Promise.all([...second, ...third, ...fourth]);
  });

  it('sends no more than a hundred operations in one', async () => {
    const answers = sendAll(250);
    await turn();
    expect(requests().map((request) => changes(request).length)).to.deep.equal([100, 100]);
    stream.receive({ id: 0, result: counts(100), error: null });
    await turn();
    expect(requests().map((request) => changes(request).length)).to.deep.equal([50]);
    stream.receive({ id: 1, result: counts(100), error: null }, { id: 2, result: counts(50), error: null });
    for (const [n, answer] of (await Promise.all(answers)).entries()) {
      expect(answer).to.deep.equal({ value: [{ count: (n % 100) + 1 }] });
    }
  });

  it('shares over one session only', async () => {
    const other = new FakeStream();
    const otherSession = open(other);
    const answers = [send(built(update(0))), send(built(update(1)), { over: otherSession }), send(built(update(2)))];
    await turn();
    expect(requests().map(changes)).to.deep.equal([[0, 2]]);
    expect(requests(other).map(changes)).to.deep.equal([[1]]);
    stream.receive({ id: 0, result: counts(2), error: null });
    other.receive({ id: 0, result: counts(1), error: null });
    await Promise.all(answers);
    otherSession.close();
  });

  describe('when one of them is at fault', () => {
    it('sends each again by itself, in order: the others succeed, and it gets its own error', async () => {
      const answers = sendAll(3);
      await turn();
      requests();
      stream.receive({
        id: 0,
        result: [{ count: 1 }, { error: 'constraint violation', details: 'no' }, null],
        error: null,
      });
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0], [1], [2]]);
      stream.receive(
        { id: 1, result: counts(1), error: null },
        { id: 2, result: [{ error: 'constraint violation', details: 'mine' }], error: null },
        { id: 3, result: counts(1), error: null },
      );
      expect(await Promise.all(answers)).to.deep.equal([
        { value: [{ count: 1 }] },
        { index: 0, error: 'constraint violation', details: 'mine' },
        { value: [{ count: 1 }] },
      ]);
    });

    it('does so when the commit fails, and when the server refuses the whole', async () => {
      for (const reply of [
        { result: [{ count: 1 }, { count: 1 }, { error: 'constraint violation' }], error: null },
        { error: { error: 'syntax error', details: 'what?' } },
      ]) {
        const answers = sendAll(2);
        await turn();
        const [{ id } = { id: -1 }] = requests();
        stream.receive({ id, ...reply });
        await turn();
        const [first, second] = requests();
        expect([changes(first!), changes(second!)]).to.deep.equal([[0], [1]]);
        stream.receive({ id: first!.id, result: counts(1), error: null });
        stream.receive({ id: second!.id, error: { error: 'syntax error', details: 'what?' } });
        expect(await answers[0]).to.deep.equal({ value: [{ count: 1 }] });
        expect(await failure(answers[1]!)).to.include({ code: 'TransactionFailed', outcome: 'failed' });
      }
    });

    it('gathers on until all of them are answered', async () => {
      const answers = sendAll(2);
      await turn();
      stream.receive({ id: 0, result: [{ error: 'timed out' }, null], error: null });
      await turn();
      const others = [...sendAll(1)];
      await turn();
      others.push(...sendAll(2));
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0, 1], [0], [1], [0]]);
      for (const id of [1, 2]) stream.receive({ id, result: counts(1), error: null });
      await Promise.all(answers);
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0, 1]]);
      stream.receive({ id: 3, result: counts(1), error: null }, { id: 4, result: counts(2), error: null });
      await Promise.all(others);
    });

    it('has no time for one whose time is over meanwhile', async () => {
      const [late, other] = [send(built(update(0)), { timeoutMs: 50 }), send(built(update(1)))];
      await turn();
      requests();
      clock.advance(60);
      stream.receive({ id: 0, result: [{ error: 'timed out' }, null], error: null });
      expect(await failure(late)).to.include({ code: 'TimedOut', outcome: 'failed' });
      expect(requests().map(changes)).to.deep.equal([[1]]);
      stream.receive({ id: 1, result: counts(1), error: null });
      expect(await other).to.deep.equal({ value: [{ count: 1 }] });
    });

    it('tells a row that is gone from the count of the one that hangs on it, without harm to others', async () => {
      const hanging: BuiltTransaction = { ...built(update(0), update(1)), guards: [GUARD], tellingCount: 1 };
      const answers = [send(hanging), send(built(update(2))), send(hanging)];
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0, 1, 2, 0, 1]]);
      const results = [{ count: 1 }, { count: 0 }, { count: 0 }, { count: 1 }, { count: 1 }];
      stream.receive({ id: 0, result: results, error: null });
      expect(await Promise.all(answers)).to.deep.equal([
        { index: 0, error: 'timed out', details: '"where" clause test failed' },
        { value: [{ count: 0 }] },
        { value: [{ count: 1 }, { count: 1 }] },
      ]);
    });

    it('brings their guards in a cluster, and gives each the results behind its own', async () => {
      const hanging: BuiltTransaction = { ...built(update(0)), guards: [GUARD], tellingCount: 0 };
      const answers = [send(hanging, { clustered: true }), send(hanging, { clustered: true })];
      await turn();
      expect(requests()[0]?.params.slice(1)).to.deep.equal([GUARD, update(0), GUARD, update(0)]);
      stream.receive({ id: 0, result: [{}, { count: 1 }, {}, { count: 2 }], error: null });
      expect(await Promise.all(answers)).to.deep.equal([{ value: [{ count: 1 }] }, { value: [{ count: 2 }] }]);
    });
  });

  describe('when the outcome is unknown', () => {
    it('is so for each, with what each had sent', async () => {
      const errors = sendAll(2).map((answer) => failure(answer));
      await turn();
      requests();
      stream.lose(new ConnectionLostError('the line went dead', { sent: false }));
      for (const [n, error] of (await Promise.all(errors)).entries()) {
        expect(error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
        expect(error['sent']).to.deep.include({ operations: [update(n)] });
        expect(error.message).to.match(/\(update of T\) was sent to tcp:test:6640, but its reply was lost/);
      }
    });

    it('is so for each when the reply makes no sense; the session is ended', async () => {
      const errors = sendAll(2).map((answer) => failure(answer));
      await turn();
      requests();
      stream.receive({ id: 0, result: counts(3), error: null });
      for (const error of await Promise.all(errors)) expect(error).to.include({ code: 'OutcomeUnknown' });
      expect(ends).to.have.lengthOf(1);
    });

    it('is so for each when a member of a cluster may have carried it out before it failed', async () => {
      let changes = 0;
      const how = { clustered: true, leadChanges: () => changes };
      const errors = sendAll(2, how).map((answer) => failure(answer));
      await turn();
      requests();
      changes++;
      stream.receive({ id: 0, result: [{ count: 1 }, { error: 'permission error', details: 'no' }], error: null });
      for (const [n, error] of (await Promise.all(errors)).entries()) {
        expect(error).to.include({ code: 'OutcomeUnknown', error: 'permission error', details: 'no' });
        expect(error['sent']).to.deep.include({ operations: [update(n)] });
      }
      expect(requests()).to.deep.equal([]);
    });

    it('is so for each when the server does not answer in time', async () => {
      const errors = sendAll(2).map((answer) => failure(answer));
      await turn();
      requests();
      clock.advance(1100);
      expect(requests().map(({ method }) => method)).to.deep.equal(['cancel']);
      for (const error of await Promise.all(errors)) expect(error).to.include({ code: 'OutcomeUnknown' });
    });

    it('is so at its own time for one that has less, and the others go on', async () => {
      const [hasty, patient] = [
        failure(send(built(update(0)), { timeoutMs: 50 })),
        send(built(update(1)), { timeoutMs: 5000 }),
      ];
      await turn();
      requests();
      clock.advance(1049);
      let isSettled = false;
      void hasty.then(() => (isSettled = true));
      await turn();
      expect(isSettled).to.equal(false);
      clock.advance(1);
      expect(await hasty).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
      expect((await hasty).cause).to.include({ code: 'Timeout', timeoutMs: 50 });
      expect(requests()).to.deep.equal([]);
      stream.receive({ id: 0, result: counts(2), error: null });
      expect(await patient).to.deep.equal({ value: [{ count: 2 }] });
    });
  });

  it('is certain for each when a standalone server confirms that it canceled it in time', async () => {
    const errors = sendAll(2).map((answer) => failure(answer));
    await turn();
    requests();
    clock.advance(100);
    stream.receive({ id: 0, error: 'canceled' });
    for (const error of await Promise.all(errors)) expect(error).to.include({ code: 'TimedOut', outcome: 'failed' });
  });

  for (const [what, reply, answer] of [
    ['given up by the server itself', { error: 'canceled' }, 'canceled'],
    ['not served', { error: { error: 'unknown database' } }, 'not served'],
  ] as const) {
    it(`may be sent again by each when ${what}`, async () => {
      const answers = sendAll(2);
      await turn();
      requests();
      stream.receive({ id: 0, ...reply });
      expect(await Promise.all(answers)).to.deep.equal([answer, answer]);
      expect(requests()).to.deep.equal([]);
    });
  }

  describe('when the session ends before it was sent', () => {
    it('is lost to each, whether gathered or waiting to be written', async () => {
      stream.stuck = true;
      const written = [...sendAll(2)];
      await turn();
      written.push(...sendAll(2));
      await turn();
      const gathered = sendAll(2);
      await turn();
      stream.lose(new ConnectionLostError('gone', { sent: false }));
      expect(await Promise.all([...written, ...gathered])).to.deep.equal(Array(6).fill('lost'));
    });

    it('is lost to those that the end of the turn finds without a session', async () => {
      const answers = sendAll(2);
      session.close();
      expect(await Promise.all(answers)).to.deep.equal(['lost', 'lost']);
      expect(requests()).to.deep.equal([]);
    });
  });

  it('is lost to those that were made by a schema that has changed while they were gathered', async () => {
    let isOutdated = false;
    const first = [...sendAll(1)];
    await turn();
    first.push(...sendAll(1));
    await turn();
    const gathered = [...sendAll(2, { isOutdated: () => isOutdated }), ...sendAll(1)];
    await turn();
    isOutdated = true;
    requests();
    stream.receive({ id: 0, result: counts(1), error: null }, { id: 1, result: counts(1), error: null });
    await Promise.all(first);
    expect(await Promise.all(gathered.slice(0, 2))).to.deep.equal(['lost', 'lost']);
    await turn();
    expect(requests().map(changes)).to.deep.equal([[0]]);
    stream.receive({ id: 2, result: counts(1), error: null });
    await Promise.all(gathered);
  });

  describe('when a caller gives up', () => {
    const reason = new Error('enough');

    it('drops out before it is sent', async () => {
      const controller = new AbortController();
      const progress = { isOut: false };
      const others = sendAll(1);
      const error = failure(send(built(update(9)), { signal: controller.signal, progress }));
      controller.abort(reason);
      expect(await error).to.equal(reason);
      expect(progress.isOut).to.equal(false);
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0]]);
      stream.receive({ id: 0, result: counts(1), error: null });
      await Promise.all(others);
    });

    it('is not sent where it has given up before, as while its callback ran', async () => {
      const progress = { isOut: false };
      const others = sendAll(2);
      const error = failure(send(built(update(9)), { signal: AbortSignal.abort(reason), progress }));
      expect(await error).to.equal(reason);
      expect(progress.isOut).to.equal(false);
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0, 1]]);
      stream.receive({ id: 0, result: counts(2), error: null });
      await Promise.all(others);
    });

    it('rejects at once after it was sent, and the others are not canceled', async () => {
      const controller = new AbortController();
      const progress = { isOut: false };
      const others = sendAll(2);
      const error = failure(send(built(update(9)), { signal: controller.signal, progress }));
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0, 1, 9]]);
      controller.abort(reason);
      expect(await error).to.equal(reason);
      expect(progress.isOut).to.equal(true);
      expect(requests()).to.deep.equal([]);
      stream.receive({ id: 0, result: counts(3), error: null });
      expect(await Promise.all(others)).to.deep.equal([{ value: [{ count: 1 }] }, { value: [{ count: 2 }] }]);
    });

    it('is canceled when the last one has, and makes room', async () => {
      const controllers = [new AbortController(), new AbortController()];
      const errors = controllers.map(({ signal }, n) => failure(send(built(update(n)), { signal })));
      await turn();
      requests();
      controllers[0]?.abort(reason);
      expect(requests()).to.deep.equal([]);
      controllers[1]?.abort(reason);
      expect(requests()).to.deep.equal([{ id: null, method: 'cancel', params: [0] }]);
      expect(await Promise.all(errors)).to.deep.equal([reason, reason]);
      await turn();
      const next = [...sendAll(1)];
      await turn();
      next.push(...sendAll(1));
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0], [0]]);
      stream.receive({ id: 1, result: counts(1), error: null }, { id: 2, result: counts(1), error: null });
      await Promise.all(next);
    });

    it('is not sent again when its company has failed', async () => {
      const controller = new AbortController();
      const others = sendAll(1);
      const error = failure(send(built(update(9)), { signal: controller.signal }));
      await turn();
      requests();
      controller.abort(reason);
      await error;
      stream.receive({ id: 0, result: [{ error: 'timed out' }, null], error: null });
      await turn();
      expect(requests().map(changes)).to.deep.equal([[0]]);
      stream.receive({ id: 1, result: counts(1), error: null });
      await Promise.all(others);
    });
  });

  it('keeps nothing of those that gave up while it gathers, however long the server is silent', async () => {
    const first = [...sendAll(1)];
    await turn();
    first.push(...sendAll(1));
    await turn();
    const controller = new AbortController();
    const remembered: WeakRef<BuiltTransaction>[] = [];
    await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        const transaction = built(update(n));
        remembered.push(new WeakRef(transaction));
        const how = n % 2 === 0 ? { timeoutMs: 50 } : { signal: controller.signal };
        const answer = send(transaction, how).catch((error: unknown) => error);
        if (n === 99) {
          controller.abort();
          clock.advance(50);
        }
        await answer;
      }),
    );
    await turn();
    collectGarbage();
    const kept = remembered.filter((reference) => reference.deref() !== undefined);
    expect(kept).to.have.length.below(10);
    stream.receive({ id: 0, result: counts(1), error: null }, { id: 1, result: counts(1), error: null });
    await Promise.all(first);
  });

  it('is not sent by one whose time is over while it is gathered', async () => {
    const first = [...sendAll(1)];
    await turn();
    first.push(...sendAll(1));
    await turn();
    const [hasty] = [send(built(update(8)), { timeoutMs: 50 })];
    await turn();
    const patient = sendAll(1);
    clock.advance(50);
    expect(await hasty).to.equal('lost');
    requests();
    stream.receive({ id: 0, result: counts(1), error: null }, { id: 1, result: counts(1), error: null });
    await Promise.all(first);
    await turn();
    expect(requests().map(changes)).to.deep.equal([[0]]);
    stream.receive({ id: 2, result: counts(1), error: null });
    await Promise.all(patient);
  });
});
