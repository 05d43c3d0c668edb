/** Runs one of the examples: `npm run example -- quick-start [argument...]`; without a name it lists them. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../examples', import.meta.url));
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.ts') && file !== 'demo.ts')
  .map((file) => file.slice(0, -'.ts'.length));
const [name, ...args] = process.argv.slice(2);
if (!names.includes(name)) {
  if (name !== undefined) console.error(`There is no example ${name}.`);
  console.error(
    `Run "npm run example -- NAME" with one of these names:\n${names.map((known) => `  ${known}`).join('\n')}`,
  );
  process.exit(name === undefined ? 0 : 2);
}
const child = spawn(process.execPath, ['--import', 'tsx', join(FOLDER, `${name}.ts`), ...args], { stdio: 'inherit' });
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.once('exit', (code) => process.exit(code ?? 1));
