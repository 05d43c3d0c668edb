/** Runs every program in examples/ on a private server. Each must end by itself with exit code 0 and clean up. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect } from 'chai';

import { Sandbox } from '../../lib/testing/index.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TIMEOUT_MS = 60_000;
const examples = existsSync(join(ROOT, 'examples'))
  ? readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  : [];

describe('the examples', () => {
  if (existsSync(join(ROOT, 'README.md'))) {
    it('exist', () => expect(examples).not.to.have.lengthOf(0));
  }

  for (const name of examples) {
    it(`${name} runs and ends with exit code 0, and leaves the database as it was`, async function () {
      this.timeout(TIMEOUT_MS + 5_000);
      await using sandbox = await Sandbox.start();
      const contents = (): Promise<string> => sandbox.client('dump', 'OVN_Northbound');
      const before = await contents();
      const child = spawn(process.execPath, ['--import', 'tsx', join('examples', name)], {
        cwd: ROOT,
        env: { ...process.env, OVN_NB_REMOTE: sandbox.remote },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: TIMEOUT_MS,
        killSignal: 'SIGKILL',
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      const outcome = signal ?? `exit code ${code ?? 'unknown'}`;
      expect(outcome, `what ${name} printed:\n${output}`).to.equal('exit code 0');
      expect(await contents(), 'the database afterwards').to.equal(before);
    });
  }
});
