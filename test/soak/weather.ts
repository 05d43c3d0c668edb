/** What happens to the connection of the client under test, every few seconds. */
import type { NorthboundClient } from '../../lib/nb/northbound.js';
import type { ClusterMember } from '../../lib/testing/cluster-member.js';
import type { Random } from '../random.js';
import type { Gate } from '../faults/gate.js';
import { pause, type Tally } from './tally.js';

const STALL_MS = 400;

/** See the head of this file. */
export class Weather {
  readonly #nb: NorthboundClient;
  readonly #gate: Gate;
  readonly #member: ClusterMember;
  readonly #random: Random;
  readonly #tally: Tally;

  constructor(nb: NorthboundClient, gate: Gate, member: ClusterMember, random: Random, tally: Tally) {
    this.#nb = nb;
    this.#gate = gate;
    this.#member = member;
    this.#random = random;
    this.#tally = tally;
  }

  /** Something happens three to eight times in a round. */
  async run(roundMs: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.#random.integer(roundMs / 8, roundMs / 3), signal);
      if (signal.aborted) return;
      const kind = this.#random.weighted({ cut: 4, reconnect: 2, stall: 2, restart: 2, 'restart without history': 1 });
      this.#tally.count(`weather: ${kind}`);
      switch (kind) {
        case 'cut':
          this.#gate.cut();
          break;
        case 'reconnect':
          this.#nb.reconnect('the soak asked for it');
          break;
        case 'stall':
          this.#gate.replies.shut();
          await pause(STALL_MS, signal);
          this.#gate.replies.open();
          break;
        case 'restart':
          await this.#restart();
          break;
        case 'restart without history':
          // A server that starts from a snapshot does not know the transactions before it.
          await this.#member.compact();
          await this.#restart();
          break;
      }
    }
  }

  async #restart(): Promise<void> {
    await this.#member.kill();
    await this.#member.start();
  }
}
