/** `ovn-northbound watch`: what is in the database, and what becomes of it, for people who would rather look than read. */
import { connectNorthbound } from '../../nb/northbound.js';
import type { Batch } from '../../replica/replica.js';
import type { CommandOutput, ExitCode } from '../command-output.js';
import { InterruptedError } from '../interrupted-error.js';
import { openNorthbound } from '../open-northbound.js';
import { readSource } from '../ports/database.js';
import { readManifest, type ManifestSource } from '../ports/manifest.js';
import { counted } from '../ports/table.js';
import { printable } from '../printable.js';
import { batchEntry, ChangeLog, logEntries, logLine, type LogEntry } from './change-log.js';
import { parseWatchCommandLine, type WatchCommandLine } from './command-line.js';
import { ConnectionNews } from './connection-news.js';
import { ManifestWishes } from './manifest-wishes.js';
import { SWITCH_COLUMNS, WatchModel } from './model.js';
import { countsText, drawWatch } from './renderer.js';
import { Screen } from './screen.js';
import type { Terminal } from './terminal.js';
import { WatchView } from './view.js';
import { PORT_COLUMNS } from './watched-port.js';

export { WATCH_HELP, WATCH_SUMMARY } from './help.js';

const TABLES = {
  Logical_Switch: { columns: SWITCH_COLUMNS },
  Logical_Switch_Port: { columns: PORT_COLUMNS },
} as const;
/** A batch with more changes is told as a whole in the view: its log is short. */
const MAX_TOLD = 50;

type WatchClient = Awaited<ReturnType<typeof connect>>;

/**
 * Runs the command until it is left. Throws `InvalidArgumentError` for a command line that makes no sense, other
 * `OvsdbError`s for what fails, and `InterruptedError` while it connects.
 */
export async function watch(args: readonly string[], output: CommandOutput): Promise<ExitCode> {
  const commandLine = parseWatchCommandLine(args, process.env);
  const terminal = commandLine.isPlain ? undefined : output.terminal;
  const interruption = new AbortController();
  const { signal } = interruption;
  const stopListening = output.onInterrupt?.(
    (name) => interruption.abort(new InterruptedError(name)),
    // What is written to a file may go on without its terminal, which is what nohup(1) is for.
    terminal === undefined ? undefined : ['SIGINT', 'SIGTERM', 'SIGHUP'],
  );
  const closed = new Promise<ExitCode>((resolve) => {
    output.onClosed?.(() => {
      resolve(0);
      interruption.abort(new InterruptedError('SIGHUP'));
    });
  });
  let nb: WatchClient | undefined;
  try {
    const wishes = await wishesOf(commandLine, output, signal);
    nb = await connect(commandLine, output, signal);
    const model = new WatchModel(commandLine.switches, wishes);
    model.load(nb.tables.Logical_Switch, nb.tables.Logical_Switch_Port);
    const end = endOf(nb, signal);
    return await (terminal === undefined
      ? Promise.race([closed, writeLog(nb, model, output, end)])
      : showView(nb, model, terminal, end));
  } finally {
    nb?.close();
    stopListening?.();
  }
}

/** What the manifests say, if any are given. */
async function wishesOf(
  { files, indexing }: WatchCommandLine,
  output: CommandOutput,
  signal: AbortSignal,
): Promise<ManifestWishes | undefined> {
  if (files.length === 0) return undefined;
  const sources: ManifestSource[] = [];
  for (const file of files) sources.push(await readSource({ output, signal }, file));
  const { sets, notes } = readManifest(sources);
  const wishes = new ManifestWishes(sets, indexing);
  for (const note of [...notes, ...wishes.complaints]) output.writeError(`note: ${printable(note)}\n`);
  return wishes;
}

function connect({ connection, timeoutMs }: WatchCommandLine, output: CommandOutput, signal: AbortSignal) {
  return openNorthbound({ connection, timeoutMs, signal, output }, (options) =>
    connectNorthbound({ ...options, tables: TABLES }),
  );
}

/** Resolves when a signal ends it; rejects when the client gives up. Whoever stops on purpose is not told so again. */
function endOf(nb: WatchClient, signal: AbortSignal): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve((signal.reason as InterruptedError).exitCode);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    nb.on('state', (state) => {
      if (state.name === 'closed' && state.error !== undefined) reject(state.error);
    });
  });
}

/** A line for each change. */
function writeLog(
  nb: WatchClient,
  model: WatchModel,
  output: CommandOutput,
  end: Promise<ExitCode>,
): Promise<ExitCode> {
  const write = (entries: readonly LogEntry[]): void => {
    if (entries.length > 0) output.write(entries.map(logLine).join(''));
  };
  const news = new ConnectionNews(nb.state);
  const sight = `${counted(model.switches.length, 'logical switch', 'logical switches')}, ${countsText(model.counts)}`;
  const missing = model.missing.map((name) => ({ at: new Date(), where: [], text: `there is no switch ${name} yet` }));
  write([{ at: new Date(), where: [], text: `in sync with ${news.link.remote}: ${sight}` }, ...missing]);
  nb.on('batch', ({ changes }) => write(logEntries(model.apply(changes), new Date())));
  nb.on('state', (state) => write(news.next(state)));
  return end;
}

/** The live view, until somebody leaves it. */
async function showView(
  nb: WatchClient,
  model: WatchModel,
  terminal: Terminal,
  end: Promise<ExitCode>,
): Promise<ExitCode> {
  const view = new WatchView(model);
  const log = new ChangeLog();
  const news = new ConnectionNews(nb.state);
  const screen = new Screen(terminal, (canvas) => drawWatch({ model, view, log, link: news.link }, canvas));
  nb.on('batch', (batch) => {
    log.add(...batchEntries(model, batch));
    screen.request();
  });
  nb.on('state', (state) => {
    log.add(...news.next(state));
    screen.request();
  });
  let stopKeys: () => void = () => undefined;
  let stopLost: () => void = () => undefined;
  /** Whatever ends the process, the terminal is given back. */
  const leave = (): void => {
    stopKeys();
    screen.close();
  };
  process.once('exit', leave);
  try {
    const left = new Promise<ExitCode>((resolve) => {
      stopLost = terminal.on('lost', () => resolve(129));
      const readKeys = (): void => {
        stopKeys = terminal.readKeys((key) => {
          const action = view.press(key);
          if (action === 'quit') resolve(0);
          else if (action === 'interrupt') resolve(130);
          else if (action === 'draw') screen.request();
          else if (action === 'redraw-all') screen.redrawAll();
          else if (action === 'suspend') {
            leave();
            void terminal.suspend().then(() => {
              readKeys();
              screen.open();
            });
          }
        });
      };
      readKeys();
    });
    screen.open();
    return await Promise.race([left, end]);
  } finally {
    process.off('exit', leave);
    leave();
    stopLost();
  }
}

function batchEntries(model: WatchModel, { changes }: Batch): LogEntry[] {
  const at = new Date();
  const events = model.apply(changes, MAX_TOLD);
  if (changes.length <= MAX_TOLD) return logEntries(events, at);
  const counts = { insert: 0, update: 0, delete: 0 };
  for (const { table, type } of changes) if (table === 'Logical_Switch_Port') counts[type]++;
  const total = batchEntry(counts, at);
  return [...logEntries(events.slice(-3), at), ...(total.text === '' ? [] : [total])];
}
