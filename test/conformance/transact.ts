/** `transact REMOTE TXN...`: each transaction's result, over one connection. */
import { compactJson } from './compact-json.js';
import { FatalError, print } from './output.js';
import { takePlace } from './place.js';
import { openSession, parseArray } from './raw-connection.js';

export async function runTransact(args: string[]): Promise<void> {
  const [remote, ...rest] = args;
  if (remote === undefined) throw new FatalError('usage: transact REMOTE TXN...');
  const session = await openSession(takePlace(remote, rest));
  for (const text of rest) print(compactJson(await session.request('transact', parseArray(text))));
  session.close();
}
