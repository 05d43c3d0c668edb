/** The northbound database that the demo works on, and the switches that are its own there. */
import { randomBytes } from 'node:crypto';
import { connectNorthbound, type NorthboundClient } from '../../nb/northbound.js';
import type { Uuid } from '../../schema/uuid.js';
import { PORT_KEYS } from '../../statefulset/managed-port.js';
import { isPortOf, readWorkload } from '../../statefulset/workload.js';
import type { CommandOutput } from '../command-output.js';
import { openNorthbound } from '../open-northbound.js';
import { openHost, type DatabaseHost } from './database-host.js';
import { DemoError } from './demo-error.js';
import { removals } from './invocation.js';
import type { DemoSet } from './manifest.js';
import type { DemoOptions } from './options.js';
import { readPorts, type PortRecord, type Snapshot } from './snapshot.js';
import { Witness } from './witness.js';

const READY_TIMEOUT_MS = 5_000;
const CLEANUP_TIMEOUT_MS = 20_000;

/** See the head of this file. */
export class DemoDatabase {
  readonly nb: NorthboundClient;
  readonly host: DatabaseHost;
  /** What the client has to say of the server. */
  readonly warnings: readonly string[];
  readonly #keeps: boolean;
  readonly #witness: Witness;
  /** The client's own method; the one that callers find counts. */
  readonly #transact: NorthboundClient['transact'];
  /** Switch name by namespace. */
  readonly #switches = new Map<string, string>();
  readonly #suffix = randomBytes(3).toString('hex');
  #remote: string;
  #sent = 0;

  private constructor(nb: NorthboundClient, host: DatabaseHost, keeps: boolean, warnings: readonly string[]) {
    this.nb = nb;
    this.host = host;
    this.#keeps = keeps;
    this.warnings = warnings;
    this.#remote = host.remotes;
    this.#witness = new Witness(() => this.remote, host.connection.tls);
    this.#transact = nb.transact.bind(nb);
    // Whatever the library writes goes through this method, so this counts it all.
    nb.transact = (callback, limits) => {
      this.#sent += 1;
      return this.#transact(callback, limits);
    };
  }

  /** Connects to the database of the options. */
  static async open(options: DemoOptions, output: CommandOutput, signal: AbortSignal): Promise<DemoDatabase> {
    const host = await openHost(options);
    try {
      const warnings: string[] = [];
      const nb = await openNorthbound(
        { connection: host.connection, timeoutMs: READY_TIMEOUT_MS, signal, output },
        (connection) => connectNorthbound({ ...connection, onWarning: ({ message }) => void warnings.push(message) }),
      );
      return new DemoDatabase(nb, host, options.keep, warnings);
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  /** The server that the client follows: of a cluster the leader, which alone never answers with what is past. */
  get remote(): string {
    const { state } = this.nb;
    if ('remote' in state) this.#remote = state.remote;
    return this.#remote;
  }

  /** Transactions that were asked of the client so far, those of the demo itself not counted. */
  get sent(): number {
    return this.#sent;
  }

  get switchNames(): readonly string[] {
    return [...this.#switches.values()];
  }

  /** Makes a switch for a namespace. On a database that others use, its name is one that nobody has. */
  async addSwitch(namespace: string, signal: AbortSignal): Promise<Uuid<'Logical_Switch'>> {
    const name = this.host.isPrivate ? namespace : `demo-${namespace}-${this.#suffix}`;
    this.#switches.set(namespace, name);
    return this.#transact(
      (tx) => tx.insert('Logical_Switch', { name, external_ids: { purpose: 'demo of ovn-northbound' } }),
      { signal },
    );
  }

  switchOf({ namespace }: DemoSet): string {
    return this.#switches.get(namespace) ?? '';
  }

  /** Throws {@link DemoError} when the database has ports already that these StatefulSets would have. */
  refuseOccupied(sets: readonly DemoSet[]): void {
    const clashes = this.nb.tables.Logical_Switch_Port.filter(({ name, external_ids: ids }) =>
      sets.some((set) => ids[PORT_KEYS.statefulSet] === set.key || isPortOf(readWorkload(set.object), name)),
    );
    if (clashes.length === 0) return;
    const shown = clashes.slice(0, 3).map(({ name, _uuid }) => `${name} (${_uuid})`);
    if (clashes.length > shown.length) shown.push(`${clashes.length - shown.length} more`);
    throw new DemoError(
      `the database at ${this.remote} has ports of these StatefulSets already: ${shown.join(', ')}. ` +
        'The demo leaves them alone; give it a manifest with other names (--file)',
    );
  }

  /** Reads from the server, not from the replica, what it has for a StatefulSet on the demo's switch. */
  async read(set: DemoSet, signal: AbortSignal): Promise<Snapshot> {
    return readPorts(this.#witness, this.switchOf(set), { [PORT_KEYS.statefulSet]: set.key }, signal);
  }

  /** Reads all ports of the demo from the server. */
  async readAll(signal: AbortSignal): Promise<readonly PortRecord[]> {
    const ports: PortRecord[] = [];
    for (const name of this.switchNames) ports.push(...(await readPorts(this.#witness, name, {}, signal)).ports);
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
      await this.host.stop();
    }
  }

  /** Ports go with the switch that holds them. By name, since the demo may have been stopped before it knew the uuid. */
  async #removeSwitches(): Promise<string | undefined> {
    const names = this.switchNames;
    if (this.host.isPrivate || names.length === 0) return undefined;
    if (this.#keeps) return `Left in the database (--keep): switch ${names.join(', ')} with its ports.`;
    try {
      await this.#transact(
        (tx) => {
          for (const name of names) tx.delete('Logical_Switch', [['name', '==', name]]);
        },
        { timeoutMs: CLEANUP_TIMEOUT_MS },
      );
      const left = await this.readAll(AbortSignal.timeout(CLEANUP_TIMEOUT_MS));
      if (left.length > 0) throw new DemoError(`${left.length} ports are still there`);
    } catch (error) {
      const commands = removals(this.host, names).join('\n  ');
      const reason = error instanceof Error ? error.message : String(error);
      const message = `what the demo made could not be removed: ${reason}\nRemove it with\n  ${commands}`;
      throw new DemoError(message, { cause: error });
    }
    return `Removed from the database: switch ${names.join(', ')} with its ports. Nothing of the demo is left.`;
  }
}
