/** The northbound database that the demo works on, and the switches that are its own there. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import {
  connectNorthbound,
  PORT_KEYS,
  TransactionError,
  type ClientWarning,
  type NorthboundClient,
  type Uuid,
} from 'ovn-northbound';
import { Sandbox } from 'ovn-northbound/testing';

import type { DemoSet } from './manifest.js';
import type { DemoOptions } from './options.js';

const READY_TIMEOUT_MS = 10_000;
const CLEANUP_TIMEOUT_MS = 20_000;

/** A port as the server has it now. */
export interface PortRecord {
  readonly uuid: string;
  /** Changes with every transaction that writes the row (RFC 7047 §3.2, `_version`). */
  readonly version: string;
  readonly name: string;
  readonly ordinal: number;
  readonly addresses: string;
  /** IPv4 and IPv6 address, as far as there are any, with a comma. */
  readonly ips: string;
  readonly mac: string;
  readonly podUid: string;
}

/** What the server has for one StatefulSet. */
export interface Snapshot {
  readonly ports: readonly PortRecord[];
  /** `_version` of the switch's row. */
  readonly switchVersion: string;
}

/** A database that the demo refuses to work on. */
export class OccupiedError extends Error {}

export class DemoDatabase {
  readonly nb: NorthboundClient;
  readonly remote: string;
  /** What the client has to say of the server. */
  readonly warnings: readonly string[];
  readonly #options: DemoOptions;
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
    this.#options = options;
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
    return this.#read(this.switchOf(set), { [PORT_KEYS.statefulSet]: set.key }, signal);
  }

  /** Reads all ports of the demo from the server. */
  async readAll(signal: AbortSignal): Promise<readonly PortRecord[]> {
    const ports: PortRecord[] = [];
    for (const name of this.switchNames) ports.push(...(await this.#read(name, {}, signal)).ports);
    return ports;
  }

  async #read(switchName: string, also: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Snapshot> {
    const ids = { ...also, [PORT_KEYS.logicalSwitch]: switchName };
    const { rows, versions, switches } = await this.#transact(
      (tx) => ({
        rows: tx.select(
          'Logical_Switch_Port',
          [['external_ids', 'includes', ids]],
          ['name', 'addresses', 'external_ids'],
        ),
        // `_version` is no column of the schema, so these two are written as they go over the wire.
        versions: tx.operation({
          op: 'select',
          table: 'Logical_Switch_Port',
          where: [['external_ids', 'includes', ['map', Object.entries(ids)]]],
          columns: ['_uuid', '_version'],
        }),
        switches: tx.operation({
          op: 'select',
          table: 'Logical_Switch',
          where: [['name', '==', switchName]],
          columns: ['_uuid', '_version'],
        }),
      }),
      { signal },
    );
    const versionOf = new Map(versionsIn(versions));
    const ports = rows.map(({ _uuid, name, addresses, external_ids: keys }): PortRecord => {
      const [mac = '', ...ips] = addresses.join(' ').split(' ');
      return {
        uuid: _uuid,
        version: versionOf.get(_uuid) ?? '',
        name,
        ordinal: Number(keys[PORT_KEYS.ordinal]),
        addresses: addresses.join(' '),
        ips: ips.join(','),
        mac,
        podUid: keys[PORT_KEYS.podUid] ?? '',
      };
    });
    ports.sort((a, b) => a.ordinal - b.ordinal);
    return { ports, switchVersion: versionsIn(switches)[0]?.[1] ?? '' };
  }

  /** What `ovn-nbctl show` prints of one of the demo's switches. */
  async show(switchName: string, signal: AbortSignal): Promise<string> {
    const { privateKey, certificate, caCert } = this.#options;
    const tls = privateKey === undefined ? [] : ['-p', privateKey, '-c', certificate ?? '', '-C', caCert ?? ''];
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OVN|OVS)_/.test(name)));
    const args = [`--db=${this.remote}`, '--no-leader-only', '--timeout=20', ...tls, 'show', switchName];
    return new Promise((resolve, reject) => {
      execFile('ovn-nbctl', args, { env, signal, maxBuffer: 1 << 28 }, (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`ovn-nbctl failed: ${error.message}`, { cause: error }));
      });
    });
  }

  /** Removes what the demo made and closes the connection. Throws when it could not be removed, saying how to do it. */
  async close(): Promise<void> {
    try {
      await this.#removeSwitches();
    } finally {
      this.nb.close();
      await this.#sandbox?.stop();
    }
  }

  /** Ports go with the switch that holds them. By name, since the demo may have been stopped before it knew the uuid. */
  async #removeSwitches(): Promise<void> {
    if (this.isPrivate || this.#options.keep || this.#switches.size === 0) return;
    const names = this.switchNames;
    try {
      await this.#transact(
        (tx) => {
          for (const name of names) tx.delete('Logical_Switch', [['name', '==', name]]);
        },
        { timeoutMs: CLEANUP_TIMEOUT_MS },
      );
    } catch (error) {
      const outcome = error instanceof TransactionError ? error.message : String(error);
      const commands = names.map((name) => `ovn-nbctl --db=${this.remote} ls-del ${name}`).join('\n  ');
      throw new Error(`the demo's switches could not be removed: ${outcome}\nRemove them with\n  ${commands}`, {
        cause: error,
      });
    }
  }
}

/** Uuid and version of the rows in the result of a select. */
function versionsIn(result: unknown): [uuid: string, version: string][] {
  const { rows = [] } = result as { rows?: readonly Readonly<Record<'_uuid' | '_version', readonly string[]>>[] };
  return rows.map(({ _uuid, _version }) => [_uuid[1] ?? '', _version[1] ?? '']);
}
