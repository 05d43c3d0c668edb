/** Reads the members of a JSON object one by one, as strictly as ovsdb-server: each must be known, each of its type. */
import { isJsonObject } from '../../schema/base-type.js';
import { jsonInteger } from './json-text.js';
import { Refusal, syntaxError } from './refusal.js';

/** What a member may be; an `id` is a string of letters, digits and underscores that begins with no digit. */
export type MemberType = 'object' | 'array' | 'integer' | 'number' | 'boolean' | 'string' | 'id' | 'any';

const ID = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Is it an `<id>` of RFC 7047 §3.1? */
export function isId(text: string): boolean {
  return ID.test(text);
}

/** See the head of this file. The first thing that is wrong is kept, and thrown when asked for. */
export class MemberParser {
  readonly #object: Readonly<Record<string, unknown>> | undefined;
  readonly #what: string;
  readonly #used: string[] = [];
  #error: Refusal | undefined;

  /** @param what - What the object is, for messages: `Parsing <what> failed`. */
  constructor(json: unknown, what: string) {
    this.#what = what;
    this.#object = isJsonObject(json) ? json : undefined;
    if (this.#object === undefined) this.fail('Object expected.');
  }

  /** The JSON that is parsed; undefined when it is no object. */
  get json(): unknown {
    return this.#object;
  }

  /** What was wrong first, so far. */
  get error(): Refusal | undefined {
    return this.#error;
  }

  /** A member that must be there; undefined when it is not, or is of another type. */
  required(name: string, ...types: readonly MemberType[]): unknown {
    if (this.#object !== undefined && !Object.hasOwn(this.#object, name)) {
      this.fail(`Required '${name}' member is missing.`);
      return undefined;
    }
    return this.optional(name, ...types);
  }

  /** A member that may be missing. */
  optional(name: string, ...types: readonly MemberType[]): unknown {
    if (this.#object === undefined || !Object.hasOwn(this.#object, name)) return undefined;
    const value = this.#object[name];
    if (types.some((type) => isOfType(value, type))) {
      this.#used.push(name);
      return value;
    }
    this.fail(`Type mismatch for member '${name}'.`);
    return undefined;
  }

  fail(message: string): void {
    if (this.#error !== undefined) return;
    const details = `Parsing ${this.#what} failed: ${message}`;
    // What is no object is not shown.
    this.#error =
      this.#object === undefined ? new Refusal('syntax error', details) : syntaxError(this.#object, details);
  }

  /** Throws what was wrong so far. */
  check(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /** Throws what was wrong, members among it that nobody asked for. */
  finish(): void {
    if (this.#error === undefined && this.#object !== undefined) {
      const names = Object.keys(this.#object);
      // Nobody asks for a member twice.
      const unused = names.length === this.#used.length ? [] : names.filter((name) => !this.#used.includes(name));
      const [first] = unused;
      const others = unused.length - 1;
      if (first !== undefined && others > 0) {
        const noun = others > 1 ? 'members' : 'member';
        this.fail(`Member '${first}' and ${others} other ${noun} are present but not allowed here.`);
      } else if (first !== undefined) {
        this.fail(`Member '${first}' is present but not allowed here.`);
      }
    }
    this.check();
  }
}

function isOfType(value: unknown, type: MemberType): boolean {
  switch (type) {
    case 'any':
      return true;
    case 'object':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return jsonInteger(value) !== undefined;
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint';
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'id':
      return typeof value === 'string' && ID.test(value);
  }
}
