/** The last act: another client of the database is asked what it sees. */
import { execFile } from 'node:child_process';

import type { DemoDatabase } from './database.js';
import type { Report } from './report.js';

const MAX_LINES = 60;

/** ovn-nbctl cannot be run, or fails. */
export class NbctlError extends Error {}

export async function agreementOfNbctl(report: Report, database: DemoDatabase, signal: AbortSignal): Promise<void> {
  report.step('Another client agrees', 'What "ovn-nbctl show" prints of the same database:');
  const shown: string[] = [];
  for (const name of database.switchNames) shown.push(await show(database, name, signal));
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

async function show({ remote, options }: DemoDatabase, switchName: string, signal: AbortSignal): Promise<string> {
  const { privateKey, certificate, caCert } = options;
  const tls = privateKey === undefined ? [] : ['-p', privateKey, '-c', certificate ?? '', '-C', caCert ?? ''];
  // Variables such as OVN_NB_DB and OVN_NB_DAEMON would lead it elsewhere.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OVN|OVS)_/.test(name)));
  const args = [`--db=${remote}`, '--no-leader-only', '--timeout=20', ...tls, 'show', switchName];
  return new Promise((resolve, reject) => {
    execFile('ovn-nbctl', args, { env, signal, maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      else reject(new NbctlError(`ovn-nbctl show failed: ${error.message}`, { cause: error }));
    });
  });
}
