import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The kernel limits a unix socket's path to 107 bytes (Linux) or 103 (BSD). */
const MAX_SOCKET_PATH_BYTES = 103;

/** A folder named after this process, with a path short enough for a unix socket of the given name in it. */
export async function makeSocketFolder(socketName = 'db.sock'): Promise<string> {
  const longest = (base: string): number => Buffer.byteLength(join(base, `ovnsb-${process.pid}-XXXXXX`, socketName));
  const base = longest(tmpdir()) <= MAX_SOCKET_PATH_BYTES ? tmpdir() : '/tmp';
  return mkdtemp(join(base, `ovnsb-${process.pid}-`));
}
