/** The last act: another client of the database is asked what it sees. */
import type { DemoDatabase } from './database.js';
import type { Report } from './report.js';

const MAX_LINES = 60;

export async function agreementOfNbctl(report: Report, database: DemoDatabase, signal: AbortSignal): Promise<void> {
  report.step('Another client agrees', 'What "ovn-nbctl show" prints of the same database:');
  const shown: string[] = [];
  for (const name of database.switchNames) shown.push(await database.show(name, signal));
  const lines = shown.join('').trimEnd().split('\n');
  for (const line of lines.slice(0, MAX_LINES)) report.say(`     ${line}`);
  if (lines.length > MAX_LINES) report.say(`     ... ${lines.length - MAX_LINES} lines more`);
  report.say();
  const ports = await database.readAll(signal);
  const seen = new Set(
    [...shown.join('').matchAll(/^ +port (\S+)\n +addresses: \["([^"\n]*)"\]/gm)].map(
      ([, name = '', addresses = '']) => `${name} ${addresses}`,
    ),
  );
  const missing = ports.filter(({ name, addresses }) => !seen.has(`${name} ${addresses}`));
  report.check(
    missing.length === 0 && seen.size === ports.length,
    `ovn-nbctl shows the same ${ports.length} ports with the same addresses`,
    `it shows ${seen.size}, and these not or otherwise: ${missing.map(({ name }) => name).join(', ') || 'none'}`,
  );
}
