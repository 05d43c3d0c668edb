/**
 * The embedded server in the place of ovsdb-server(1), as far as conformance cases start that one: it listens at remotes
 * `punix:PATH` and `ptcp:PORT:HOST`, leaves the files by which others wait for it, and serves what the file of a standalone
 * database holds, in memory. Nothing answers at its control socket.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { EmbeddedServer } from '../../lib/testing/embedded-server.js';
import type { SandboxSchema } from '../../lib/testing/sandbox-files.js';
import { parseJson } from '../../lib/wire/json.js';

/** What a record of the file holds: rows by table and uuid, and remarks. */
type LogRecord = Readonly<Record<string, unknown>>;

const { values, positionals } = parseArgs({
  options: {
    remote: { type: 'string', multiple: true, default: [] },
    pidfile: { type: 'string' },
    unixctl: { type: 'string' },
    'log-file': { type: 'string' },
    'no-chdir': { type: 'boolean' },
    verbose: { type: 'string', short: 'v', multiple: true },
  },
  allowPositionals: true,
});

/** The schema, and the operations that make an empty database what the file holds. */
function readDatabase(file: string): { readonly schema: SandboxSchema; readonly operations: readonly object[] } {
  // Rows as a whole are easier to take over than differences.
  execFileSync('ovsdb-tool', ['compact', file]);
  const lines = readFileSync(file, 'utf8').split('\n');
  const [schema, ...records] = lines.filter((_, i) => i % 2 === 1).map((line) => parseJson(line, true) as LogRecord);
  const inserts = records.flatMap((record) =>
    Object.entries(record)
      .filter(([name]) => !name.startsWith('_'))
      .flatMap(([table, rows]) =>
        Object.entries(rows as LogRecord).map(([uuid, row]) => ({ op: 'insert', table, uuid, row })),
      ),
  );
  return { schema: schema as unknown as SandboxSchema, operations: inserts };
}

/** The one remote that begins so, without that; undefined where there is none. */
function remote(scheme: 'punix:' | 'ptcp:'): string | undefined {
  return values.remote.find((each) => each.startsWith(scheme))?.slice(scheme.length);
}

function tcpAddress(address: string): { readonly host: string; readonly port: number } {
  const [, port, host = '0.0.0.0'] = /^(\d+)(?::\[?(.*?)\]?)?$/.exec(address) ?? [];
  return { host, port: Number(port) };
}

const odd = values.remote.find((each) => !/^p(?:unix|tcp):/.test(each));
if (odd !== undefined) throw new Error(`the embedded server cannot listen at ${odd}`);
if (positionals.length !== 1) throw new Error('name the file of one database');
const { schema, operations } = readDatabase(positionals[0]!);
const tcp = remote('ptcp:');
const server = await EmbeddedServer.start({
  schemas: schema,
  unix: remote('punix:') ?? false,
  tcp: tcp === undefined ? false : tcpAddress(tcp),
});
server.transact(operations);
const files = [values.pidfile, values.unixctl].filter((file) => file !== undefined);
for (const file of files) writeFileSync(file, `${process.pid}\n`);
if (values['log-file'] !== undefined) {
  const log = tcp === undefined ? '' : `0:${tcp}: listening on port ${server.tcpRemote.replace(/^.*:/, '')}\n`;
  writeFileSync(values['log-file'], log);
}
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const file of files) rmSync(file, { force: true });
    void server.stop();
  });
}
