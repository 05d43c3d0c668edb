/** The options of `ovn-northbound ports`, and which sub-command takes which. */
import { parseArgs } from 'node:util';
import { InvalidArgumentError, InvalidRemoteError, printValue } from '../../errors.js';
import type { ConnectionOptions } from '../../client/client-options.js';
import type { StatefulSetPortManagerOptions } from '../../statefulset/manager-options.js';
import { nearestCommand } from '../nearest-command.js';
import { formatRemote, parseRemotes } from '../../wire/remote.js';
import type { TlsOptions } from '../../wire/tls.js';

const OPTIONS = {
  // What it is about.
  file: { type: 'string', short: 'f', multiple: true },
  statefulset: { type: 'string', multiple: true },
  namespace: { type: 'string', short: 'n', multiple: true },
  switch: { type: 'string', multiple: true },
  all: { type: 'boolean' },
  // The connection.
  db: { type: 'string' },
  'private-key': { type: 'string' },
  certificate: { type: 'string' },
  'ca-cert': { type: 'string' },
  timeout: { type: 'string' },
  'no-leader-only': { type: 'boolean' },
  // The manager.
  subnet: { type: 'string', multiple: true },
  subnets: { type: 'string' },
  'on-drift': { type: 'string' },
  'on-scale-down': { type: 'string' },
  'on-recreate': { type: 'string' },
  pick: { type: 'string' },
  indexing: { type: 'string' },
  adopt: { type: 'boolean' },
  vendor: { type: 'string' },
  'strict-exclude': { type: 'boolean' },
  'port-security': { type: 'boolean' },
  'existing-name': { type: 'string' },
  kind: { type: 'string', multiple: true },
  // What happens.
  'dry-run': { type: 'boolean' },
  yes: { type: 'boolean', short: 'y' },
  json: { type: 'boolean' },
} as const;

type OptionName = keyof typeof OPTIONS;

/** What was given for each option. */
export type OptionValues = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

const CONNECTION = ['db', 'private-key', 'certificate', 'ca-cert', 'timeout', 'no-leader-only', 'json'] as const;
const SUBNETS = ['subnet', 'subnets'] as const;
const SELECTORS = ['file', 'statefulset', 'namespace', 'switch', 'all'] as const;
const RULES = ['on-drift', 'on-recreate', 'pick', 'indexing', 'adopt', 'vendor', 'strict-exclude', 'port-security'] as const; // prettier-ignore

/** Names of the sub-commands. */
export type SubCommandName =
  'plan' | 'apply' | 'readdress' | 'adopt' | 'list' | 'audit' | 'capacity' | 'release' | 'prune';

/** The options that each sub-command takes. */
const TAKES: Readonly<Record<SubCommandName, readonly OptionName[]>> = {
  plan: ['file', 'on-scale-down', ...RULES, ...SUBNETS, ...CONNECTION],
  apply: ['file', 'on-scale-down', 'dry-run', 'yes', ...RULES, ...SUBNETS, ...CONNECTION],
  readdress: ['file', 'on-scale-down', 'dry-run', 'yes', ...RULES.slice(1), ...SUBNETS, ...CONNECTION],
  adopt: ['file', 'existing-name', 'dry-run', 'indexing', 'vendor', 'port-security', ...SUBNETS, ...CONNECTION],
  list: [...SELECTORS, ...CONNECTION],
  audit: [...SELECTORS, 'kind', ...SUBNETS, ...CONNECTION],
  capacity: ['file', 'indexing', 'strict-exclude', ...SUBNETS, ...CONNECTION],
  release: [...SELECTORS, 'dry-run', 'yes', ...CONNECTION],
  prune: ['file', 'namespace', 'switch', 'all', 'vendor', 'dry-run', 'yes', ...CONNECTION],
};

/** A command line that makes sense so far. */
export interface PortsCommandLine {
  readonly name: SubCommandName;
  readonly values: OptionValues;
}

/** Reads the arguments after `ports`. Throws `InvalidArgumentError`. */
export function parseCommandLine(args: readonly string[]): PortsCommandLine {
  const [name, ...rest] = args;
  const names = Object.keys(TAKES).join(', ');
  if (name === undefined) throw new InvalidArgumentError(`say what to do: ${names}`);
  if (!isSubCommand(name)) {
    const nearest = nearestCommand(name, Object.keys(TAKES));
    const guess = nearest === undefined ? '' : `; did you mean ${nearest}?`;
    throw new InvalidArgumentError(`there is no "${name}"; there are ${names}${guess}`);
  }
  let values: OptionValues;
  try {
    values = parseArgs({ args: [...rest], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message, { cause: error });
  }
  const taken: readonly string[] = TAKES[name];
  for (const option of Object.keys(values)) {
    if (!taken.includes(option)) {
      throw new InvalidArgumentError(
        `${name} takes no --${option}; it takes ${taken.map((known) => `--${known}`).join(', ')}`,
      );
    }
  }
  if (standardInputs(values) > 1) throw new InvalidArgumentError('"-", standard input, can be read only once');
  return { name, values };
}

/** Does a manifest, or do the subnets, come from standard input? */
export function readsStandardInput(values: OptionValues): boolean {
  return standardInputs(values) > 0;
}

function standardInputs({ file = [], subnets }: OptionValues): number {
  return [...file, subnets].filter((source) => source === '-').length;
}

const DEFAULT_REMOTE = 'unix:/var/run/ovn/ovnnb_db.sock';

/**
 * Where the database is, and how to get there. The remotes are those of `--db`, or of `OVN_NB_DB`, or where ovn-nbctl(8)
 * goes by default. `option`: what `--db` is called to whoever gave it. Throws `InvalidArgumentError`.
 */
export function connectionOf(
  values: OptionValues,
  environment: Readonly<Record<string, string | undefined>>,
  option = '--db',
): Pick<ConnectionOptions, 'remotes' | 'tls' | 'leaderOnly'> {
  const tls: TlsOptions = {
    ...(values['private-key'] !== undefined && { privateKeyFile: values['private-key'] }),
    ...(values.certificate !== undefined && { certificateFile: values.certificate }),
    ...(values['ca-cert'] !== undefined && { caCertFile: values['ca-cert'] }),
  };
  const remotes = values.db ?? (environment['OVN_NB_DB'] || DEFAULT_REMOTE);
  try {
    const needsTls = parseRemotes(remotes).remotes.find(({ scheme }) => scheme === 'ssl' || scheme === 'pssl');
    if (needsTls !== undefined && values['ca-cert'] === undefined) {
      const what = '--ca-cert FILE, the certificate authority of the servers';
      throw new InvalidArgumentError(`${formatRemote(needsTls)} needs ${what}`);
    }
  } catch (error) {
    if (!(error instanceof InvalidRemoteError)) throw error;
    const from = values.db === undefined ? 'OVN_NB_DB' : option;
    throw new InvalidArgumentError(`${from}: ${error.message}`, { cause: error });
  }
  return { remotes, tls, leaderOnly: values['no-leader-only'] !== true };
}

/** `--timeout` in milliseconds; 30 seconds unless given. Throws `InvalidArgumentError`. */
export function timeoutMsOf({ timeout }: OptionValues): number {
  if (timeout === undefined) return 30_000;
  const seconds = /^\d+(\.\d+)?$/.test(timeout) ? Number(timeout) : NaN;
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new InvalidArgumentError(`--timeout is ${printValue(timeout)}; give seconds, more than 0 and at most 86400`);
}

/** The rules that the manager goes by; what is not given is left to its defaults. Throws `InvalidArgumentError`. */
export function rulesOf(values: OptionValues): Omit<StatefulSetPortManagerOptions, 'subnets'> {
  return {
    onDrift: choice(values, 'on-drift', ['keep', 'error', 'readdress']),
    onScaleDown: choice(values, 'on-scale-down', ['keep', 'release']),
    onRecreate: choice(values, 'on-recreate', ['inherit', 'fresh', 'reject']),
    pick: choice(values, 'pick', ['random', 'sequential']),
    indexing: choice(values, 'indexing', ['relative', 'absolute']),
    adopt: values.adopt,
    vendor: values.vendor,
    strictExclude: values['strict-exclude'],
    portSecurity: values['port-security'],
  };
}

/** One of the values that an option may have. Throws `InvalidArgumentError` for another one. */
export function choice<const T extends string>(
  values: OptionValues,
  option: 'on-drift' | 'on-scale-down' | 'on-recreate' | 'pick' | 'indexing' | 'existing-name',
  choices: readonly T[],
): T | undefined {
  const given = values[option];
  if (given === undefined) return undefined;
  const found = choices.find((known) => known === given);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`--${option} is ${printValue(given)}; it must be ${choices.join(' or ')}`);
}

function isSubCommand(name: string): name is SubCommandName {
  return Object.hasOwn(TAKES, name);
}
