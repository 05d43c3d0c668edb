/** `idl_passive SCHEMA ptcp:HOST:PORT CMD...`: raw transactions over a connection that the server makes. */
import { FatalError, printStep } from './output.js';
import { takePlace } from './place.js';
import { openSession } from './raw-connection.js';
import { RawTransactions } from './raw-transactions.js';

export async function runIdlPassive(args: string[]): Promise<void> {
  const [schema, remote, ...commands] = args;
  if (schema === undefined || remote === undefined) throw new FatalError('usage: idl_passive SCHEMA REMOTE CMD...');
  const raw = new RawTransactions(await openSession(takePlace(remote, commands)));
  let step = 0;
  // Nothing is monitored in these cases.
  printStep(step++, 'empty');
  for (const command of commands) await raw.run(command, step++);
  raw.close();
  printStep(step, 'done');
}
