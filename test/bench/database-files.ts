/** Database files that servers are started with: generated once, then copied. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { requireNorthboundSchema, runProgram } from '../../lib/testing/executable.js';
import { fill } from './northbound-data.js';
import { BenchServer } from './server.js';

const TOOL_MS = 300_000;
/** Changes with what {@link fill} makes, so that kept files of before are not taken for it. */
const CONTENTS = 1;

/** See the head of this file. */
export class DatabaseFiles {
  readonly #directory: string;
  readonly #temporary: boolean;

  /** Keeps the files in a folder, or in a temporary one until {@link remove}. */
  constructor(directory: string | undefined) {
    this.#temporary = directory === undefined;
    this.#directory = directory ?? mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-data-'));
    mkdirSync(this.#directory, { recursive: true });
  }

  /** A standalone database with so many ports on switches of `portsPerSwitch`. Not to be written to. */
  async standalone(ports: number, portsPerSwitch: number): Promise<string> {
    const path = join(this.#directory, `nb-${CONTENTS}-${ports}-${portsPerSwitch}.db`);
    if (existsSync(path)) return path;
    const unfinished = `${path}.unfinished`;
    rmSync(unfinished, { force: true });
    await runProgram('ovsdb-tool', ['create', unfinished, requireNorthboundSchema()]);
    if (ports > 0) {
      await using server = await BenchServer.start(unfinished);
      await fill(server.remote, ports, portsPerSwitch);
      await server.stop((file) => copyFileSync(file, unfinished));
    }
    renameSync(unfinished, path);
    return path;
  }

  /** The same as the only member of a cluster: such a server keeps a history of transactions. */
  async clustered(ports: number, portsPerSwitch: number): Promise<string> {
    const path = join(this.#directory, `nb-${CONTENTS}-${ports}-${portsPerSwitch}-raft.db`);
    if (existsSync(path)) return path;
    const standalone = await this.standalone(ports, portsPerSwitch);
    // Never connected to: there is no other member.
    const address = 'tcp:127.0.0.1:1';
    await runProgram('ovsdb-tool', ['create-cluster', path, standalone, address], { timeoutMs: TOOL_MS });
    return path;
  }

  remove(): void {
    if (this.#temporary) rmSync(this.#directory, { recursive: true, force: true });
  }
}
