/** Other people's clients that create ports, where they are installed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import {
  findExecutable,
  requireNorthboundSchema,
  runProgram,
  toolEnvironment,
} from '../../../lib/testing/executable.js';
import { BareClient } from '../bare-client.js';
import { adopt } from '../machine.js';
import type { PortValues } from '../northbound-data.js';
import { quantile, type Figures } from '../statistics.js';
import { cpuMsOf } from '../worker.js';
import { pythonWithOvsdbapp } from './python.js';

/** What a peer is asked to do: ports by transaction, first those that do not count. */
export interface PeerTask {
  readonly remote: string;
  readonly serverPid: number;
  readonly warmUp: PeerPorts;
  readonly measured: PeerPorts;
}

interface PeerPorts {
  /** Name of the switch. */
  readonly switch: string;
  readonly batches: readonly (readonly PortValues[])[];
}

export interface Peer {
  readonly label: string;
  create(task: PeerTask): Promise<Figures>;
}

const OVSDBAPP = fileURLToPath(new URL('create_ovsdbapp.py', import.meta.url));

/** The peers that are installed, and what is to be said of those that are not. */
export async function creationPeers(): Promise<{ peers: Peer[]; missing: string[] }> {
  const peers: Peer[] = [];
  const missing: string[] = [];
  if (findExecutable('ovn-nbctl') === undefined) missing.push('ovn-nbctl is not installed and was left out.');
  else peers.push({ label: 'C client: ovn-nbctl daemon', create: createWithNbctl });
  const python = await pythonWithOvsdbapp();
  if (python === undefined) missing.push('ovsdbapp (python3-ovsdbapp) is not installed and was left out.');
  else peers.push({ label: 'Python client: ovsdbapp', create: (task) => createWithOvsdbapp(python, task) });
  return { peers, missing };
}

async function createWithOvsdbapp(python: string, task: PeerTask): Promise<Figures> {
  const child = spawn(python, [OVSDBAPP], { stdio: ['pipe', 'pipe', 'inherit'], env: toolEnvironment() });
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify({ ...task, schema: requireNorthboundSchema() }));
  const output = await text(child.stdout);
  if (output === '') throw new Error(`${OVSDBAPP} printed nothing`);
  return JSON.parse(output) as Figures;
}

/** A daemon of ovn-nbctl keeps a replica; its control socket takes commands as JSON-RPC. */
async function createWithNbctl({ remote, serverPid, warmUp, measured }: PeerTask): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), 'ovn-northbound-bench-nbctl-'));
  const file = (name: string): string => join(directory, name);
  const args = ['--no-leader-only', `--db=${remote}`, '--detach', '-vconsole:off', `--unixctl=${file('ctl')}`];
  await runProgram('ovn-nbctl', [...args, `--pidfile=${file('pid')}`], {
    env: toolEnvironment({ OVN_RUNDIR: directory, OVS_RUNDIR: directory }),
  });
  const pid = Number(readFileSync(file('pid'), 'utf8'));
  const release = adopt(pid);
  try {
    const control = await BareClient.connect(`unix:${file('ctl')}`);
    await control.request('run', ['ls-list']);
    for (const batch of warmUp.batches) await control.request('run', commands(warmUp.switch, batch));
    const ports = measured.batches.flat().length;
    const times: number[] = [];
    const serverBefore = cpuMsOf(serverPid);
    const cpuBefore = cpuMsOf(pid);
    for (const batch of measured.batches) {
      const startedAt = performance.now();
      await control.request('run', commands(measured.switch, batch));
      times.push(performance.now() - startedAt);
    }
    control.close();
    return {
      portsPerSecond: (ports / times.reduce((sum, time) => sum + time, 0)) * 1000,
      clientCpuUs: ((cpuMsOf(pid) - cpuBefore) / ports) * 1000,
      serverCpuUs: ((cpuMsOf(serverPid) - serverBefore) / ports) * 1000,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
    };
  } finally {
    await end(pid);
    release();
    rmSync(directory, { recursive: true, force: true });
  }
}

function commands(logicalSwitch: string, ports: readonly PortValues[]): string[] {
  const joined = ports.flatMap(({ name, addresses, port_security, external_ids, options }) => [
    ...['--', 'lsp-add', logicalSwitch, name, '--', 'set', 'Logical_Switch_Port', name],
    ...addresses.map((address) => `addresses="${address}"`),
    ...port_security.map((address) => `port_security="${address}"`),
    ...Object.entries(external_ids).map(([key, value]) => `external_ids:${key}="${value}"`),
    ...Object.entries(options).map(([key, value]) => `options:${key}="${value}"`),
  ]);
  return joined.slice(1);
}

/** Ends a daemon and waits until it is gone; it is nobody's child. */
async function end(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
    for (let tries = 0; tries < 500; tries++) {
      await sleep(10);
      process.kill(pid, 0);
    }
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}
