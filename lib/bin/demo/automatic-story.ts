/** A StatefulSet without a pool: addresses are picked at random once, and kept like those of a pool. */
import { newPods, type DemoSet } from './manifest.js';
import { portTable, refusals, type Stage } from './stage.js';
import { tearDownAndComeBack } from './tear-down.js';

export async function automaticStory(stage: Stage, set: DemoSet, isMadeUp: boolean): Promise<void> {
  const { report, database, manager, signal, subnet } = stage;
  await report.step(
    'A StatefulSet without a pool',
    `${set.key}${isMadeUp ? ', made up by the demo,' : ''} has no ip_pool. Each pod gets a random free address of ` +
      `${subnet.cidrs.map(({ text }) => text).join(' and ')}, and a random MAC, when it is first seen.`,
  );
  const pods = newPods(set);
  const { outcomes, warnings } = await manager().apply(set.object, { pods, signal });
  for (const warning of warnings) report.note(`Warning: ${warning}`);
  const { ports } = await database.read(set, signal);
  portTable(report, ports, outcomes);
  const refused = refusals(outcomes);
  const full = refused.filter(({ error }) => error.code === 'SubnetExhausted');
  if (full[0] !== undefined) report.skip(`the subnet is full: ${full[0].error.message}`);
  report.check(
    refused.length === full.length && ports.length === set.replicas - full.length,
    `${ports.length} of ${set.replicas} pods have a port${full.length > 0 ? ', as many as the subnet has room for' : ''}`,
    refused.find(({ error }) => error.code !== 'SubnetExhausted')?.error.message,
  );
  const addresses = (await database.readAll(signal)).flatMap(({ ips, mac }) => [...ips.split(','), mac]);
  report.check(new Set(addresses).size === addresses.length, 'no IP or MAC address is there twice');
  await tearDownAndComeBack(stage, set, pods);
}
