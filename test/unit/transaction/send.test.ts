import { expect } from 'chai';

import { ConnectionLostError, ProtocolError, type OvsdbError } from '../../../lib/errors.js';
import { RpcSession } from '../../../lib/rpc/session.js';
import type { BuiltTransaction } from '../../../lib/transaction/builder.js';
import type { Operation } from '../../../lib/transaction/operations.js';
import { send, type Answer } from '../../../lib/transaction/send.js';
import { failure } from '../../failure.js';
import { FakeClock, FakeStream } from '../rpc/fake-stream.js';

const UUID = '01234567-89ab-4def-8123-456789abcdef';
const GUARD: Operation = { op: 'wait', table: 'T' };
const INSERT: Operation = { op: 'insert', table: 'T', row: {}, uuid: UUID };
const UPDATE: Operation = { op: 'update', table: 'T' };
const RESULTS = [{}, { uuid: ['uuid', UUID] }, { count: 1 }];

const BUILT: BuiltTransaction = {
  guards: [GUARD],
  operations: [INSERT, UPDATE],
  inserts: new Map(),
  pendings: new Set(),
  orphans: [],
};

describe('send', () => {
  let stream: FakeStream;
  let clock: FakeClock;
  let session: RpcSession;
  let ends: OvsdbError[];

  beforeEach(() => {
    stream = new FakeStream();
    clock = new FakeClock();
    ends = [];
    session = new RpcSession(stream, {
      onNotification: () => undefined,
      onClose: (error) => ends.push(error),
      clock,
      probeIntervalMs: 0,
    });
  });
  afterEach(() => {
    session.close();
    expect(clock.timers).to.equal(0);
  });

  interface How {
    readonly clustered?: boolean;
    readonly lostLead?: boolean;
    readonly signal?: AbortSignal;
    readonly read?: (results: readonly unknown[]) => unknown;
  }
  const start = ({
    clustered = false,
    lostLead = false,
    signal,
    read = (results) => results,
  }: How = {}): Promise<Answer> => {
    const limits = { signal, timeoutMs: 100 };
    let changes = 0;
    const leadChanges = (): number => (lostLead ? changes++ : changes);
    return send(BUILT, read, { database: 'D', session, clustered, leadChanges, ...limits });
  };
  const transacts = (): number => stream.sent.filter((text) => text.includes('"transact"')).length;

  it('sends the guards first, and hands on the results of the others', async () => {
    const answer = start();
    expect(stream.take()).to.deep.equal([{ id: 0, method: 'transact', params: ['D', GUARD, INSERT, UPDATE] }]);
    stream.receive({ id: 0, result: RESULTS, error: null });
    expect(await answer).to.deep.equal({ value: RESULTS.slice(1) });
  });

  it('hands on a failure', async () => {
    const answer = start();
    stream.receive({ id: 0, result: [{ error: 'timed out' }, null, null], error: null });
    expect(await answer).to.deep.equal({ index: 0, error: 'timed out', details: undefined });
  });

  it('says that a transaction never left when it did not', async () => {
    stream.stuck = true;
    const answer = start({ clustered: true });
    stream.lose(new ConnectionLostError('gone', { sent: false }));
    expect(await answer).to.equal('lost');
    expect(await start()).to.equal('lost');
  });

  it('lets one that only reads be sent again, whether it left or not', async () => {
    const operations: Operation[] = [{ op: 'select', table: 'T', where: [] }];
    const built = { ...BUILT, operations };
    const context = { database: 'D', session, clustered: true, signal: undefined, timeoutMs: 100 };
    const answer = send(built, (results) => results, context);
    expect(transacts()).to.equal(1);
    stream.lose(new ConnectionLostError('gone', { sent: false }));
    expect(await answer).to.equal('lost');
  });

  it('tells of a lost reply what was sent, where to and when', async () => {
    const before = Date.now();
    const error = failure(start());
    stream.lose(new ConnectionLostError('the line went dead', { sent: false }));
    expect(await error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
    expect((await error).message).to.match(/insert into T, update of T\) was sent to tcp:test:6640, but its reply was/);
    const { sentAt, ...sent } = (await error)['sent'] as { readonly sentAt: Date };
    expect(sent).to.deep.equal({
      database: 'D',
      remote: 'tcp:test:6640',
      operations: [GUARD, INSERT, UPDATE],
      chosenUuids: [UUID],
    });
    expect(sentAt.getTime()).to.be.within(before, Date.now());
    expect(transacts()).to.equal(1);
  });

  describe('after the time-out', () => {
    it('is certain that nothing happened when a standalone server says that it has canceled', async () => {
      const error = failure(start());
      clock.advance(100);
      stream.receive({ id: 0, error: 'canceled' });
      expect(await error).to.include({ code: 'TimedOut', outcome: 'failed', sent: undefined });
      expect((await error).message).to.match(/was not done in time and is not in force/);
    });

    it('is certain of nothing when a member of a cluster says so', async () => {
      const error = failure(start({ clustered: true }));
      clock.advance(100);
      stream.receive({ id: 0, error: 'canceled' });
      expect(await error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown' });
    });

    it('is certain of nothing when the server says nothing; a later reply changes nothing', async () => {
      const error = failure(start());
      clock.advance(1100);
      expect(await error).to.include({ code: 'OutcomeUnknown' });
      expect((await error).cause).to.include({ code: 'Timeout' });
      stream.receive({ id: 0, result: RESULTS, error: null });
      expect(session.stats.strayReplies).to.equal(1);
      expect(transacts()).to.equal(1);
    });

    it('takes the results when they were faster than the cancel', async () => {
      const answer = start({ clustered: true });
      clock.advance(100);
      stream.receive({ id: 0, result: RESULTS, error: null });
      expect(await answer).to.deep.equal({ value: RESULTS.slice(1) });
    });
  });

  describe('given up by the server itself', () => {
    it('may be sent again to a standalone server', async () => {
      const answer = start();
      stream.receive({ id: 0, error: 'canceled' });
      expect(await answer).to.equal('canceled');
    });

    for (const error of [
      { error: 'unknown database', details: 'database D does not exist' },
      { error: 'database not available' },
      'unknown database',
    ]) {
      it(`may be sent again, in a cluster as well, when the answer is ${JSON.stringify(error)}`, async () => {
        const answer = start({ clustered: true });
        stream.receive({ id: 0, error });
        expect(await answer).to.equal('not served');
        expect(session.closed).to.equal(false);
      });
    }

    it('may be in force in a cluster', async () => {
      const error = failure(start({ clustered: true }));
      stream.receive({ id: 0, error: 'canceled' });
      expect(await error).to.include({ code: 'OutcomeUnknown' });
      expect((await error).message).to.match(/the server stopped following it/);
    });
  });

  describe('in a cluster whose leader changed while it was under way', () => {
    const trouble = { clustered: true, lostLead: true };
    const duplicate = { error: 'duplicate uuid', details: '' };

    it('may be in force when its uuid is there: the server may have run it twice', async () => {
      const error = failure(start(trouble));
      stream.receive({ id: 0, result: [{}, duplicate, null], error: null });
      expect(await error).to.include({ code: 'OutcomeUnknown', outcome: 'unknown', error: 'duplicate uuid' });
      expect((await error)['sent']).to.deep.include({ chosenUuids: [UUID] });
      expect((await error).message).to.match(/was sent to tcp:test:6640, but the server may have tried it twice/);
      expect(session.closed).to.equal(false);
    });

    it('has failed for certain when its guard did not hold at once', async () => {
      const answer = start(trouble);
      const guard = { error: 'timed out', details: '"where" clause test failed' };
      stream.receive({ id: 0, result: [guard, null, null], error: null });
      expect(await answer).to.deep.equal({ index: 0, ...guard });
    });

    it('has failed for certain where there is no cluster', async () => {
      const answer = start({ lostLead: true });
      stream.receive({ id: 0, result: [{}, duplicate, null], error: null });
      expect(await answer).to.deep.equal({ index: 1, ...duplicate });
    });
  });

  it('is refused for certain by any other error of the server', async () => {
    const error = failure(start({ clustered: true }));
    stream.receive({ id: 0, error: { error: 'permission error', details: 'no D' } });
    expect(await error).to.include({ code: 'TransactionFailed', outcome: 'failed', error: 'permission error' });
  });

  it('rejects with the reason of the signal at once, also while the server is asked to cancel', async () => {
    for (const lateMs of [0, 100]) {
      const controller = new AbortController();
      const error = failure(start({ signal: controller.signal }));
      clock.advance(lateMs);
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await error).to.equal(reason);
    }
    expect(stream.sent.filter((text) => text.includes('"cancel"'))).to.have.lengthOf(2);
  });

  it('ends the session with a server whose answer makes no sense', async () => {
    const error = failure(start());
    stream.receive({ id: 0, result: [{}, { uuid: 5 }, {}], error: null });
    expect(await error).to.include({ code: 'OutcomeUnknown' });
    expect((await error).message).to.match(/its reply makes no sense/);
    expect(ends).to.have.lengthOf(1);
    expect(ends[0])
      .to.be.instanceOf(ProtocolError)
      .and.to.equal((await error).cause);
    expect(stream.closed).to.equal(true);
  });

  it('ends the session with a server whose results cannot be read', async () => {
    const fault = new TypeError('no such value');
    const read = (): never => {
      throw fault;
    };
    const error = failure(start({ read }));
    stream.receive({ id: 0, result: RESULTS, error: null });
    expect(await error).to.include({ code: 'OutcomeUnknown' });
    expect(ends[0]).to.be.instanceOf(ProtocolError).and.to.include({ cause: fault });
  });

  it('settles once, whatever is repeated: the reply, under its own id or another one, or an error after it', async () => {
    const answer = start();
    const reply = { result: RESULTS, error: null };
    const other = { result: [{ error: 'aborted' }, null, null], error: null };
    stream.receive({ id: 7, ...other }, { id: '0', ...other }, { id: null, ...other });
    stream.receive({ id: 0, ...reply }, { id: 0, ...other }, { id: 0, error: 'canceled' }, { id: 1, ...reply });
    expect(await answer).to.deep.equal({ value: RESULTS.slice(1) });
    expect(session.stats).to.include({ strayReplies: 6, pendingRequests: 0 });
    expect(ends).to.deep.equal([]);
    expect(transacts()).to.equal(1);
  });
});
