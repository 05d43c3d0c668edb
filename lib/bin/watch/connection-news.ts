/** What there is to tell of the connection. */
import type { ClientState } from '../../client/client-state.js';
import type { LogEntry } from './change-log.js';
import type { LinkState } from './renderer.js';

/** Follows the states of a client that has been in sync. */
export class ConnectionNews {
  #remote: string;
  /** Why it was not connected, as it was told last. */
  #told: string | undefined;
  #state: ClientState;

  constructor(state: ClientState) {
    this.#state = state;
    this.#remote = 'remote' in state ? state.remote : '';
  }

  /** How true is what is shown? */
  get link(): LinkState {
    return { remote: this.#remote, text: TEXTS[this.#state.name], isCurrent: this.#state.name === 'synced' };
  }

  /** Takes the next state. Returns what is new about it: that and why the connection was lost, and that it is back. */
  next(state: ClientState): LogEntry[] {
    const former = this.#state;
    this.#state = state;
    if ('remote' in state) this.#remote = state.remote;
    const at = new Date();
    if (state.name === 'synced') {
      this.#told = undefined;
      return [{ at, where: [], text: `in sync again with ${state.remote}` }];
    }
    if (state.name === 'closed') return [];
    const error = state.name === 'backoff' ? state.error.message : undefined;
    const isNew = error !== undefined && error !== this.#told;
    this.#told = error ?? this.#told;
    if (former.name === 'synced') return [{ at, where: [], text: `connection lost${error === undefined ? '' : `: ${error}`}` }]; // prettier-ignore
    return isNew ? [{ at, where: [], text: `not connected: ${error}` }] : [];
  }
}

const TEXTS: Readonly<Record<ClientState['name'], string>> = {
  synced: 'in sync',
  connecting: 'connection lost, connecting',
  syncing: 'reading the database',
  backoff: 'connection lost, trying again',
  closed: 'closed',
};
