/** Why a request to the API server failed. */

/** What is read of the `Status` object that the API server answers with when it refuses. */
export interface StatusBody {
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string }[];
  };
}

/** What a {@link KubeError} carries besides its message. */
export interface KubeErrorDetails {
  /** HTTP status, or the code of a `Status` inside a watch; undefined when there was no answer. */
  readonly status?: number | undefined;
  /** The word of the API server for it, such as `Conflict` or `Expired`. */
  readonly reason?: string | undefined;
  /** How long the API server asks to wait, in milliseconds; at most five minutes are heeded. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The longest wait that is heeded: whoever asks for more, as a proxy may, is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** A request that failed: refused by the API server, or without an answer. */
export class KubeError extends Error {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, reason, retryAfterMs, cause }: KubeErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An error made of the `Status` that the API server sent; `what` is the request. */
export function statusError(what: string, status: number, body: StatusBody, retryAfter?: string): KubeError {
  const seconds = Number(retryAfter ?? body.details?.retryAfterSeconds);
  const tooLarge = body.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;
  const reason = tooLarge ? 'ResourceVersionTooLarge' : body.reason;
  return new KubeError(
    `${what}: ${status}${reason === undefined ? '' : ` ${reason}`}: ${body.message ?? 'no message'}`,
    {
      status,
      reason,
      retryAfterMs:
        Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds * 1000, LONGEST_RETRY_AFTER_MS) : undefined,
    },
  );
}

/** Has this error, if it is one of the API server's, one of these HTTP statuses? */
export function hasStatus(error: unknown, ...statuses: readonly number[]): error is KubeError {
  return error instanceof KubeError && error.status !== undefined && statuses.includes(error.status);
}

/** How long the API server asks to wait, in milliseconds; 0 where it does not, or the error is not one of its. */
export function askedDelayMs(error: unknown): number {
  return error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0;
}
