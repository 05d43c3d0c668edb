import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import ts from 'typescript';
import { main } from '../../lib/bin/main.js';
import { northboundSchema } from '../../lib/nb/tables.js';
import { generateTables } from '../../lib/schema/generate.js';
import type { BaseType, DatabaseSchema } from '../../lib/schema/schema.js';
import { parseSchema } from '../../lib/schema/schema.js';
import { Sandbox } from '../../lib/testing/index.js';
import { everyColumnSchema } from '../unit/schema/every-column.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NORTHBOUND = join(ROOT, 'lib/nb/ovn-nb.ovsschema');
const SOUTHBOUND = '/usr/share/ovn/ovn-sb.ovsschema';

async function readSchema(path: string): Promise<DatabaseSchema> {
  return parseSchema(JSON.parse(await readFile(path, 'utf8')));
}

async function oldSchemaPaths(): Promise<string[]> {
  const directory = join(ROOT, 'test/schemas');
  const names = await readdir(directory);
  return names.filter((name) => name.endsWith('.ovsschema')).map((name) => join(directory, name));
}

async function run(...args: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const exitCode = await main(args, { write: (text) => (out += text), writeError: (text) => (err += text) });
  return { exitCode, out, err };
}

describe('the generated northbound tables', () => {
  it('are what the schema of this version gives', async () => {
    const olderSchemas = await Promise.all((await oldSchemaPaths()).map(readSchema));
    const options = { name: 'Northbound', importFrom: '../schema/types.js', olderSchemas };
    const generated = generateTables(await readSchema(NORTHBOUND), options);
    const committed = await readFile(join(ROOT, 'lib/nb/tables.ts'), 'utf8');
    expect(committed === generated, 'lib/nb/tables.ts is out of date; run npm run generate').to.equal(true);
  });

  it('hold the schema itself, unchanged', async () => {
    const withEnumSet = (base: BaseType | undefined): unknown =>
      base && { ...base, enum: base.enum && new Set(base.enum) };
    const contentsOf = ({ tables }: DatabaseSchema): unknown =>
      new Map(
        [...tables.values()].map(({ name, columns, indexes, maxRows, isRoot }) => {
          const types = [...columns.values()].map(({ type, mutable, ephemeral, ...column }) => {
            const { min, max } = type;
            return [column.name, [withEnumSet(type.key), withEnumSet(type.value), min, max, mutable, ephemeral]] as const; // prettier-ignore
          });
          return [name, { columns: new Map(types), indexes, maxRows, isRoot }];
        }),
      );
    const [fromFile, fromData] = [await readSchema(NORTHBOUND), parseSchema(northboundSchema)];
    expect(contentsOf(fromData)).to.deep.equal(contentsOf(fromFile));
    expect([fromData.version, fromData.checksum]).to.deep.equal([fromFile.version, fromFile.checksum]);
  });
});

describe('generated code', () => {
  it('compiles under the strictest settings for every schema at hand', async function () {
    this.timeout(180_000);
    const directory = await mkdtemp(join(tmpdir(), 'ovn-northbound-generate-'));
    try {
      const hostile = parseSchema({
        name: 'H',
        version: '1',
        tables: {
          constructor: { columns: { toString: { type: 'string' }, constructor: { type: 'integer' } } },
          class: { columns: { function: { type: 'real' }, default: { type: 'boolean' } } },
          Row: { columns: {} },
          A_B: { columns: {} },
          AB: { columns: {} },
          Object: { columns: { string: { type: 'uuid' } } },
        },
      });
      const schemas = [
        ...(await Promise.all([NORTHBOUND, SOUTHBOUND, ...(await oldSchemaPaths())].map(readSchema))),
        parseSchema(everyColumnSchema),
        hostile,
      ];
      const files = await Promise.all(
        schemas.map(async (schema, i) => {
          const path = join(directory, `schema-${i}.mts`);
          await writeFile(path, generateTables(schema, { importFrom: join(ROOT, 'lib/schema/types.js') }));
          return path;
        }),
      );
      const program = ts.createProgram(files, {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        types: [],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        isolatedDeclarations: true,
        erasableSyntaxOnly: true,
        verbatimModuleSyntax: true,
        noUnusedLocals: true,
        declaration: true,
        noEmit: true,
      });
      const faults = ts.getPreEmitDiagnostics(program).map((fault) => ts.flattenDiagnosticMessageText(fault.messageText, ' ')); // prettier-ignore
      expect(faults).to.deep.equal([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe('ovn-northbound generate', () => {
  it('writes the same for a schema file and for a server that serves it', async () => {
    await using sandbox = await Sandbox.start({ schemas: NORTHBOUND, tcp: true });
    const fromFile = await run('generate', '--schema', NORTHBOUND, '--name', 'Northbound');
    const fromServer = await run('generate', '--remote', sandbox.tcpRemote, '--name', 'Northbound');
    expect([fromServer.exitCode, fromServer.err]).to.deep.equal([0, '']);
    // A server may leave members of the schema out that say nothing, such as the checksum.
    const withoutChecksum = (text: string): string => text.replace(/^ {2}cksum: .*\n/m, '');
    expect(withoutChecksum(fromServer.out) === withoutChecksum(fromFile.out), 'the texts are equal').to.equal(true);
  });

  it('reaches a server over TLS, and writes to a file', async () => {
    await using sandbox = await Sandbox.start({ schemas: NORTHBOUND, ssl: true });
    const out = join(sandbox.directory, 'tables.ts');
    const tls = ['--private-key', sandbox.tls.privateKey, '--certificate', sandbox.tls.certificate, '--ca-cert', sandbox.tls.ca]; // prettier-ignore
    const result = await run('generate', '--remote', sandbox.sslRemote, ...tls, '--out', out);
    expect(result).to.deep.equal({ exitCode: 0, out: '', err: '' });
    expect(await readFile(out, 'utf8')).to.include('export interface OVNNorthboundTables');
  });

  it('asks for the database when a server has several, and says when one is unknown', async () => {
    await using sandbox = await Sandbox.start({ schemas: [NORTHBOUND, SOUTHBOUND] });
    const vague = await run('generate', '--remote', sandbox.remote);
    expect(vague.exitCode).to.equal(2);
    expect(vague.err).to.include('OVN_Northbound, OVN_Southbound; choose one with --database');
    const chosen = await run('generate', '--remote', sandbox.remote, '--database', 'OVN_Southbound');
    expect(chosen.exitCode).to.equal(0);
    expect(chosen.out).to.include('export interface OVNSouthboundTables');
    const unknown = await run('generate', '--remote', sandbox.remote, '--database', 'Nope');
    expect([unknown.exitCode, unknown.out]).to.deep.equal([1, '']);
    expect(unknown.err).to.include('unknown database');
  });

  it('takes the first remote of a list that answers', async () => {
    await using sandbox = await Sandbox.start({ schemas: NORTHBOUND, tcp: true });
    const result = await run('generate', '--remote', `unix:${sandbox.directory}/nobody,${sandbox.tcpRemote}`);
    expect(result.exitCode).to.equal(0);
  });

  it('tells a wrong command line (2) from a failure (1)', async () => {
    const exitCodeOf = async (...args: string[]): Promise<number> => (await run(...args)).exitCode;
    expect(await exitCodeOf()).to.equal(0);
    expect(await exitCodeOf('destroy')).to.equal(2);
    expect(await exitCodeOf('generate')).to.equal(2);
    expect(await exitCodeOf('generate', '--nonsense')).to.equal(2);
    expect(await exitCodeOf('generate', '--schema', NORTHBOUND, '--remote', 'tcp:127.0.0.1:1')).to.equal(2);
    expect(await exitCodeOf('generate', '--schema', NORTHBOUND, '--database', 'Other')).to.equal(2);
    expect(await exitCodeOf('generate', '--schema', '/nonexistent')).to.equal(1);
    expect(await exitCodeOf('generate', '--schema', join(ROOT, 'README.md'))).to.equal(1);
    expect(await exitCodeOf('generate', '--schema', join(ROOT, 'package.json'))).to.equal(1);
    expect(await exitCodeOf('generate', '--schema', NORTHBOUND, '--out', '/nonexistent/file.ts')).to.equal(1);
    expect(await exitCodeOf('--help')).to.equal(0);
    expect(await exitCodeOf('generate', '--help')).to.equal(0);
  });

  it('runs as a program', async () => {
    const program = join(ROOT, 'lib/bin/ovn-northbound.ts');
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, 'generate', '--help'], { cwd: ROOT }); // prettier-ignore
    expect(stdout).to.match(/^Usage: ovn-northbound generate/);
  });
});
