/** Failures as the API server words them: a `Status` object with an HTTP code and a reason that clients match on. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** `meta/v1 Status`, the body of every failure and of an ERROR event in a watch. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** Which resource a failure is about: the group is empty for core resources. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}

/** One fault of an object; `reason` is a `CauseType` such as FieldValueInvalid. */
export interface FieldFault {
  readonly field: string;
  readonly reason: 'FieldValueInvalid' | 'FieldValueRequired' | 'FieldValueForbidden' | 'FieldValueNotSupported';
  readonly message: string;
}

export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;

  constructor(
    code: number,
    reason: string,
    message: string,
    details?: StatusDetails,
    metadata: Status['metadata'] = {},
  ) {
    super(message);
    this.status = {
      ...{ kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message, reason },
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** A failure that only has its code: the reason is the one that goes with it. */
export function failureOf(
  code: number,
  given: { reason?: string; message?: string; retryAfterSeconds?: number } = {},
): StatusError {
  const { retryAfterSeconds } = given;
  return new StatusError(
    code,
    given.reason ?? REASONS[code] ?? 'Unknown',
    given.message ?? `the request failed with code ${code}`,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
  );
}

function qualified({ group, resource }: GroupResource): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function about(target: GroupResource, name: string): StatusDetails {
  return { name, ...(target.group === '' ? {} : { group: target.group }), kind: target.resource };
}

export function notFound(target: GroupResource, name: string): StatusError {
  return new StatusError(404, 'NotFound', `${qualified(target)} "${name}" not found`, about(target, name));
}

export function alreadyExists(target: GroupResource, name: string): StatusError {
  return new StatusError(409, 'AlreadyExists', `${qualified(target)} "${name}" already exists`, about(target, name));
}

export function conflict(target: GroupResource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualified(target)} "${name}": ${why}`;
  return new StatusError(409, 'Conflict', message, about(target, name));
}

export function modifiedMeanwhile(target: GroupResource, name: string): StatusError {
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  return conflict(target, name, why);
}

export function forbidden(target: GroupResource, name: string, why: string): StatusError {
  const subject = name === '' ? qualified(target) : `${qualified(target)} "${name}"`;
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${why}`, about(target, name));
}

export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message);
}

/** HTTP 410: a resourceVersion or a continue token from before the history that is kept. */
export function expired(message: string, inconsistentContinue?: string): StatusError {
  const metadata = inconsistentContinue === undefined ? {} : { continue: inconsistentContinue };
  return new StatusError(410, 'Expired', message, undefined, metadata);
}

export function invalid(group: string, kind: string, name: string, faults: readonly FieldFault[]): StatusError {
  const listed = faults.map(({ field, message }) => `${field}: ${message}`);
  const detail = listed.length === 1 ? (listed[0] ?? '') : `[${listed.join(', ')}]`;
  const subject = group === '' ? kind : `${kind}.${group}`;
  return new StatusError(422, 'Invalid', `${subject} "${name}" is invalid: ${detail}`, {
    ...{ name, ...(group === '' ? {} : { group }), kind },
    causes: faults.map(({ field, reason, message }) => ({ reason, message, field })),
  });
}

/** A list from a resourceVersion that this server has not reached: the client is told to come back in a second. */
export function tooLargeResourceVersion(wanted: number, current: number): StatusError {
  const message = `Timeout: Too large resource version: ${wanted}, current: ${current}`;
  return new StatusError(504, 'Timeout', message, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });
}
