/** The options of `ovn-northbound demo`. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ConnectionOptions } from '../../client/client-options.js';
import { InvalidArgumentError } from '../../errors.js';
import type { Cidr } from '../../ipam/cidr.js';
import { isPassive, parseRemotes } from '../../wire/remote.js';
import { connectionOf } from '../ports/command-line.js';
import { calledByNpmRun, type Environment } from './npm-run.js';
import { parseSubnet } from './subnet.js';

const OPTIONS = {
  file: { type: 'string' },
  subnet: { type: 'string' },
  real: { type: 'boolean' },
  remote: { type: 'string' },
  keep: { type: 'boolean' },
  'private-key': { type: 'string' },
  certificate: { type: 'string' },
  'ca-cert': { type: 'string' },
  'print-manifest': { type: 'boolean' },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

/** How to get to a database that exists, and what to call it. */
export interface RemoteDatabase {
  /** As it was given. */
  readonly remotes: string;
  readonly connection: Pick<ConnectionOptions, 'remotes' | 'tls'>;
  /** Options of this program and of ovn-nbctl(8) for TLS. */
  readonly tlsArguments: readonly string[];
}

/** A command line that makes sense. */
export interface DemoOptions {
  /** Undefined: the sample manifest. */
  readonly file: string | undefined;
  readonly subnet: readonly Cidr[] | undefined;
  /** Where the database is: in memory, on an ovsdb-server of the demo's own, or one that exists. */
  readonly database: 'embedded' | 'real' | RemoteDatabase;
  readonly keep: boolean;
  readonly printsManifest: boolean;
}

/** Reads the arguments after `demo`. Throws `InvalidArgumentError`. */
export function parseDemoCommandLine(args: readonly string[], environment: Environment): DemoOptions {
  const values = parse(args);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new InvalidArgumentError(`--${name} needs a value`);
  }
  const { remote, real = false, keep = false, file, subnet } = values;
  if (remote === undefined) {
    if (keep) throw new InvalidArgumentError('--keep needs --remote: a database of the demo is always removed');
    if ([values['private-key'], values.certificate, values['ca-cert']].some((given) => given !== undefined)) {
      throw new InvalidArgumentError('--private-key, --certificate and --ca-cert need --remote ssl:...');
    }
  } else if (real) {
    throw new InvalidArgumentError('--real starts a server and --remote names one; give one of them');
  }
  // npm runs scripts in the package's folder; paths are meant from where npm was called.
  const folder = calledByNpmRun(environment) ? (environment['INIT_CWD'] ?? '') : '';
  const path = (given: string | undefined): string | undefined => given && resolve(folder, given);
  const files = {
    'private-key': path(values['private-key']),
    certificate: path(values.certificate),
    'ca-cert': path(values['ca-cert']),
  };
  return {
    file: file === '-' || folder === '' ? file : path(file),
    subnet: subnet === undefined ? undefined : parseSubnet(subnet),
    database: remote === undefined ? (real ? 'real' : 'embedded') : remoteDatabase(remote, files),
    keep,
    printsManifest: values['print-manifest'] ?? false,
  };
}

function parse(args: readonly string[]): Values {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message, { cause: error });
  }
}

function remoteDatabase(
  remotes: string,
  files: Readonly<Record<'private-key' | 'certificate' | 'ca-cert', string | undefined>>,
): RemoteDatabase {
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const connection = connectionOf({ db: remotes, ...Object.fromEntries(given) }, {}, '--remote');
  if (parseRemotes(remotes).remotes.some(isPassive)) {
    throw new InvalidArgumentError(`--remote ${remotes} waits for the server; the demo needs one that it can call`);
  }
  return { remotes, connection, tlsArguments: given.map(([name, file]) => `--${name}=${file}`) };
}
