/** A folder for the sockets of embedded servers, gone when they stop or, at the latest, when the process exits. */
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';

import { OvsdbError } from '../errors.js';
import { makeSocketFolder } from './socket-folder.js';

const LONGEST_NAME = 'member-999.sock';

const live = new Set<string>();

/** Makes a folder that only this user can look into. Rejects with an `OvsdbError` of code `EmbeddedListen`. */
export async function makePrivateFolder(): Promise<string> {
  const folder = await makeSocketFolder(LONGEST_NAME).catch((cause: unknown) => {
    const what = `the embedded server cannot make a folder for its socket: ${String(cause)}`;
    throw new OvsdbError('EmbeddedListen', `${what}; set TMPDIR, or start it with unix: false`, { cause });
  });
  if (live.size === 0) process.on('exit', removeAll);
  live.add(folder);
  return folder;
}

/** Removes it, with what is in it. */
export async function removePrivateFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  live.delete(folder);
  if (live.size === 0) process.off('exit', removeAll);
}

function removeAll(): void {
  for (const folder of live) rmSync(folder, { recursive: true, force: true });
}
