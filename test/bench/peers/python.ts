/** Finding a Python that has what a peer needs. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Debian's own comes first: its packages are those of its Python. */
const PYTHONS = ['/usr/bin/python3', 'python3'];

/** The Python that has ovsdbapp, if there is one. */
export async function pythonWithOvsdbapp(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    const found = await promisify(execFile)(python, ['-c', 'import ovsdbapp']).catch(() => undefined);
    if (found !== undefined) return python;
  }
  return undefined;
}
