/** The controller's command line. */
import { parseArgs, type ParseArgsConfig } from 'node:util';

import type { ListenAddress } from './health.js';
import { LOG_LEVELS, type LogLevel } from './log.js';
import type { ReleasePolicy } from './release-policy.js';

export const USAGE = `Usage: node dist/main.js [OPTION...]

Keeps the ports of StatefulSets in an OVN Northbound database, and tells their pods their addresses.

Northbound database
  --nb-remote REMOTES       unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT, several with commas
                            (default: the environment's OVN_NB_REMOTE)
  --nb-private-key FILE     with ssl:... this side's private key,
  --nb-certificate FILE     its certificate,
  --nb-ca-cert FILE         and the certificate of the authority that signed the server's
  --nb-timeout SECONDS      time for one StatefulSet, waiting for the connection included (default 30)

Kubernetes
  --kubeconfig FILE         (default: in a pod its ServiceAccount, elsewhere as kubectl does)
  --context NAME            of the kubeconfig (default: its current one)

Rules
  --default-switch NAME     logical switch of namespaces without ovn.kubernetes.io/logical_switch
  --on-delete POLICY        ports of a deleted StatefulSet: keep or release (default keep);
                            annotation ovn-northbound/on-delete of a StatefulSet goes before it
  --on-scale-down POLICY    ports of ordinals beyond the replicas: keep or release (default keep)
  --on-recreate POLICY      StatefulSet made anew under its name: inherit, fresh or reject (default inherit)
  --on-drift POLICY         port whose address is not the pool's any more: keep, error or readdress (default keep)
  --pick ORDER              addresses where there is no pool: random or sequential (default random)
  --port-security           let ports accept traffic from their own addresses only
  --vendor NAME             value of vendor in the ports' external_ids (default ovn-northbound)

Process
  --workers N               StatefulSets that are worked on at the same time (default 4)
  --resync SECONDS          time between two looks at everything (default 300)
  --listen [HOST]:PORT      serve /healthz, /readyz and /metrics there, without HOST on all addresses,
                            IPv4 and IPv6 (default: nowhere)
  --log-level LEVEL         debug, info, warn or error (default info)
  --help                    print this

Exit code: 0 when told to stop by SIGTERM or SIGINT, 1 when something failed, 2 for a wrong command line.`;

/** A mistake on the command line. */
export class UsageError extends Error {}

/** The command line, read and checked. */
export interface Options {
  readonly help: boolean;
  readonly nbRemote: string;
  readonly nbTls:
    { readonly privateKeyFile: string; readonly certificateFile: string; readonly caCertFile: string } | undefined;
  readonly nbTimeoutMs: number;
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  readonly defaultSwitch: string | undefined;
  readonly onDelete: ReleasePolicy;
  readonly onScaleDown: 'keep' | 'release';
  readonly onRecreate: 'inherit' | 'fresh' | 'reject';
  readonly onDrift: 'keep' | 'error' | 'readdress';
  readonly pick: 'random' | 'sequential';
  readonly portSecurity: boolean;
  readonly vendor: string | undefined;
  readonly workers: number;
  readonly resyncMs: number;
  readonly listen: ListenAddress | undefined;
  readonly logLevel: LogLevel;
}

const FLAGS = {
  'nb-remote': { type: 'string' },
  'nb-private-key': { type: 'string' },
  'nb-certificate': { type: 'string' },
  'nb-ca-cert': { type: 'string' },
  'nb-timeout': { type: 'string' },
  kubeconfig: { type: 'string' },
  context: { type: 'string' },
  'default-switch': { type: 'string' },
  'on-delete': { type: 'string' },
  'on-scale-down': { type: 'string' },
  'on-recreate': { type: 'string' },
  'on-drift': { type: 'string' },
  pick: { type: 'string' },
  'port-security': { type: 'boolean' },
  vendor: { type: 'string' },
  workers: { type: 'string' },
  resync: { type: 'string' },
  listen: { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

/** The names of all flags, without their dashes. */
export const FLAG_NAMES: readonly string[] = Object.keys(FLAGS);

type Values = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>['values'];
type TextFlag = {
  [F in keyof typeof FLAGS]: (typeof FLAGS)[F] extends { type: 'string' } ? F : never;
}[keyof typeof FLAGS];

/** Reads the arguments. Throws {@link UsageError}. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Options {
  const values = parse(args);
  for (const [name, value] of Object.entries(values)) if (value === '') throw new UsageError(`--${name} needs a value`);
  const help = values.help ?? false;
  const nbRemote = values['nb-remote'] ?? environment['OVN_NB_REMOTE'] ?? '';
  if (nbRemote === '' && !help) throw new UsageError('--nb-remote is missing, and OVN_NB_REMOTE is not set');
  return {
    help,
    nbRemote,
    nbTls: tls(values, nbRemote, help),
    nbTimeoutMs: number(values, 'nb-timeout', 30, 1) * 1000,
    kubeconfig: values.kubeconfig,
    context: values.context,
    defaultSwitch: values['default-switch'],
    onDelete: choice(values, 'on-delete', ['keep', 'release']),
    onScaleDown: choice(values, 'on-scale-down', ['keep', 'release']),
    onRecreate: choice(values, 'on-recreate', ['inherit', 'fresh', 'reject']),
    onDrift: choice(values, 'on-drift', ['keep', 'error', 'readdress']),
    pick: choice(values, 'pick', ['random', 'sequential']),
    portSecurity: values['port-security'] ?? false,
    vendor: values.vendor,
    workers: number(values, 'workers', 4, 1),
    resyncMs: number(values, 'resync', 300, 1) * 1000,
    listen: listen(values.listen),
    logLevel: choice(values, 'log-level', LOG_LEVELS, 'info'),
  };
}

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** One of several words; the first one is the default if no other is named. */
function choice<T extends string>(values: Values, flag: TextFlag, words: readonly T[], fallback = words[0]): T {
  const given = values[flag] ?? fallback;
  const found = words.find((word) => word === given);
  if (found === undefined) throw new UsageError(`--${flag} is "${String(given)}"; it must be ${words.join(' or ')}`);
  return found;
}

function number(values: Values, flag: TextFlag, fallback: number, least: number): number {
  const given = values[flag];
  if (given === undefined) return fallback;
  const value = /^[0-9]{1,6}$/.test(given) ? Number(given) : NaN;
  if (!(value >= least)) throw new UsageError(`--${flag} is "${given}"; it must be a whole number, at least ${least}`);
  return value;
}

function tls(values: Values, remote: string, help: boolean): Options['nbTls'] {
  const { 'nb-private-key': privateKeyFile, 'nb-certificate': certificateFile, 'nb-ca-cert': caCertFile } = values;
  if (privateKeyFile !== undefined && certificateFile !== undefined && caCertFile !== undefined) {
    return { privateKeyFile, certificateFile, caCertFile };
  }
  const isGiven = [privateKeyFile, certificateFile, caCertFile].some((file) => file !== undefined);
  if ((isGiven || remote.includes('ssl:')) && !help) {
    throw new UsageError(
      '--nb-private-key, --nb-certificate and --nb-ca-cert are needed together, with --nb-remote ssl:...',
    );
  }
  return undefined;
}

function listen(given: string | undefined): Options['listen'] {
  if (given === undefined) return undefined;
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)?:([0-9]{1,5})$/.exec(given) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new UsageError(`--listen is "${given}"; it must be HOST:PORT or :PORT, an IPv6 address in brackets`);
  }
  return { host: host?.replace(/^\[|\]$/g, ''), port: Number(port) };
}
