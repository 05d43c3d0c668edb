/**
 * Lets concurrent transactions share one on the wire: what a server does once per transaction, and what the way there and
 * back costs, is then done once for many. coalescing-rules.ts says which may share.
 *
 * What a turn of the event loop asks for is gathered and leaves at its end, and while enough is under way, gathering goes
 * on until an answer has come: the slower the server, the more share. A shared transaction is all or nothing for the server,
 * but not for its members: if it certainly failed, each is sent again by itself, so that the one at fault gets its own error
 * and the others succeed. If nobody knows what became of it, the same is true of each member.
 */
import { InvalidArgumentError } from '../errors.js';
import { systemClock, type Clock } from '../rpc/clock.js';
import type { RpcSession } from '../rpc/session.js';
import { nextTick } from '../timer.js';
import type { BuiltTransaction } from './builder.js';
import { Member, type Company } from './coalescing-member.js';
import { MAX_SHARED_OPERATIONS } from './coalescing-rules.js';
import { isRefusal, request, type Answer, type ReadResults, type SendContext, type Sending } from './send.js';
import { readTransactResult, type TransactResult } from './transact-result.js';

/** Sent and not answered at the same time: one that the server works on, and one that waits for it. */
const MAX_UNDER_WAY = 2;

/** The shared transactions of one client. */
export class Coalescing {
  readonly #gatherings = new WeakMap<RpcSession, Gathering>();
  readonly #clock: Clock;
  #prefixes = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** Begins the names of the rows that one transaction inserts: members of one must not use the same. */
  nextPrefix(): string {
    return `t${(this.#prefixes++).toString(36)}_`;
  }

  /** Sends what may share, with others or alone. Settles as `send` does. */
  send(built: BuiltTransaction, read: ReadResults, context: SendContext): Promise<Answer> {
    const { session } = context;
    let gathering = this.#gatherings.get(session);
    if (gathering === undefined) this.#gatherings.set(session, (gathering = new Gathering(session, this.#clock)));
    const member = new Member(built, read, context, this.#clock);
    gathering.add(member);
    return member.answer;
  }
}

/** What waits to be sent over one session, and how much is under way there. */
class Gathering implements Company {
  readonly #session: RpcSession;
  readonly #clock: Clock;
  /** The oldest first; among them are some that were given up. */
  #members: Member[] = [];
  #givenUp = 0;
  #underWay = 0;
  #isScheduled = false;

  constructor(session: RpcSession, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  add(member: Member): void {
    if (member.isSettled) return;
    this.#members.push(member);
    member.company = this;
    this.#schedule();
  }

  /** While the server is silent, callers with little time may come and go by the thousand. */
  leave(): void {
    this.#givenUp++;
    if (this.#givenUp * 2 < this.#members.length) return;
    this.#members = this.#members.filter(({ isSettled }) => !isSettled);
    this.#givenUp = 0;
  }

  /** At the end of the turn: after the promise reactions, whose transactions it takes along. */
  #schedule(): void {
    if (this.#isScheduled || this.#underWay >= MAX_UNDER_WAY) return;
    this.#isScheduled = true;
    nextTick(() => {
      this.#isScheduled = false;
      this.#sendAll();
    });
  }

  #sendAll(): void {
    while (this.#underWay < MAX_UNDER_WAY) {
      const members = this.#take();
      if (members.length === 0) return;
      this.#underWay++;
      void sendTogether(members, this.#clock).finally(() => {
        this.#underWay--;
        if (this.#members.length > 0) this.#schedule();
      });
    }
  }

  /** Takes as many as one transaction holds; those that cannot be sent any more are told so. */
  #take(): Member[] {
    let size = 0;
    let end = 0;
    const taken: Member[] = [];
    for (; end < this.#members.length; end++) {
      const member = this.#members[end] as Member;
      if (member.isSettled) {
        this.#givenUp--;
        continue;
      }
      // Where the server has another schema by now, it must be made and checked anew.
      if (this.#session.closed || member.context.isOutdated?.() === true) {
        member.answerWith('lost');
        continue;
      }
      size += member.size;
      if (size > MAX_SHARED_OPERATIONS && taken.length > 0) break;
      taken.push(member);
    }
    this.#members = this.#members.slice(end);
    return taken;
  }
}

/** Sends members as one transaction and settles each. Never rejects. */
async function sendTogether(members: readonly Member[], clock: Clock): Promise<void> {
  const [first] = members;
  if (first === undefined || members.length === 1) {
    await first?.sendAlone();
    return;
  }
  const sendings = members.map((member) => member.start());
  const operations = sendings.flatMap((sending) => sending.operations);
  let reply: unknown;
  try {
    reply = await request(operations, sharedContext(members, first.context, clock));
  } catch (cause) {
    if (isRefusal(cause) || cause instanceof InvalidArgumentError) await sendOneByOne(members);
    else each(members, sendings, (sending) => sending.judgeError(cause));
    return;
  }
  let result: TransactResult;
  try {
    result = readTransactResult(reply, operations);
  } catch (error) {
    each(members, sendings, (sending) => {
      throw sending.distrust(error);
    });
    return;
  }
  if (result.ok) {
    let end = 0;
    for (const [i, sending] of sendings.entries()) {
      const start = end;
      end += sending.operations.length;
      members[i]?.take(sending, result.results.slice(start, end));
    }
    return;
  }
  const { failure } = result;
  if (sendings[0]?.isCertain(failure, operations) === true) await sendOneByOne(members);
  else
    each(members, sendings, (sending) => {
      throw sending.doubt(failure);
    });
}

/** What the request of all has in common: the longest time, and an end when the last of them has given up. */
function sharedContext(members: readonly Member[], context: SendContext, clock: Clock): SendContext {
  const everybodyGone = new AbortController();
  let left = members.length;
  const company: Company = {
    leave: () => {
      if (--left === 0) everybodyGone.abort();
    },
  };
  let deadline = 0;
  for (const member of members) {
    deadline = Math.max(deadline, member.deadline);
    member.company = company;
  }
  return { ...context, signal: everybodyGone.signal, timeoutMs: Math.max(1, deadline - clock.now()) };
}

/** All at once, in their order. */
async function sendOneByOne(members: readonly Member[]): Promise<void> {
  await Promise.all(members.map((member) => member.sendAlone()));
}

function each(members: readonly Member[], sendings: readonly Sending[], judge: (sending: Sending) => Answer): void {
  for (const [i, sending] of sendings.entries()) members[i]?.judge(() => judge(sending));
}
