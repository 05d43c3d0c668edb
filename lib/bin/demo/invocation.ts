/** Commands that work where the demo was called. */
import { calledByNpmRun, type Environment } from './npm-run.js';
import type { DemoOptions, RemoteDatabase } from './options.js';

/** Commands to try next, each with what it is good for. */
export function nextSteps(
  { database, file, keep }: DemoOptions,
  switchNames: readonly string[],
  environment: Environment,
): readonly (readonly [command: string, purpose: string])[] {
  const isCheckout = calledByNpmRun(environment);
  const command = isCheckout ? 'npx tsx lib/bin/ovn-northbound.ts' : 'npx ovn-northbound';
  const demo = isCheckout ? 'npm run demo --' : 'npx ovn-northbound demo';
  const steps: [string, string][] = [];
  if (typeof database === 'object' && keep) {
    const [name = ''] = switchNames;
    const watch = ['watch', '--remote', database.remotes, ...database.tlsArguments, '--switch', name];
    steps.push([`${command} ${watch.map(shellWord).join(' ')}`, 'look at the ports']);
    for (const text of removals(database, switchNames)) steps.push([text, 'remove them']);
    return steps;
  }
  if (database === 'embedded') steps.push([`${demo} --real`, 'the same on ovsdb-server']);
  if (file === undefined) {
    if (!isCheckout) steps.push([`${demo} --print-manifest > web.yaml`, 'a manifest, to edit']);
    const manifest = isCheckout ? 'examples/StatefulSet.yaml' : 'web.yaml';
    steps.push([`${demo} --file ${manifest}`, isCheckout ? 'this one, to edit' : 'and to play']);
  }
  if (isCheckout) steps.push(['npm run example -- quick-start', 'the library in code']);
  steps.push([`${command} ports --help`, 'make such ports yourself']);
  return steps;
}

/** The commands that remove switches with their ports. */
export function removals(
  { remotes, tlsArguments }: Pick<RemoteDatabase, 'remotes' | 'tlsArguments'>,
  switchNames: readonly string[],
): string[] {
  return switchNames.map((name) =>
    ['ovn-nbctl', `--db=${remotes}`, ...tlsArguments, 'ls-del', name].map(shellWord).join(' '),
  );
}

/** A word as a shell takes it for one. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
