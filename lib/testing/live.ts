/**
 * Every folder and process that a sandbox owns is noted here from before it exists until after it is
 * gone. When the host process exits by itself, what is left is removed at once; when the host is
 * killed, its watchdog does it (see watchdog.ts).
 */
import { rmSync } from 'node:fs';

/** Something that a sandbox owns and that must not outlive the host process. */
export interface LiveResource {
  /** The sandbox's folder. */
  readonly directory: string;
  /** Stack of the call that started it, to name the place in a leak report. */
  readonly startedAt: string;
  /** Ends the sandbox's processes at once, synchronously. */
  killNow(): void;
}

const live = new Set<LiveResource>();

function onExit(): void {
  for (const resource of live) {
    resource.killNow();
    rmSync(resource.directory, { recursive: true, force: true });
  }
}

/** Notes a resource. The first one hooks the host's `exit` event; signals are left to the host. */
export function addLive(resource: LiveResource): void {
  if (live.size === 0) process.on('exit', onExit);
  live.add(resource);
}

/** Forgets a resource that is gone. */
export function removeLive(resource: LiveResource): void {
  live.delete(resource);
  if (live.size === 0) process.off('exit', onExit);
}

/** The sandboxes of this process that were started and not stopped yet. For leak checks in test runs. */
export function liveSandboxes(): readonly LiveResource[] {
  return [...live];
}
