/**
 * One connection to a server, from the first byte to the last: requests and their replies, notifications
 * in the order of arrival, echo in both directions, and the reason of the end. It does not reconnect.
 *
 * Requests go through json-rpc-2.0. Notifications do not: they are handed over at once, from within the
 * read, so that nothing that a promise does can come between two of them.
 */

import type { Buffer } from 'node:buffer';

import { JSONRPCClient, type JSONRPCRequest } from 'json-rpc-2.0';

import { ClosedError, ConnectionLostError, InvalidArgumentError, OvsdbError, ProtocolError } from '../errors.js';
import { stringifyJson } from '../wire/json.js';
import { formatRemote, isLocal, type Remote } from '../wire/remote.js';
import type { Stream } from '../wire/stream.js';
import { systemClock, type Clock } from './clock.js';
import { MessageReader } from './message-reader.js';
import { toJsonRpcResponse, toRpcError, toWireReply, toWireRequest, type IncomingMessage } from './messages.js';
import { PendingRequest, type RequestOptions, type RequestOwner } from './pending-request.js';
import { Probe } from './probe.js';
import { ReplyWatch } from './reply-watch.js';
import { UnreadAnswers } from './unread-answers.js';

/** Settings of an {@link RpcSession}. */
export interface RpcSessionOptions {
  /**
   * Called for each notification, in the order of arrival and before anything that came after it is
   * looked at. What it throws ends the session. It may call the session's methods.
   */
  onNotification(method: string, params: readonly unknown[]): void;
  /** Called once when the session ends other than by {@link RpcSession.close}; pending requests have been rejected. */
  onClose(error: OvsdbError): void;
  /** Longest message that is accepted, or row of one whose rows are taken, in bytes. Default 256 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /**
   * Silence after which the server is asked for a sign of life, and after as long again given up, in
   * milliseconds; 0 for never. Default 5000, or 0 for Unix sockets, as Open vSwitch's clients do.
   */
  readonly probeIntervalMs?: number | undefined;
  /** Default: the machine's monotonic clock. */
  readonly clock?: Clock | undefined;
}

/** Figures of an {@link RpcSession} since it began. */
export interface RpcSessionStats {
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Replies that no request was waiting for: late, repeated or unknown. */
  readonly strayReplies: number;
  readonly probesSent: number;
  readonly pendingRequests: number;
}

/** Id of probes; servers and clients of OVSDB use the same. */
const PROBE_ID = 'echo';

/** See the head of this file. */
export class RpcSession {
  readonly #stream: Stream;
  readonly #options: RpcSessionOptions;
  readonly #clock: Clock;
  readonly #reader: MessageReader;
  readonly #client: JSONRPCClient;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #owner: RequestOwner;
  readonly #probe: Probe;
  readonly #replyWatch: ReplyWatch;
  readonly #answers: UnreadAnswers;

  /** Why the session is over. */
  #end: OvsdbError | undefined;
  /** Callers of {@link RpcSession.drained}. */
  readonly #drainWaiters = new Set<() => void>();
  #nextId = 0;
  #failedSend: { readonly error: unknown } | undefined;

  #messagesReceived = 0;
  #messagesSent = 0;
  #strayReplies = 0;
  #probesSent = 0;

  constructor(stream: Stream, options: RpcSessionOptions) {
    const probeIntervalMs = options.probeIntervalMs ?? (isLocal(stream.remote) ? 0 : 5000);
    if (!(probeIntervalMs >= 0))
      throw new InvalidArgumentError(`probeIntervalMs is ${probeIntervalMs}; give 0 or more`);
    this.#stream = stream;
    this.#answers = new UnreadAnswers(stream);
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#owner = {
      clock: this.#clock,
      remote: stream.remote,
      forget: (id) => this.#forget(id),
      cancel: (id) => this.notify('cancel', [id]),
      unanswered: () => this.#replyWatch.unanswered(),
    };
    this.#reader = new MessageReader(
      options.maxMessageBytes === undefined ? {} : { maxMessageBytes: options.maxMessageBytes },
    );
    this.#client = new JSONRPCClient((request: JSONRPCRequest) => {
      try {
        this.#send(toWireRequest(request));
      } catch (error) {
        // json-rpc-2.0 keeps no more than an error's text.
        this.#failedSend = { error };
        throw error;
      }
    });
    this.#probe = new Probe(stream, probeIntervalMs, this.#clock, {
      onProbe: () => this.#sendProbe(),
      // A server composes a snapshot before it sends any of it, which takes seconds where there are 100,000 rows.
      isBusy: () => this.#reader.expectsRows && this.#reader.unfinishedBytes === 0,
      onSilence: (silentMs) => {
        const what = `the server at ${formatRemote(stream.remote)} is silent: nothing came for ${Math.round(silentMs)} ms`;
        this.#fail(new ConnectionLostError(`${what}, and a probe was not answered`, { sent: false }));
      },
    });
    this.#replyWatch = new ReplyWatch(probeIntervalMs, this.#clock, {
      onAsk: () => this.#sendProbe(),
      partialMessage: () => (this.#reader.unfinishedBytes > 0 ? this.#messagesReceived : undefined),
      onNoReply: (waitedMs) => {
        const what = `the server at ${formatRemote(stream.remote)} answers no requests any more`;
        const why = 'one had no reply in time, and neither had a probe for';
        this.#fail(new ConnectionLostError(`${what}: ${why} ${Math.round(waitedMs)} ms`, { sent: false }));
      },
    });
    stream.start({
      onData: (chunk) => {
        this.#onData(chunk);
      },
      onClose: (error) => {
        this.#onStreamClose(error);
      },
    });
  }

  /** The server at the other end. */
  get remote(): Remote {
    return this.#stream.remote;
  }

  /** True once the session has ended, for whatever reason. */
  get closed(): boolean {
    return this.#end !== undefined;
  }

  get stats(): RpcSessionStats {
    return {
      messagesReceived: this.#messagesReceived,
      messagesSent: this.#messagesSent,
      bytesReceived: this.#stream.bytesReceived,
      bytesSent: this.#stream.bytesSent,
      strayReplies: this.#strayReplies,
      probesSent: this.#probesSent,
      pendingRequests: this.#pending.size,
    };
  }

  /**
   * Sends a request and waits for its reply, whose `result` it resolves to. Integers outside ±(2^53-1)
   * are bigints in both directions.
   *
   * @throws {@link RpcError} when the server refuses it; {@link TimeoutError}; `signal.reason`;
   * {@link ConnectionLostError} when the session ends first, or has ended, with `sent` telling whether the server
   * may have got it; {@link ClosedError} when it was closed; {@link InvalidArgumentError} when the params have no JSON form.
   */
  request(method: string, params: readonly unknown[], options: RequestOptions = {}): Promise<unknown> {
    if (options.signal?.aborted === true) return Promise.reject(options.signal.reason as Error);
    if (this.#end !== undefined) return Promise.reject(endOf(`${method} was not sent`, this.#end, false));
    return new Promise((resolve, reject) => {
      this.#start(method, params, options, resolve, reject);
    });
  }

  #start(
    method: string,
    params: readonly unknown[],
    options: RequestOptions,
    resolve: (result: unknown) => void,
    reject: (reason: unknown) => void,
  ): void {
    const id = this.#nextId++;
    const offset = this.#stream.bytesSent + this.#stream.writableBytes;
    const request = new PendingRequest(this.#owner, { id, method, offset }, options, resolve, reject);
    this.#pending.set(id, request);
    if (options.rows !== undefined) this.#reader.expectRows(id, options.rows);
    const sent: JSONRPCRequest = { jsonrpc: '2.0', id, method, params };
    const response = this.#client.requestAdvanced(sent);
    // json-rpc-2.0 holds on to it, and what it holds on to outlives several collections of young objects. It has been
    // written, and what a transaction is made of need not be copied there and back by the collector for that.
    sent.params = undefined;
    const failed = this.#takeFailedSend();
    if (failed !== undefined) {
      request.dropUnsent(failed.error);
      return;
    }
    void response.then((reply) => {
      if (reply.error === undefined) request.answer(reply.result);
      else request.refuse(toRpcError(method, reply.error.data));
    });
  }

  /** Sends a notification; after the end of the session it is dropped. */
  notify(method: string, params: readonly unknown[]): void {
    if (this.#end === undefined) this.#send(toWireRequest({ jsonrpc: '2.0', method, params }));
  }

  /** Ends the session. Pending requests reject with {@link ClosedError}; no callback is called any more. */
  close(): void {
    this.#finish(new ClosedError(`the session with ${formatRemote(this.#stream.remote)} was closed by its owner`));
  }

  /**
   * Ends the session for a reason that is not its owner's wish, such as a server that must not be followed any
   * more: as any other loss, pending requests reject with {@link ConnectionLostError}, whose cause is `error`, and
   * `onClose` is called with `error` before this returns. Does nothing after the end.
   */
  end(error: OvsdbError): void {
    this.#fail(error);
  }

  /**
   * Resolves when no request waits for its reply any more, when the session has ended, when none was answered or given
   * up for `quietMs` milliseconds, or after `limitMs`; never rejects. New requests are not held back, and are waited
   * for as well.
   */
  async drained(quietMs: number, limitMs: number = Infinity): Promise<void> {
    if (this.#pending.size === 0 || this.#end !== undefined) return;
    await new Promise<void>((resolve) => {
      let stopQuiet = (): void => undefined;
      const finish = (): void => {
        stopQuiet();
        stopLimit();
        this.#drainWaiters.delete(onAnswer);
        resolve();
      };
      const onAnswer = (): void => {
        stopQuiet();
        if (this.#pending.size === 0 || this.#end !== undefined) {
          finish();
          return;
        }
        const stop = this.#clock.schedule(() => {
          // What was silent may have been this process.
          this.#clock.afterPendingInput(() => {
            if (stopQuiet === stop) finish();
          });
        }, quietMs);
        stopQuiet = stop;
      };
      const stopLimit = this.#clock.schedule(finish, limitMs);
      this.#drainWaiters.add(onAnswer);
      onAnswer();
    });
  }

  #send(message: object): void {
    this.#stream.write(stringifyJson(message));
    this.#messagesSent++;
  }

  #sendProbe(): void {
    this.#probesSent++;
    this.#send({ method: 'echo', params: [], id: PROBE_ID });
  }

  #takeFailedSend(): { readonly error: unknown } | undefined {
    const failed = this.#failedSend;
    this.#failedSend = undefined;
    return failed;
  }

  /** Drops a request that waits for its reply; false when it has it already. */
  #forget(id: number): boolean {
    if (!this.#removePending(id)) return false;
    // The only way to make json-rpc-2.0 forget a single request; what it resolves to is ignored.
    this.#client.receive({ jsonrpc: '2.0', id, error: { code: 0, message: 'given up' } });
    return true;
  }

  #removePending(id: number): boolean {
    const removed = this.#pending.delete(id);
    this.#reader.forgetRows(id);
    if (removed) for (const onAnswer of this.#drainWaiters) onAnswer();
    return removed;
  }

  #onData(chunk: Buffer): void {
    this.#probe.activity();
    try {
      this.#reader.push(chunk, (message) => {
        if (this.#end === undefined) this.#onMessage(message);
      });
    } catch (error) {
      this.#fail(error instanceof OvsdbError ? error : new ProtocolError(String(error), { cause: error }));
    }
  }

  #onMessage(message: IncomingMessage): void {
    this.#messagesReceived++;
    switch (message.kind) {
      case 'reply':
      case 'error':
        this.#replyWatch.answered();
        if (typeof message.id === 'number' && this.#removePending(message.id)) {
          this.#client.receive(toJsonRpcResponse(message.id, message));
        } else if (message.id !== PROBE_ID) {
          this.#strayReplies++;
        }
        break;
      case 'request':
        this.#answers.send(
          stringifyJson(
            message.method === 'echo'
              ? toWireReply(message.id, message.params, null)
              : toWireReply(message.id, null, 'unknown method'),
          ),
        );
        this.#messagesSent++;
        break;
      case 'notification':
        try {
          this.#options.onNotification(message.method, message.params);
        } catch (error) {
          const text = error instanceof Error ? error.message : String(error);
          const remote = formatRemote(this.#stream.remote);
          throw new ProtocolError(`${message.method} from ${remote} could not be applied: ${text}`, { cause: error });
        }
        break;
    }
  }

  #onStreamClose(error: OvsdbError): void {
    const bytes = this.#reader.unfinishedBytes;
    if (bytes === 0) this.#fail(error);
    else {
      const message = `${error.message}, in the middle of a message (${bytes} bytes of it had arrived)`;
      this.#fail(new ConnectionLostError(message, { sent: false, cause: error }));
    }
  }

  #fail(error: OvsdbError): void {
    if (this.#finish(error)) this.#options.onClose(error);
  }

  #finish(end: OvsdbError): boolean {
    if (this.#end !== undefined) return false;
    this.#end = end;
    this.#probe.stop();
    this.#replyWatch.stop();
    this.#stream.close();
    for (const request of [...this.#pending.values()]) {
      const sent = this.#stream.bytesSent > request.offset;
      const what = sent
        ? `${request.method} has no reply, and whether it was carried out is unknown`
        : `${request.method} was not sent`;
      request.giveUp(endOf(what, end, sent));
    }
    for (const onAnswer of this.#drainWaiters) onAnswer();
    return true;
  }
}

/** What a request is told that the end of the session has overtaken. */
function endOf(what: string, end: OvsdbError, sent: boolean): OvsdbError {
  const message = `${what}: ${end.message}`;
  return end instanceof ClosedError
    ? new ClosedError(message, { cause: end })
    : new ConnectionLostError(message, { sent, cause: end });
}
