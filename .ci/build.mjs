/** Builds dist from lib, from scratch: what was removed from lib does not linger, and a failed build leaves the old dist. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const fresh = mkdtempSync(join(ROOT, '.build-'));
const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
const args = [compiler, '-p', 'tsconfig.build.json', '--noEmitOnError', '--outDir', fresh];
const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
if (status === 0) {
  const bin = join(fresh, 'bin/ovn-northbound.js');
  if (existsSync(bin)) chmodSync(bin, 0o755);
  chmodSync(fresh, 0o755);
  rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(ROOT, 'dist'));
} else {
  rmSync(fresh, { recursive: true, force: true });
}
process.exit(status ?? 1);
