/**
 * A host process can die in ways that run none of its code: SIGKILL, a fatal signal, a crash. The
 * kernel then closes its end of a pipe, and a shell that waits on the other end cleans up: it ends the
 * servers of the folder and removes the folder. The host needs no signal handlers, so its own signal
 * semantics stay as they are.
 */
import { spawn, type ChildProcess } from 'node:child_process';

// Servers are found by their command line, which names files in the folder: that also catches one that
// was spawned a moment before the host died. The pattern is bound to the program's name so that a
// person's `tail -f` on the log lives on. Without /proc (not Linux) `ps` is asked.
const SCRIPT = `
trap '' INT TERM HUP QUIT
while read -r _; do :; done
if [ -d /proc/self ]; then
  for file in $(grep -laF -- "$1/" /proc/[0-9]*/cmdline); do
    read -r name < "\${file%cmdline}comm" && [ "$name" = ovsdb-server ] || continue
    pid=\${file#/proc/}
    kill -KILL "\${pid%/cmdline}"
  done
else
  ps -axo pid=,command= | while read -r pid command; do
    case $command in ovsdb-server*"$1"/* | */ovsdb-server*"$1"/*) kill -KILL "$pid" ;; esac
  done
fi 2>/dev/null
rm -rf -- "$1"
`;

/** Guards one sandbox folder until {@link Watchdog.end}. */
export class Watchdog {
  readonly #shell: ChildProcess;
  readonly #gone: Promise<void>;

  /** Starts the guard over a folder. Its servers must name files of the folder on their command line. */
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
