/** The demo's command line. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run demo [-- OPTION...]

Shows on a real northbound database how the pods of StatefulSets keep their addresses.

  --file FILE          manifest with StatefulSets, YAML (default: examples/StatefulSet.yaml)
  --subnet CIDR        subnet of the pods: IPv4, IPv6, or both with a comma between them
                       (default: the /24 or /64 around the first address of the namespace's pool)
  --remote REMOTE      work on this northbound database (unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT)
                       instead of a private one, on a switch of its own, which is removed at the end
  --keep               with --remote: leave the switch and its ports there
  --private-key FILE   with --remote ssl:... the client's private key,
  --certificate FILE   its certificate,
  --ca-cert FILE       and the certificate of the authority that signed the server's
  --help               print this

Exit code: 0 when every promise was kept, 1 when not or when something failed, 2 for a wrong command line.`;

/** A mistake on the command line. */
export class UsageError extends Error {}

export interface DemoOptions {
  readonly help: boolean;
  readonly file: string;
  readonly subnet: string | undefined;
  readonly remote: string | undefined;
  readonly keep: boolean;
  readonly privateKey: string | undefined;
  readonly certificate: string | undefined;
  readonly caCert: string | undefined;
}

const DEFAULT_FILE = fileURLToPath(new URL('../StatefulSet.yaml', import.meta.url));

/** Reads the arguments. Throws {@link UsageError}. */
export function readOptions(args: readonly string[]): DemoOptions {
  const values = parse(args);
  const tls = [values['private-key'], values.certificate, values['ca-cert']];
  for (const [name, value] of Object.entries(values)) {
    if (value === '') throw new UsageError(`--${name} needs a value`);
  }
  if (values.remote === undefined) {
    if (values.keep === true) throw new UsageError('--keep needs --remote: a private database is always removed');
    if (tls.some((file) => file !== undefined)) {
      throw new UsageError('--private-key, --certificate and --ca-cert need --remote ssl:...');
    }
  } else if (values.remote.includes('ssl:') && tls.includes(undefined)) {
    throw new UsageError('--remote ssl:... needs --private-key, --certificate and --ca-cert');
  }
  return {
    help: values.help ?? false,
    file: fromHere(values.file) ?? DEFAULT_FILE,
    subnet: values.subnet,
    remote: values.remote,
    keep: values.keep ?? false,
    privateKey: fromHere(values['private-key']),
    certificate: fromHere(values.certificate),
    caCert: fromHere(values['ca-cert']),
  };
}

/** npm runs scripts in the package's folder; paths are meant from where npm was called. */
function fromHere(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '', path);
}

// The return type is what parseArgs makes of these options; writing it out would say everything twice.
function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        file: text,
        subnet: text,
        remote: text,
        keep: flag,
        'private-key': text,
        certificate: text,
        'ca-cert': text,
        help: flag,
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
