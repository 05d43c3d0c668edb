/** Transactions as they stand, in which `#N#` is the N-th uuid that earlier ones returned. */
import type { RpcSession } from '../../lib/rpc/session.js';
import { isUuid } from '../../lib/schema/uuid.js';
import { compactJson } from './compact-json.js';
import { printStep } from './output.js';
import { parseArray } from './raw-connection.js';

/** See the head of this file. */
export class RawTransactions {
  readonly #session: RpcSession;
  readonly #uuids = new Map<string, string>();

  constructor(session: RpcSession) {
    this.#session = session;
  }

  /** Sends one transaction and prints its reply. */
  async run(text: string, step: number): Promise<void> {
    const params = this.#substitute(parseArray(text)) as unknown[];
    const result = await this.#session.request('transact', params);
    this.#collect(result);
    // A server answers before it tells other sessions of the change; by the next answer it has told them.
    await this.#session.request('echo', []);
    printStep(step, compactJson({ error: null, result }));
  }

  close(): void {
    this.#session.close();
  }

  #substitute(value: unknown): unknown {
    if (typeof value === 'string') return this.#uuids.get(value) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.#substitute(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#substitute(item)]));
  }

  #collect(value: unknown): void {
    if (typeof value === 'string') {
      if (isUuid(value)) this.#uuids.set(`#${this.#uuids.size}#`, value);
    } else if (typeof value === 'object' && value !== null) {
      for (const item of Object.values(value)) this.#collect(item);
    }
  }
}
