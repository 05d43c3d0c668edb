/** A server and the command `ovn-northbound ports` on it, run in this process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { stringify } from 'yaml';

import type { InterruptSignal } from '../../lib/bin/interrupted-error.js';
import { main } from '../../lib/bin/main.js';
import { commandInput, type CommandInput } from '../../lib/bin/standard-input.js';
import { RawClient } from './raw-client.js';
import { startServer, type TestServer } from './test-server.js';

/** What a run printed, and its exit code. */
export interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

/** Somebody at a terminal. */
export interface Person {
  /** What is typed when the question comes; undefined: the end of the input. */
  readonly answer?: string | undefined;
  /** Happens before the answer is typed. */
  readonly meanwhile?: ((interrupt: (signal: InterruptSignal) => void) => Promise<void> | void) | undefined;
}

/** A StatefulSet's manifest in short. */
export interface Wanted {
  readonly name?: string;
  readonly namespace?: string;
  readonly replicas?: number;
  readonly pool?: string;
  readonly uid?: string;
  readonly start?: number;
}

/** See the head of this file. */
export class PortsScene implements AsyncDisposable {
  readonly sandbox: TestServer;
  readonly raw: RawClient;
  #files = 0;

  private constructor(sandbox: TestServer, raw: RawClient) {
    this.sandbox = sandbox;
    this.raw = raw;
  }

  /** With the logical switches `product` (10.16.0.0/24) and `qa` (10.17.0.0/24). */
  static async start(): Promise<PortsScene> {
    const sandbox = await startServer();
    const scene = new PortsScene(sandbox, await RawClient.connect(sandbox.remote));
    await scene.addSwitch('product', { subnet: '10.16.0.0/24' });
    await scene.addSwitch('qa', { subnet: '10.17.0.0/24' });
    return scene;
  }

  /** Runs `ovn-northbound ports ARGS --db ...` with nobody at the terminal. */
  async run(...args: string[]): Promise<Run> {
    return this.#run(args, undefined);
  }

  /** Runs it with a text as its standard input. */
  async pipe(text: string, ...args: string[]): Promise<Run> {
    const stream = new PassThrough();
    stream.end(text);
    return this.#run(args, commandInput(stream));
  }

  /** Runs it with somebody at the terminal. */
  async ask({ answer, meanwhile }: Person, ...args: string[]): Promise<Run & { readonly isAsked: boolean }> {
    const terminal = Object.assign(new PassThrough(), { isTTY: true });
    const input = commandInput(terminal);
    let isAsked = false;
    let interrupt: (signal: InterruptSignal) => void = () => undefined;
    const run = await this.#run(
      args,
      {
        ...input,
        readLine: (signal) => {
          isAsked = true;
          const line = input.readLine(signal);
          void Promise.resolve(meanwhile?.(interrupt)).then(() => {
            if (answer === undefined) terminal.end();
            else terminal.write(`${answer}\n`);
          });
          return line;
        },
      },
      (listener) => {
        interrupt = listener;
      },
    );
    return { ...run, isAsked };
  }

  /** The document that `--json` prints. Fails when standard output is anything else. */
  async json(...args: string[]): Promise<Record<string, unknown>> {
    return documentOf(await this.run(...args, '--json'));
  }

  /** Writes a manifest of these StatefulSets, and of other objects, and returns the file. */
  async manifest(...objects: readonly (Wanted | object)[]): Promise<string> {
    const file = join(this.sandbox.directory, `manifest-${++this.#files}.yaml`);
    await writeFile(
      file,
      objects.map((object) => stringify('kind' in object ? object : statefulSet(object))).join('---\n'),
    );
    return file;
  }

  async addSwitch(name: string, otherConfig: Record<string, string> = {}): Promise<string> {
    const row = { name, other_config: ['map', Object.entries(otherConfig)] };
    const [inserted] = await this.raw.commit({ op: 'insert', table: 'Logical_Switch', row });
    return inserted!.uuid![1];
  }

  /** Adds a port as somebody does who knows no managers. */
  async addPort(logicalSwitch: string, name: string, columns: Record<string, unknown> = {}): Promise<void> {
    await this.raw.commit(
      { op: 'insert', table: 'Logical_Switch_Port', row: { name, ...columns }, 'uuid-name': 'port' },
      {
        op: 'mutate',
        table: 'Logical_Switch',
        where: [['name', '==', logicalSwitch]],
        mutations: [['ports', 'insert', ['named-uuid', 'port']]],
      },
    );
  }

  /** Changes columns of a port as somebody else. */
  async setPort(name: string, columns: Record<string, unknown>): Promise<void> {
    await this.raw.commit({ op: 'update', table: 'Logical_Switch_Port', where: [['name', '==', name]], row: columns });
  }

  /** Deletes a port as somebody else. */
  async deletePort(name: string): Promise<void> {
    const [uuid] = [...(await this.raw.rows('Logical_Switch_Port', [['name', '==', name]])).keys()];
    const mutations = [['ports', 'delete', ['uuid', uuid]]];
    await this.raw.commit({ op: 'mutate', table: 'Logical_Switch', where: [], mutations });
  }

  /** The server's ports: name to IP addresses. */
  async ports(): Promise<Record<string, string>> {
    const rows = [...(await this.raw.rows('Logical_Switch_Port')).values()];
    const named = rows.map((row): [string, string] => {
      const texts = row['addresses'] as readonly string[];
      return [String(row['name']), texts.map((text) => text.split(' ').slice(1).join(',')).join('|')];
    });
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** One port as the server has it. */
  async port(name: string): Promise<Record<string, unknown> | undefined> {
    return [...(await this.raw.rows('Logical_Switch_Port', [['name', '==', name]])).values()][0];
  }

  /** `_version` of every port and switch as the server has it: equal maps mean that nothing was written. */
  async versions(): Promise<Record<string, unknown>> {
    const columns = ['_uuid', '_version'];
    const results = await this.raw.commit(
      { op: 'select', table: 'Logical_Switch_Port', where: [], columns },
      { op: 'select', table: 'Logical_Switch', where: [], columns },
    );
    const rows = results.flatMap((result) => result.rows ?? []);
    return Object.fromEntries(rows.map((row) => [JSON.stringify(row['_uuid']), row['_version']]));
  }

  /** Deletes all ports, whoever made them. */
  async clear(): Promise<void> {
    await this.raw.commit({ op: 'update', table: 'Logical_Switch', where: [], row: { ports: ['set', []] } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.raw[Symbol.dispose]();
    await this.sandbox.stop();
  }

  async #run(
    args: readonly string[],
    input: CommandInput | undefined,
    onListener: (listener: (signal: InterruptSignal) => void) => void = () => undefined,
  ): Promise<Run> {
    let out = '';
    let err = '';
    const isPlaced = args.includes('--db') || args[0] === undefined || args[0].startsWith('-');
    const exitCode = await main(['ports', ...args, ...(isPlaced ? [] : ['--db', this.sandbox.remote])], {
      write: (text) => (out += text),
      writeError: (text) => (err += text),
      input,
      onInterrupt: (listener) => {
        onListener(listener);
        return () => undefined;
      },
    });
    return { exitCode, out, err };
  }
}

/** The document that a run with `--json` printed. */
export function documentOf({ exitCode, out }: Run): Record<string, unknown> {
  const document = JSON.parse(out) as Record<string, unknown>;
  if (document['exitCode'] !== exitCode)
    throw new Error(`the document says another exit code than ${exitCode}: ${out}`);
  return document;
}

/** A table as it is printed: its lines, each split into cells. */
export function cellsOf(out: string): string[][] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
}

function statefulSet({ name = 'web', namespace = 'product', replicas = 1, pool, uid, start }: Wanted): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace, ...(uid !== undefined && { uid }) },
    spec: {
      replicas,
      ...(start !== undefined && { ordinals: { start } }),
      template: { metadata: { annotations: pool === undefined ? {} : { 'ovn.kubernetes.io/ip_pool': pool } } },
    },
  };
}
