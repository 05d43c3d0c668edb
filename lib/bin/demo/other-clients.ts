/** The last act: what others see. */
import { execFile } from 'node:child_process';
import { counted } from '../ports/table.js';
import type { DemoDatabase } from './database.js';
import { DemoError } from './demo-error.js';
import type { Report } from './report.js';
import type { PortRecord } from './snapshot.js';

const MAX_LINES = 40;

/** Compares the library's replica, the server, and ovn-nbctl(8) where that is installed. */
export async function othersAgree(report: Report, database: DemoDatabase, signal: AbortSignal): Promise<void> {
  await report.step(
    'Others see the same',
    'Two views of the ports are compared: the replica that this library keeps in memory, and what the server says to a ' +
      'plain JSON-RPC client on a connection of its own. ovn-nbctl is asked, too, where it is installed.',
  );
  const shown: string[] = [];
  for (const name of database.switchNames) {
    const text = await show(database, name, signal);
    if (text !== undefined) shown.push(text);
  }
  if (shown.length > 0) quote(report, shown.join(''));
  const ports = await database.readAll(signal);
  const { Logical_Switch: switches, Logical_Switch_Port: rows } = database.nb.tables;
  const replicated = database.switchNames
    .flatMap((name) => [...(switches.find({ name })?.ports ?? [])])
    .flatMap((uuid) => rows.get(uuid) ?? [])
    .map(({ name, addresses }) => line(name, addresses.join(' ')));
  compare(report, ports, new Set(replicated), 'the replica holds', 'it has');
  if (shown.length === 0) {
    report.skip('ovn-nbctl is not installed here, so it was not asked');
    return;
  }
  const seen = Array.from(
    shown.join('').matchAll(/^ +port (\S+)\n +addresses: \["([^"\n]*)"\]/gm),
    ([, name = '', addresses = '']) => line(name, addresses),
  );
  compare(report, ports, new Set(seen), 'ovn-nbctl shows', 'it shows');
}

function quote(report: Report, text: string): void {
  const lines = ['$ ovn-nbctl show', ...text.trimEnd().split('\n')];
  for (const each of lines.slice(0, MAX_LINES)) report.quote(each);
  if (lines.length > MAX_LINES) report.quote(`... ${lines.length - MAX_LINES} lines more`);
  report.say();
}

function compare(
  report: Report,
  ports: readonly PortRecord[],
  seen: ReadonlySet<string>,
  whoSees: string,
  itSees: string,
): void {
  const missing = ports.filter(({ name, addresses }) => !seen.has(line(name, addresses))).map(({ name }) => name);
  report.check(
    missing.length === 0 && seen.size === ports.length,
    `${whoSees} the same ${counted(ports.length, 'port')} as the server, with the same addresses`,
    `${itSees} ${seen.size}, and these not or otherwise: ${missing.join(', ') || 'none'}`,
  );
}

function line(name: string, addresses: string): string {
  return `${name} ${addresses}`;
}

/** What ovn-nbctl(8) prints of a switch; undefined when it is not installed. */
function show({ host, remote }: DemoDatabase, switchName: string, signal: AbortSignal): Promise<string | undefined> {
  // Variables such as OVN_NB_DB and OVN_NB_DAEMON would lead it elsewhere.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OVN|OVS)_/.test(name)));
  const args = [`--db=${remote}`, '--no-leader-only', '--timeout=20', ...host.tlsArguments, 'show', switchName];
  return new Promise((resolve, reject) => {
    execFile('ovn-nbctl', args, { env, signal, maxBuffer: 1 << 28 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      // It is not there, or what is there is no program.
      else if (error.code === 'ENOENT' || error.code === 'EACCES') resolve(undefined);
      else reject(new DemoError(`ovn-nbctl show failed: ${error.message}`, { cause: error }));
    });
  });
}
