/** The northbound database that the demo works on, and the switches that are its own there. */
import { randomBytes } from 'node:crypto';

import { connectNorthbound, PORT_KEYS, type ClientWarning, type NorthboundClient, type Uuid } from 'ovn-northbound';
import { Sandbox } from 'ovn-northbound/testing';

import type { DemoSet } from './manifest.js';
import type { DemoOptions } from './options.js';
import { readPorts, type PortRecord, type Snapshot } from './snapshot.js';

const READY_TIMEOUT_MS = 10_000;
const CLEANUP_TIMEOUT_MS = 20_000;

/** A database that the demo refuses to work on. */
export class OccupiedError extends Error {}

/** What the demo made is still there. */
export class CleanupError extends Error {}

export class DemoDatabase {
  readonly nb: NorthboundClient;
  readonly remote: string;
  /** What the client has to say of the server. */
  readonly warnings: readonly string[];
  readonly options: DemoOptions;
  readonly #sandbox: Sandbox | undefined;
  /** The client's own method; the one that callers find counts. */
  readonly #transact: NorthboundClient['transact'];
  /** Switch name by namespace. */
  readonly #switches = new Map<string, string>();
  readonly #suffix = randomBytes(3).toString('hex');
  #sent = 0;

  private constructor(
    nb: NorthboundClient,
    remote: string,
    options: DemoOptions,
    sandbox: Sandbox | undefined,
    warnings: readonly string[],
  ) {
    this.nb = nb;
    this.warnings = warnings;
    this.remote = remote;
    this.options = options;
    this.#sandbox = sandbox;
    this.#transact = nb.transact.bind(nb);
    // Whatever the library writes goes through this method, so this counts it all.
    nb.transact = (callback, limits) => {
      this.#sent += 1;
      return this.#transact(callback, limits);
    };
  }

  /** Connects to the database of `--remote`, or to a private server that it starts. */
  static async open(options: DemoOptions, signal: AbortSignal): Promise<DemoDatabase> {
    const { remote, privateKey, certificate, caCert } = options;
    const sandbox = remote === undefined ? await Sandbox.start() : undefined;
    const remotes = sandbox?.remote ?? remote ?? '';
    try {
      const tls =
        privateKey === undefined || certificate === undefined || caCert === undefined
          ? undefined
          : { privateKeyFile: privateKey, certificateFile: certificate, caCertFile: caCert };
      const warnings: string[] = [];
      const onWarning = ({ message }: ClientWarning): void => void warnings.push(message);
      const nb = await connectNorthbound({
        remotes,
        signal,
        onWarning,
        readyTimeoutMs: READY_TIMEOUT_MS,
        ...(tls && { tls }),
      });
      return new DemoDatabase(nb, remotes, options, sandbox, warnings);
    } catch (error) {
      await sandbox?.stop();
      throw error;
    }
  }

  get isPrivate(): boolean {
    return this.#sandbox !== undefined;
  }

  /** Transactions that were asked of the client so far, reads of the demo itself not counted. */
  get sent(): number {
    return this.#sent;
  }

  get switchNames(): readonly string[] {
    return [...this.#switches.values()];
  }

  /** Makes a switch for a namespace. On a database that others use, its name is one that nobody has. */
  async addSwitch(namespace: string, signal: AbortSignal): Promise<Uuid<'Logical_Switch'>> {
    const name = this.isPrivate ? namespace : `demo-${namespace}-${this.#suffix}`;
    this.#switches.set(namespace, name);
    return this.#transact(
      (tx) => tx.insert('Logical_Switch', { name, external_ids: { purpose: 'demo of ovn-northbound' } }),
      { signal },
    );
  }

  switchOf({ namespace }: DemoSet): string {
    return this.#switches.get(namespace) ?? '';
  }

  /** Throws {@link OccupiedError} when the database has ports already that these StatefulSets would have. */
  refuseOccupied(sets: readonly DemoSet[]): void {
    const clashes = this.nb.tables.Logical_Switch_Port.filter(({ name, external_ids: ids }) =>
      sets.some((set) => {
        const suffix = `.${set.namespace}`;
        const isNamed = name.startsWith(`${set.name}-`) && name.endsWith(suffix);
        return ids[PORT_KEYS.statefulSet] === set.key || (isNamed && /-[0-9]+$/.test(name.slice(0, -suffix.length)));
      }),
    );
    if (clashes.length === 0) return;
    const shown = clashes.slice(0, 3).map(({ name, _uuid }) => `${name} (${_uuid})`);
    if (clashes.length > shown.length) shown.push(`${clashes.length - shown.length} more`);
    throw new OccupiedError(
      `the database at ${this.remote} has ports of these StatefulSets already: ${shown.join(', ')}. ` +
        'The demo leaves them alone; give it a manifest with other names (--file)',
    );
  }

  /** Reads from the server, not from the replica, what it has for a StatefulSet on the demo's switch. */
  async read(set: DemoSet, signal: AbortSignal): Promise<Snapshot> {
    return readPorts(this.#transact, this.switchOf(set), { [PORT_KEYS.statefulSet]: set.key }, signal);
  }

  /** Reads all ports of the demo from the server. */
  async readAll(signal: AbortSignal): Promise<readonly PortRecord[]> {
    const ports: PortRecord[] = [];
    for (const name of this.switchNames) ports.push(...(await readPorts(this.#transact, name, {}, signal)).ports);
    return ports;
  }

  /**
   * Removes what the demo made and closes the connection. Resolves with a sentence on what became of it, if that
   * matters to anybody. Throws when it could not be removed, saying how to do it.
   */
  async close(): Promise<string | undefined> {
    try {
      return await this.#removeSwitches();
    } finally {
      this.nb.close();
      await this.#sandbox?.stop();
    }
  }

  /** Ports go with the switch that holds them. By name, since the demo may have been stopped before it knew the uuid. */
  async #removeSwitches(): Promise<string | undefined> {
    const names = this.switchNames;
    if (this.isPrivate || names.length === 0) return undefined;
    if (this.options.keep) return `Left in the database (--keep): switch ${names.join(', ')} with its ports.`;
    try {
      const limits = { timeoutMs: CLEANUP_TIMEOUT_MS };
      await this.#transact((tx) => {
        for (const name of names) tx.delete('Logical_Switch', [['name', '==', name]]);
      }, limits);
      const left = await this.#transact(
        (tx) =>
          names.map((name) =>
            tx.select('Logical_Switch_Port', [['external_ids', 'includes', { [PORT_KEYS.logicalSwitch]: name }]], []),
          ),
        limits,
      );
      if (left.flat().length > 0) throw new Error(`${left.flat().length} ports are still there`);
    } catch (error) {
      const commands = names.map((name) => `ovn-nbctl --db=${this.remote} ls-del ${name}`).join('\n  ');
      const reason = error instanceof Error ? error.message : String(error);
      throw new CleanupError(`what the demo made could not be removed: ${reason}\nRemove it with\n  ${commands}`, {
        cause: error,
      });
    }
    return `Removed from the database: switch ${names.join(', ')} with its ports. Nothing of the demo is left.`;
  }
}
