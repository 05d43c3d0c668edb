/** Faults that a test orders: requests that fail, hang, or are done without an answer; answers that come late. */
import type { RecordedRequest } from './recorded-request.js';

export interface FailedAnswer {
  readonly status: number;
  /** Default: the reason that goes with the status. */
  readonly reason?: string;
  readonly message?: string;
  /** Sent as the header Retry-After and in the details. */
  readonly retryAfterSeconds?: number;
}

export interface RequestFault {
  /** Which requests; default: every one, WATCH included. */
  readonly match?: (request: RecordedRequest) => boolean;
  /** How many of them. Default 1. */
  readonly times?: number;
  /** `reset`: the connection is cut with no answer. `hang`: no answer, with the connection open. */
  readonly answer: FailedAnswer | 'reset' | 'hang';
  /** True: the request is carried out all the same, so that the client cannot know. Default false. */
  readonly applied?: boolean;
}

export interface RequestDelay {
  readonly match?: (request: RecordedRequest) => boolean;
  /** Default: all that match, until it is cancelled. */
  readonly times?: number;
  readonly delayMs: number;
}

/** An order that can be called off; `hits` counts the requests that it met. */
export interface FaultHandle {
  readonly hits: number;
  readonly remaining: number;
  cancel(): void;
}

class Order<T> implements FaultHandle {
  hits = 0;
  remaining: number;
  readonly value: T;
  readonly #match: (request: RecordedRequest) => boolean;

  constructor(value: T, match: ((request: RecordedRequest) => boolean) | undefined, times: number) {
    this.value = value;
    this.remaining = times;
    this.#match = match ?? (() => true);
  }

  /** True, and one fewer remaining, where the order is for this request. */
  take(request: RecordedRequest): boolean {
    if (this.remaining <= 0 || !this.#match(request)) return false;
    this.remaining -= 1;
    this.hits += 1;
    return true;
  }

  cancel(): void {
    this.remaining = 0;
  }
}

export class Faults {
  #failures: Order<RequestFault>[] = [];
  #delays: Order<RequestDelay>[] = [];

  fail(fault: RequestFault): FaultHandle {
    const order = new Order(fault, fault.match, fault.times ?? 1);
    this.#failures.push(order);
    return order;
  }

  delay(delay: RequestDelay): FaultHandle {
    const order = new Order(delay, delay.match, delay.times ?? Number.POSITIVE_INFINITY);
    this.#delays.push(order);
    return order;
  }

  clear(): void {
    for (const order of [...this.#failures, ...this.#delays]) order.cancel();
  }

  /** The first order that is for this request. */
  failureFor(request: RecordedRequest): RequestFault | undefined {
    this.#failures = this.#failures.filter(({ remaining }) => remaining > 0);
    return this.#failures.find((order) => order.take(request))?.value;
  }

  /** The sum of all delays for this request. */
  delayMsFor(request: RecordedRequest): number {
    this.#delays = this.#delays.filter(({ remaining }) => remaining > 0);
    return this.#delays.filter((order) => order.take(request)).reduce((sum, { value }) => sum + value.delayMs, 0);
  }
}
