/**
 * A host process can die in ways that run none of its code: SIGKILL, a fatal signal, a crash. The
 * kernel then closes its end of a pipe, and a shell that waits on the other end cleans up: it ends the
 * servers whose pid files are in the folder and removes the folder. The host needs no signal handlers,
 * so its own signal semantics stay as they are.
 */
import { spawn, type ChildProcess } from 'node:child_process';

// A pid is only signalled while its command line names our folder: it could be another process by now.
// With /proc missing (not Linux) `ps` is asked.
const SCRIPT = `
trap '' INT TERM HUP QUIT
while read -r _; do :; done
for file in "$1"/*.pid; do
  read -r pid < "$file" || continue
  if [ -d /proc/self ]; then line=$(tr '\\0' ' ' < "/proc/$pid/cmdline"); else line=$(ps -o command= -p "$pid"); fi
  case $line in *"$1"/*) kill -KILL "$pid" ;; esac
done 2>/dev/null
rm -rf -- "$1"
`;

/** Guards one sandbox folder until {@link Watchdog.end}. */
export class Watchdog {
  readonly #shell: ChildProcess;
  readonly #gone: Promise<void>;

  /** Starts the guard over a folder. Its servers must keep `<name>.pid` files there and name the folder on their command line. */
  constructor(directory: string) {
    // A session of its own: Ctrl-C at the terminal must not end the guard.
    this.#shell = spawn('/bin/sh', ['-c', SCRIPT, 'sandbox-watchdog', directory], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    this.#gone = new Promise((resolve) => {
      this.#shell.once('exit', () => resolve());
      this.#shell.once('error', () => resolve());
    });
    this.#shell.stdin?.on('error', () => undefined);
    this.#shell.unref();
  }

  /** Lets the guard go. It removes what is left in the folder, and is gone when this resolves. */
  async end(): Promise<void> {
    this.#shell.ref();
    this.#shell.stdin?.destroy();
    await this.#gone;
  }
}
