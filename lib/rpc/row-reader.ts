/**
 * Reads the rows of a snapshot while they arrive. A reply of `monitor`, `monitor_cond` or `monitor_cond_since` is
 * `{"id": ..., "result": ... {TABLE: {UUID: ROW-UPDATE, ...}, ...} ...}` (RFC 7047 §4.1.5, ovsdb-server(7) 4.1.12 and
 * 4.1.15) and may have hundreds of megabytes; parsed row by row it takes a third less time than in one piece, half the
 * memory, never stops the process for long, and is not bound by the longest string that V8 can make.
 *
 * What is left of the message when its rows are taken out is a message like any other, with empty tables.
 */
import { isAscii, type Buffer } from 'node:buffer';

import { printValue, ProtocolError } from '../errors.js';
import type { ElementReader, ElementRun } from '../wire/element-cutter.js';
import { decodeUtf8 } from '../wire/framer.js';
import { parseMessage } from './messages.js';

/** Takes one row of a snapshot: `update` is its row update, as parsed. */
export type TakeRow = (table: string, uuid: string, update: unknown) => void;

/** How the rows of the reply to one request are to be read. */
export interface ReplyRows {
  /** Arrays and objects around a row: 3 where the result is an object of tables, 4 where an array holds that. */
  readonly depth: 3 | 4;
  /**
   * Called when the first row of a long reply has come, with the result as it is so far, without rows. Returns what
   * takes the rows, or undefined to have the reply as a whole. Rows that a taker was given are not in the reply.
   */
  open(result: unknown): TakeRow | undefined;
}

const COMMA = 0x2c;
const QUOTE = 0x22;
const COLON = 0x3a;
/** Of `,"UUID":`, which is between two rows of a table. */
const UUID_KEY_LENGTH = 40;
/** What is between two rows of a table, however it is spaced. */
const NEXT_KEY = /^\s*,\s*("(?:[^"\\]|\\.)*")\s*:\s*$/;
/** What is in front of the first row of a table: the name of the table, the brace of its rows, and the key. */
const FIRST_KEY = /("(?:[^"\\]|\\.)*")(\s*:\s*\{)\s*("(?:[^"\\]|\\.)*")\s*:\s*$/;
/** Longest part between rows that is looked at. */
const MAX_KEYS_LENGTH = 65_536;
/** Make a whole of a reply that breaks off within a table. */
const CLOSERS = { 3: '}}}', 4: '}}]}' } as const;

/** See the head of this file. Serves one reply after the other. */
export class RowReader implements ElementReader {
  readonly depth: ReplyRows['depth'];
  readonly #rowsOf: (id: number) => ReplyRows | undefined;
  /** Of the reply that is being read. */
  #id: number | undefined;
  #take: TakeRow | undefined;
  #table = '';
  /** The reply without its rows. */
  #skeleton: string[] = [];

  /** `rowsOf` tells how the rows of the reply with an id are to be read, if they are. */
  constructor(depth: ReplyRows['depth'], rowsOf: (id: number) => ReplyRows | undefined) {
    this.depth = depth;
    this.#rowsOf = rowsOf;
  }

  /** Id of the reply of which rows have been read; undefined between such replies. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Throws `ProtocolError` for what is no JSON, and what the taker throws. */
  read({ bytes, starts, ends, mayHoldUnsafeIntegers }: ElementRun): boolean {
    // One string for hundreds of rows; characters that are not ASCII would shift what follows them.
    const text = isAscii(bytes) ? bytes.toString('latin1') : undefined;
    const slice = (from: number, to: number): string =>
      text === undefined ? decodeUtf8(bytes.subarray(from, to)) : text.slice(from, to);
    let end = 0;
    for (let i = 0; i < ends.length; i++) {
      const start = starts[i] as number;
      let uuid: string;
      if (this.#take !== undefined && start - end === UUID_KEY_LENGTH && isNextKey(bytes, end)) {
        // A slice of the text would keep the whole of it in memory.
        uuid = bytes.toString('latin1', end + 2, start - 2);
      } else {
        const key = this.#readKeys(start - end > MAX_KEYS_LENGTH ? '' : slice(end, start));
        if (key === undefined) return false;
        uuid = key;
      }
      end = ends[i] as number;
      this.#take?.(this.#table, uuid, parseMessage(slice(start, end), mayHoldUnsafeIntegers));
    }
    return true;
  }

  /** Nobody wants the rest of the rows. */
  drop(): void {
    this.#take = () => undefined;
  }

  /** The reply of which rows were read, without those; `rest` is what came behind the last of them. */
  end(rest: string): string {
    const reply = this.#skeleton.join('') + rest;
    this.#skeleton = [];
    this.#take = undefined;
    this.#id = undefined;
    return reply;
  }

  /** Reads what is in front of a row and returns the row's key; undefined where a text is not a reply with rows. */
  #readKeys(text: string): string | undefined {
    const isFirstRow = this.#take === undefined;
    const next = isFirstRow ? undefined : NEXT_KEY.exec(text)?.[1];
    if (next !== undefined) return JSON.parse(next) as string;
    const match = FIRST_KEY.exec(text);
    const [, table, brace, key] = match ?? [];
    if (match === null || table === undefined || brace === undefined || key === undefined) {
      if (isFirstRow) return undefined;
      throw new ProtocolError(`the server sent a snapshot with ${printValue(text)} in front of a row`);
    }
    const opened = text.slice(0, match.index + table.length + brace.length);
    if (isFirstRow && !this.#open(opened)) return undefined;
    this.#skeleton.push(opened);
    this.#table = JSON.parse(table) as string;
    return JSON.parse(key) as string;
  }

  /** Takes the beginning of a text, if it is that of a reply with rows that somebody takes. */
  #open(head: string): boolean {
    let reply: unknown;
    try {
      reply = JSON.parse(head + CLOSERS[this.depth]);
    } catch {
      return false;
    }
    const { id, result } = reply as { readonly id?: unknown; readonly result?: unknown };
    const rows =
      typeof id === 'number' && Object.keys(reply as object).at(-1) === 'result' ? this.#rowsOf(id) : undefined;
    if (rows?.depth !== this.depth) return false;
    this.#id = id as number;
    this.#take = rows.open(result);
    return this.#take !== undefined;
  }
}

/** Are these bytes a comma, a text of 36 bytes and a colon? */
function isNextKey(bytes: Buffer, at: number): boolean {
  return bytes[at] === COMMA && bytes[at + 1] === QUOTE && bytes[at + 38] === QUOTE && bytes[at + 39] === COLON;
}
