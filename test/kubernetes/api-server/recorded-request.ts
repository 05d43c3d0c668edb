/** What the server keeps of every request, for assertions. */
import type { IncomingMessage } from 'node:http';

import { badRequest } from './status-error.js';
import type { RequestAttributes } from './request-info.js';

export interface RecordedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly userAgent: string | undefined;
  /** Parsed, or undefined where there was none; a body that is no JSON is kept as text. */
  readonly body: unknown;
  /** What RBAC decides on. */
  readonly attributes: RequestAttributes;
  readonly receivedAt: number;
  /** HTTP status of the answer, undefined as long as there is none. */
  status: number | undefined;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw badRequest(`the request's body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function parsedOrText(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** `application/json; charset=utf-8` as `application/json`. */
export function mediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
