import { randomInt } from 'node:crypto';

import { expect } from 'chai';

import type { StatefulSetPortManager } from '../../lib/statefulset/manager.js';
import type { PodOutcome } from '../../lib/statefulset/manager-results.js';
import type { OnDrift } from '../../lib/statefulset/plan/pod-plan.js';
import { pod, StatefulSetBench, statefulSet, type Place } from './statefulset-fixture.js';

const STEPS = 250;
/** All that a port of the subnet can have. */
const USABLE = Array.from({ length: 13 }, (_, i) => `10.7.0.${i + 2}`);

interface Port {
  readonly uuid: string;
  readonly mac: string;
  readonly ip: string;
}

interface SetState {
  replicas: number;
  pool: readonly string[] | undefined;
}

/** Takes random steps and compares what the database holds with what the promise says that it must. */
class Walk {
  readonly #bench: StatefulSetBench;
  readonly #place: Place;
  readonly #onDrift: OnDrift;
  readonly #random: (below: number) => number;
  readonly #sets: Record<string, SetState> = {
    web: { replicas: 3, pool: USABLE.slice(0, 4) },
    db: { replicas: 2, pool: USABLE.slice(2, 6) },
    any: { replicas: 2, pool: undefined },
  };
  /** What the database must hold, by name of the port. */
  readonly #ports = new Map<string, Port>();
  #manager: StatefulSetPortManager;
  #foreignCount = 0;

  constructor(bench: StatefulSetBench, place: Place, onDrift: OnDrift, random: (below: number) => number) {
    this.#bench = bench;
    this.#place = place;
    this.#onDrift = onDrift;
    this.#random = random;
    this.#manager = bench.manager({ onDrift });
  }

  async step(): Promise<string> {
    const name = this.#pick(Object.keys(this.#sets));
    const set = this.#sets[name]!;
    switch (this.#random(11)) {
      case 0:
      case 1:
      case 2:
        await this.#apply(name);
        return `apply ${name}`;
      case 3: {
        const ordinal = this.#random(7);
        await this.#ensure(name, ordinal);
        return `ensure ${name}-${ordinal}`;
      }
      case 4: {
        const ordinal = this.#random(7);
        const { count, result } = await this.#bench.transactionsOf(() =>
          this.#manager.podDeleted(pod(`${name}-${ordinal}`, this.#place.namespace)),
        );
        expect(count).to.equal(0);
        expect(result.retained?.mac).to.equal(this.#ports.get(this.#portName(name, ordinal))?.mac);
        return `delete the pod ${name}-${ordinal}`;
      }
      case 5:
        set.replicas = this.#random(7);
        return `scale ${name} to ${set.replicas}`;
      case 6:
        if (set.pool !== undefined) {
          const shuffled = USABLE.map((ip) => [this.#random(1e6), ip] as const).sort(([a], [b]) => a - b);
          set.pool = shuffled.slice(0, 1 + this.#random(6)).map(([, ip]) => ip);
        }
        return `pool of ${name} becomes ${String(set.pool)}`;
      case 7:
        await this.#release(name);
        return `release ${name}`;
      case 8: {
        const ip = this.#pick(USABLE);
        const port = `foreign${++this.#foreignCount}.${this.#place.namespace}`;
        if (this.#holders(ip).length > 0) return 'nothing';
        const mac = `0a:00:00:00:00:${(this.#foreignCount % 256).toString(16).padStart(2, '0')}`;
        const uuid = await this.#bench.foreignPort(this.#place, port, { addresses: `${mac} ${ip}` });
        this.#ports.set(port, { uuid, mac, ip });
        return `${port} takes ${ip}`;
      }
      case 9: {
        const [foreign] = [...this.#ports].filter(([port]) => port.startsWith('foreign'));
        if (foreign === undefined) return 'nothing';
        await this.#bench.sandbox.nbctl('lsp-del', foreign[0]);
        await this.#bench.nb.transact((tx) => tx.select('NB_Global', [], []));
        this.#ports.delete(foreign[0]);
        return `${foreign[0]} goes`;
      }
      default:
        this.#manager.close();
        this.#manager = this.#bench.manager({ onDrift: this.#onDrift });
        return 'restart';
    }
  }

  /** The database holds what it must, and nothing else. */
  async check(): Promise<void> {
    const rows = await this.#bench.portsOn(this.#place);
    const found = [...rows].map(([name, row]): [string, Port] => {
      const [mac = '', ip = ''] = (row['addresses'] as string[]).join().split(' ');
      return [name, { uuid: row['_uuid'] as string, mac, ip }];
    });
    expect(new Map(found)).to.deep.equal(this.#ports);
    const ips = found.map(([, { ip }]) => ip);
    expect(new Set(ips).size, `${ips.join()} are different`).to.equal(ips.length);
    expect(this.#manager.audit([this.#place.logicalSwitch])).to.deep.equal([]);
  }

  async #apply(name: string): Promise<void> {
    const { replicas } = this.#sets[name]!;
    const { outcomes } = await this.#manager.apply(this.#manifest(name));
    expect(outcomes.map(({ ordinal }) => ordinal)).to.deep.equal(Array.from({ length: replicas }, (_, i) => i));
    this.#take(name, outcomes);
    const again = await this.#bench.transactionsOf(() => this.#manager.apply(this.#manifest(name)));
    expect(again.count, 'transactions of a second apply').to.equal(0);
  }

  async #ensure(name: string, ordinal: number): Promise<void> {
    const asked = pod(`${name}-${ordinal}`, this.#place.namespace);
    const common = {
      statefulSet: `${this.#place.namespace}/${name}`,
      ordinal,
      pod: `${name}-${ordinal}`,
      port: this.#portName(name, ordinal),
    };
    const outcome = await this.#manager
      .ensurePort(asked, this.#manifest(name))
      .catch((error: unknown) => ({ ...common, status: 'refused' as const, error: error as never }));
    this.#take(name, [outcome]);
  }

  async #release(name: string): Promise<void> {
    const { released } = await this.#manager.release(this.#manifest(name));
    const kept = [...this.#ports.keys()].filter((port) => port.startsWith(`${name}-`));
    expect(released.map(({ port }) => port).sort()).to.deep.equal(kept.sort());
    for (const port of kept) this.#ports.delete(port);
  }

  /** Is each outcome one that the promise allows? Takes it over into the model. */
  #take(name: string, outcomes: readonly PodOutcome[]): void {
    const { pool } = this.#sets[name]!;
    const before = new Map(this.#ports);
    for (const outcome of outcomes) {
      if (outcome.status === 'refused') continue;
      const { port, uuid = '', mac, ip4: ip = '' } = outcome;
      const old = before.get(port);
      const want = pool?.[outcome.ordinal];
      if (outcome.status === 'created') {
        expect(old, `${port} was there already`).to.equal(undefined);
        if (pool === undefined) expect(USABLE).to.include(ip);
        else expect(ip, 'always that entry, never the next free one').to.equal(want);
      } else {
        expect({ uuid, mac }, 'kept').to.deep.equal({ uuid: old?.uuid, mac: old?.mac });
        if (outcome.status === 'reused') expect(ip).to.equal(old?.ip);
        else expect(ip).to.equal(want);
        const drifted = pool !== undefined && want !== ip;
        expect(outcome.drift !== undefined, 'drift').to.equal(drifted || outcome.status === 'readdressed');
        if (this.#onDrift === 'readdress' && want !== undefined) expect(ip, 'moved').to.equal(want);
      }
      this.#ports.set(port, { uuid, mac, ip });
    }
    for (const outcome of outcomes) {
      if (outcome.status !== 'refused') continue;
      const { port, error, ordinal } = outcome;
      const want = pool?.[ordinal];
      const holders = this.#holders(want).filter((holder) => holder !== port);
      if (error.code === 'PoolExhausted') expect([want, before.has(port)]).to.deep.equal([undefined, false]);
      else if (error.code === 'AddressInUse') expect(holders, error.message).to.have.length(1);
      else if (error.code === 'SubnetExhausted') expect(this.#ports.size).to.equal(USABLE.length);
      else throw error;
      expect(this.#ports.get(port)).to.equal(before.get(port));
    }
  }

  #holders(ip: string | undefined): string[] {
    return [...this.#ports].filter(([, port]) => port.ip === ip).map(([name]) => name);
  }

  #manifest(name: string): ReturnType<typeof statefulSet> {
    const { replicas, pool } = this.#sets[name]!;
    return statefulSet(name, this.#place.namespace, replicas, pool);
  }

  #portName(name: string, ordinal: number): string {
    return `${name}-${ordinal}.${this.#place.namespace}`;
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random(items.length)]!;
  }
}

describe('the promise of fixed addresses, over random sequences of events', () => {
  let bench: StatefulSetBench;

  before(async () => (bench = await StatefulSetBench.start()));
  after(async () => bench[Symbol.asyncDispose]());

  for (const onDrift of ['keep', 'readdress'] as const) {
    it(`holds with onDrift: '${onDrift}'`, async () => {
      const seed = Number(process.env['STATEFULSET_SEED'] ?? randomInt(2 ** 31));
      const place = await bench.place({ cidr: '10.7.0.0/28', gateway: '10.7.0.1' });
      const walk = new Walk(bench, place, onDrift, randomBelow(seed));
      const steps: string[] = [];
      try {
        for (let i = 0; i < STEPS; i++) {
          steps.push(await walk.step());
          await walk.check();
        }
      } catch (error) {
        console.error(
          `STATEFULSET_SEED=${seed}; the last steps: ${steps.slice(-12).join('; ')}; then the one that failed`,
        );
        throw error;
      }
    }).timeout(180_000);
  }
});

/** Random numbers that a seed repeats. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
