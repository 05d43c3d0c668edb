/** The folder of a sandbox, with what makes sure that neither it nor a server in it outlives the host process. */
import { rm } from 'node:fs/promises';

import { makeSocketFolder } from '../server/socket-folder.js';
import { addLive, removeLive, type LiveResource } from './live.js';
import { Watchdog } from './watchdog.js';

/** See the head of this file. */
export class SandboxHome {
  readonly directory: string;
  /** Ends the sandbox's servers at once, synchronously; set by the owner before it starts one. */
  killNow: () => void = () => undefined;
  readonly #live: LiveResource;
  readonly #watchdog: Watchdog;

  private constructor(directory: string, startedAt: string) {
    this.directory = directory;
    this.#live = { directory, startedAt, killNow: () => this.killNow() };
    addLive(this.#live);
    this.#watchdog = new Watchdog(directory);
  }

  /**
   * Makes the folder.
   * @param startedAt - Stack of the call that starts the sandbox, for leak reports.
   * @param socketName - The longest name of a unix socket in it. Default `db.sock`.
   */
  static async make(startedAt: string, socketName?: string): Promise<SandboxHome> {
    return new SandboxHome(await makeSocketFolder(socketName), startedAt);
  }

  /** Removes the folder. The servers must be gone. */
  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 });
    await this.#watchdog.end();
    removeLive(this.#live);
  }
}
