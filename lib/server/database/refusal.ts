/** Why the server refuses an operation, a commit or a schema: an `<error>` of RFC 7047 §3.1. */
import { jsonText, type Json } from './json-text.js';

/** See the head of this file. Thrown inside the engine, and turned into JSON before anybody outside sees it. */
export class Refusal extends Error {
  /** The short name, for example `constraint violation`. */
  readonly tag: string;
  readonly details: string;
  /** The JSON that is wrong, printed. */
  readonly syntax: string | undefined;

  constructor(tag: string, details: string, syntax?: string) {
    super(`${tag}: ${details}`);
    this.name = 'Refusal';
    this.tag = tag;
    this.details = details;
    this.syntax = syntax;
  }

  toJson(): Json {
    return {
      error: this.tag,
      details: this.details,
      ...(this.syntax !== undefined && { syntax: this.syntax }),
    };
  }
}

/** A refusal that shows the JSON that is wrong; the short name is `syntax error` unless another is given. */
export function syntaxError(json: unknown, details: string, tag = 'syntax error'): Refusal {
  return new Refusal(tag, details, jsonText(json));
}

/** A value that its column does not allow. */
export function constraintViolation(details: string): Refusal {
  return new Refusal('constraint violation', details);
}
