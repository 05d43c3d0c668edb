/** Bytes over TCP from one pod to another, with a check that the same bytes came. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Pod } from './pod.js';

const PEER = fileURLToPath(new URL('tcp-peer.mjs', import.meta.url));

/** Sends `length` random bytes; resolves when the receiver has confirmed them, rejects when it does not. */
export async function transfer(from: Pod, to: Pod, ip: string, length: number): Promise<void> {
  const receiver = to.spawn(process.execPath, PEER, 'listen');
  const gone = once(receiver, 'exit');
  const port = await Promise.race([
    once(receiver.stdout, 'data').then(([chunk]: unknown[]) => String(chunk).trim()),
    gone.then(() => {
      throw new Error(`the receiver in ${to.name} ended before it listened`);
    }),
  ]);
  await from.run(process.execPath, PEER, 'send', ip, port, String(length));
  await gone;
}
