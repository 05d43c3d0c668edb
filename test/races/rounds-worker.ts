/** One manager in a process of its own; the race tells it over the IPC channel what to do. */
import { connectNorthbound } from '../../lib/nb/northbound.js';
import { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import { SwitchFlights } from '../../lib/statefulset/switches/switch-flights.js';
import type { Command, Report } from './rounds.js';

const [remote = '', guarded] = process.argv.slice(2);
if (guarded === 'unguarded') {
  // The control: every transaction passes, whatever others did since it was planned.
  SwitchFlights.prototype.guard = () => 'none';
}
const connecting = connectNorthbound({ remotes: remote, onWarning: () => undefined, backoff: { minMs: 5, maxMs: 50 } });

async function run({ options, statefulSet, concurrently, after }: Command): Promise<Report> {
  const nb = await connecting;
  // Both begin on the same state of the database.
  await nb.tables.NB_Global.until(({ external_ids }) => external_ids['round'] === after);
  using manager = new StatefulSetPortManager(nb, options);
  if (!concurrently) return { outcomes: (await manager.apply(statefulSet)).outcomes.map(report) };
  const { name = '', namespace } = statefulSet.metadata ?? {};
  const pods = Array.from({ length: statefulSet.spec?.replicas ?? 0 }, (_, i) => ({
    metadata: { name: `${name}-${i}`, namespace },
  }));
  const results = await Promise.allSettled(pods.map((pod) => manager.ensurePort(pod, statefulSet)));
  return {
    outcomes: results.map((result, i) =>
      result.status === 'fulfilled'
        ? report(result.value)
        : { pod: `${name}-${i}`, error: String((result.reason as { code?: unknown }).code) },
    ),
  };
}

function report(
  outcome: Awaited<ReturnType<StatefulSetPortManager['apply']>>['outcomes'][number],
): Report['outcomes'][number] {
  return outcome.status === 'refused'
    ? { pod: outcome.pod, error: outcome.error.code }
    : { pod: outcome.pod, address: `${outcome.mac} ${outcome.ip4 ?? ''}` };
}

process.on('message', (command: Command) => {
  void run(command).then((done) => process.send?.(done));
});
void connecting.then((nb) => {
  process.on('disconnect', () => nb.close());
  process.send?.('ready');
});
