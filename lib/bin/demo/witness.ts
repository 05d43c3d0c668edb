/**
 * Reads from the server, on connections of its own, what the demo claims: one request of RFC 7047 as plain JSON, and its
 * reply. Nothing of the client that is shown has a part in it but the way to make a byte stream.
 */
import { connectStream } from '../../wire/connect-stream.js';
import { parseRemotes, type Remote } from '../../wire/remote.js';
import type { TlsOptions } from '../../wire/tls.js';
import { DemoError } from './demo-error.js';

const TIMEOUT_MS = 10_000;
const DATABASE = 'OVN_Northbound';

/** A value as it comes over the wire (RFC 7047 §5.1). */
export type WireValue = string | number | boolean | readonly unknown[];
/** A row of the result of a select. */
export type WireRow = Readonly<Record<string, WireValue>>;

/** A select operation (RFC 7047 §5.2.2). */
export interface Select {
  readonly table: string;
  readonly where: readonly unknown[];
  readonly columns: readonly string[];
}

interface Reply {
  readonly result: unknown;
  readonly error: unknown;
}

/** See the head of this file. */
export class Witness {
  readonly #remote: () => string;
  readonly #tls: TlsOptions;

  /** `remote` says where the server is that counts at that moment. */
  constructor(remote: () => string, tls: TlsOptions = {}) {
    this.#remote = remote;
    this.#tls = tls;
  }

  /** The rows of each select, all of one moment. Throws {@link DemoError}, `ConnectFailedError`, and the signal's reason. */
  async look(selects: readonly Select[], signal: AbortSignal): Promise<(readonly WireRow[])[]> {
    const remote = this.#remote();
    const operations = selects.map((select) => ({ op: 'select', ...select }));
    const request = { id: 0, method: 'transact', params: [DATABASE, ...operations] };
    const { result, error } = await ask(remote, this.#tls, JSON.stringify(request), signal);
    if (!Array.isArray(result)) throw new DemoError(`${remote} refused to be read: ${JSON.stringify(error)}`);
    return selects.map((_, i) => {
      const { rows } = (result[i] ?? {}) as { readonly rows?: readonly WireRow[] };
      if (rows === undefined) throw new DemoError(`${remote} cannot be read: ${JSON.stringify(result)}`);
      return rows;
    });
  }
}

async function ask(remote: string, tls: TlsOptions, text: string, signal: AbortSignal): Promise<Reply> {
  const [where] = parseRemotes(remote).remotes;
  const stream = await connectStream(where as Remote, tls, { signal, timeoutMs: TIMEOUT_MS });
  const { promise, resolve, reject } = pending<Reply>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  const timer = setTimeout(() => reject(new DemoError(`${remote} does not answer`)), TIMEOUT_MS);
  const chunks: Buffer[] = [];
  stream.start({
    onData: (chunk) => {
      chunks.push(chunk);
      // A reply is an object, so that it can be whole only here.
      if (!chunk.toString('latin1').trimEnd().endsWith('}')) return;
      const reply = tryParse(Buffer.concat(chunks).toString());
      if (reply !== undefined) resolve(reply);
    },
    onClose: reject,
  });
  stream.write(text);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    stream.close();
  }
}

/** The members of a set, which stands without brackets where there is one. */
export function setMembers(value: WireValue | undefined): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) && value[0] === 'set' ? (value[1] as readonly unknown[]) : [value];
}

/** The pairs of a map as an object. */
export function mapObject(value: WireValue | undefined): Readonly<Record<string, string>> {
  const [, pairs = []] = (value ?? []) as readonly [string?, (readonly [string, string])[]?];
  return Object.fromEntries(pairs);
}

/** The text of a uuid. */
export function uuidText(value: unknown): string {
  const [, uuid] = value as readonly [string, string];
  return uuid;
}

function pending<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (reason: unknown) => void } {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

function tryParse(text: string): Reply | undefined {
  try {
    return JSON.parse(text) as Reply;
  } catch {
    return undefined;
  }
}
