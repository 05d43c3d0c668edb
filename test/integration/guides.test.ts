/** Runs programs of the guides on an embedded server, as somebody would who pastes them into a file. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect } from 'chai';

import { EmbeddedServer } from '../../lib/testing/index.js';
import { ROOT, snippetsOf, type Snippet } from '../snippets.js';

const run = promisify(execFile);
/** Guides whose programs need no more than an empty northbound database, and end by themselves. */
const GUIDES = [
  'getting-started',
  'from-ovn-nbctl',
  'from-libovsdb',
  'kubernetes-controller',
  'testing',
  'transactions',
] as const;
/** Where the programs say that their database is. */
const REMOTES = /'(?:tcp:127\.0\.0\.1:6641|unix:\/var\/run\/ovn\/ovnnb_db\.sock)'/g;

/** What a guide says that its program prints: all blocks without a language, one after the other. */
function outputIn(document: string): string {
  const parts = document.split(/^```(.*)\n/m);
  return parts.filter((_, i) => i % 4 === 2 && parts[i - 1] === '').join('');
}

describe('the programs of the guides', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'ovn-northbound-guides-'))));
  after(() => rmSync(folder, { recursive: true }));

  /** Runs a program; resolves with what it printed, rejects when it fails. */
  async function output({ text, document, lines }: Snippet): Promise<string> {
    await using server = await EmbeddedServer.start();
    const file = join(folder, `${document.replace(/\W/g, '-')}-${lines[0] ?? 0}.mts`);
    writeFileSync(file, text.replace(REMOTES, `'${server.remote}'`));
    const env = { ...process.env, TSX_TSCONFIG_PATH: join(ROOT, 'tsconfig.json'), OVN_NB_DB: server.remote };
    const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { cwd: ROOT, env, timeout: 30_000 });
    return stdout;
  }

  for (const guide of GUIDES) {
    const path = join(ROOT, 'docs', `${guide}.md`);
    for (const snippet of snippetsOf(path)) {
      it(`${snippet.document}:${snippet.lines[0] ?? 0} runs`, async () => {
        const printed = await output(snippet);
        if (guide !== 'getting-started') return;
        expect(printed).to.equal(outputIn(readFileSync(path, 'utf8')));
      });
    }
  }
});
