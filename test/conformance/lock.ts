/** `lock REMOTE lock|steal NAME`: the replies and notifications of one client of a lock, until the server closes. */
import { compactJson } from './compact-json.js';
import { onInputLine } from './input-lines.js';
import { FatalError, print } from './output.js';
import { takePlace } from './place.js';
import { openSession } from './raw-connection.js';

export async function runLock(args: string[]): Promise<void> {
  const [remote, ...rest] = args;
  const place = remote === undefined ? undefined : takePlace(remote, rest);
  const [method, name] = rest;
  if (place === undefined || (method !== 'lock' && method !== 'steal' && method !== 'unlock') || name === undefined) {
    throw new FatalError('usage: lock REMOTE lock|steal NAME');
  }
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const session = await openSession(place, {
    onNotification: (notification, params) => {
      // A reply that came before it in the same read is printed in a later microtask.
      setImmediate(() => {
        print(notification);
        print(compactJson(params));
      });
    },
    onClose: () => close(),
  });
  let previous = Promise.resolve();
  const ask = (what: string, lock: string): void => {
    previous = previous.then(async () => print(compactJson(await session.request(what, [lock]))));
    // The end of the session is told by onClose.
    previous.catch(() => undefined);
  };
  ask(method, name);
  onInputLine((line) => {
    const [what = '', lock = ''] = line.trim().split(/\s+/);
    if (what !== '') ask(what, lock);
  });
  await closed;
}
