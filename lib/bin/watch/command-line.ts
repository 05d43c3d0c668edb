/** The options of `ovn-northbound watch`. */
import { parseArgs } from 'node:util';
import { InvalidArgumentError } from '../../errors.js';
import { choice, connectionOf, timeoutMsOf } from '../ports/command-line.js';

const OPTIONS = {
  remote: { type: 'string' },
  db: { type: 'string' },
  switch: { type: 'string', multiple: true },
  file: { type: 'string', short: 'f', multiple: true },
  indexing: { type: 'string' },
  plain: { type: 'boolean' },
  'private-key': { type: 'string' },
  certificate: { type: 'string' },
  'ca-cert': { type: 'string' },
  timeout: { type: 'string' },
  'no-leader-only': { type: 'boolean' },
} as const;

/** A command line that makes sense. */
export interface WatchCommandLine {
  readonly connection: ReturnType<typeof connectionOf>;
  readonly timeoutMs: number;
  /** Names or uuids; undefined: all. */
  readonly switches: readonly string[] | undefined;
  readonly isPlain: boolean;
  /** Manifests to compare ports with; `-` is standard input. */
  readonly files: readonly string[];
  readonly indexing: 'relative' | 'absolute' | undefined;
}

/** Reads the arguments after `watch`. Throws `InvalidArgumentError`. */
export function parseWatchCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): WatchCommandLine {
  let values: ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message, { cause: error });
  }
  const { remote, db, switch: switches, plain, file: files = [], indexing, ...connection } = values;
  if (remote !== undefined && db !== undefined) {
    throw new InvalidArgumentError('--remote and --db say the same; give one of them');
  }
  if (files.filter((file) => file === '-').length > 1) {
    throw new InvalidArgumentError('"-", standard input, can be read only once');
  }
  const remotes = remote ?? db;
  return {
    connection: connectionOf(
      { ...connection, ...(remotes !== undefined && { db: remotes }) },
      environment,
      db === undefined ? '--remote' : '--db',
    ),
    timeoutMs: timeoutMsOf(connection),
    switches,
    isPlain: plain === true,
    files,
    indexing: choice({ ...(indexing !== undefined && { indexing }) }, 'indexing', ['relative', 'absolute']),
  };
}
