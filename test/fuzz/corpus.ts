/** Genuine messages of an ovsdb-server, recorded once by record.ts, as the fuzzing takes them. */
import { readFileSync } from 'node:fs';

/** How one server answered one monitor and what it sent afterwards. */
export interface Scene {
  readonly database: string;
  readonly method: 'monitor_cond_since' | 'monitor_cond' | 'monitor';
  /** The reply to the monitor's request. */
  readonly snapshot: string;
  /** The notifications, in order. */
  readonly updates: readonly string[];
  /** Replies to a request that named the last transaction, and the number of updates that it stands for. */
  readonly deltas: readonly { readonly after: number; readonly reply: string }[];
}

/** All that was recorded. */
export interface Corpus {
  /** Replies to `get_schema` by database. */
  readonly schemas: Readonly<Record<string, string>>;
  /** Tables that the recorded monitors asked for, by database. */
  readonly tables: Readonly<Record<string, readonly string[]>>;
  readonly scenes: readonly Scene[];
  /** Replies, errors, requests and notifications of every other kind. */
  readonly others: readonly string[];
}

/** Where the corpus is kept. */
export const CORPUS_FILE: URL = new URL('corpus.json', import.meta.url);

/** Id that the recorded monitors have in their notifications. */
export const RECORDED_MONITOR_ID = 'recorded monitor';

export function readCorpus(): Corpus {
  return JSON.parse(readFileSync(CORPUS_FILE, 'utf8')) as Corpus;
}
