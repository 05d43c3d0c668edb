/** `idl-cluster SCHEMA REMOTES PIDS CMD...`: which member of a cluster a client that wants the leader follows. */
import { IdlClient } from './idl-client.js';
import { FatalError, printStep } from './output.js';
import { takePlace } from './place.js';
import { register } from './registered.js';

export async function runIdlCluster(args: string[]): Promise<void> {
  const [schemaFile, remotes, pids, ...commands] = args;
  if (schemaFile === undefined || remotes === undefined || pids === undefined) {
    throw new FatalError('usage: idl-cluster SCHEMA REMOTES PIDS CMD...');
  }
  const place = takePlace(remotes, commands);
  const client = new IdlClient(place, register(schemaFile, undefined), { leaderOnly: true });
  let step = 0;
  let seen = 0;
  for (const given of commands) {
    if (!given.startsWith('+')) {
      await client.waitForChange(seen);
      step++;
    }
    seen = client.changes;
    const remote = place.nameOf(client.remote);
    switch (given.replace(/^\+/, '')) {
      case 'reconnect':
        printStep(step++, 'reconnect');
        client.reconnect();
        break;
      case 'remote':
        printStep(step++, remote);
        break;
      case 'remotestop': {
        const pid = Number(pids.split(',')[remotes.split(',').indexOf(remote)]);
        if (!(pid > 0)) throw new FatalError(`the process of ${remote} is unknown`);
        process.kill(pid, 'SIGTERM');
        printStep(step++, `stop ${pid}`);
        break;
      }
      default:
        throw new FatalError(`unknown command "${given}"`);
    }
  }
  client.close();
  printStep(step, 'done');
}
