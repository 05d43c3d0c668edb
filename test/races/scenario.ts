/** The switches and StatefulSets that are fought over: pools that share parts, subnets that are too small for all. */
import { Random } from '../random.js';
import type { NamespaceSubnet } from '../../lib/statefulset/switches/site.js';
import type { Kind, Operation, Place, Policies, SetSpec } from './ledger.js';

/** A place with the addresses that pools and other writers take there. */
export interface Arena extends Place {
  /** Entries that pools are made of; undefined where addresses are picked. */
  readonly entries?: readonly string[] | undefined;
  /** Addresses that a writer who knows nothing of managers takes. */
  readonly contested: readonly string[];
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const hosts = (prefix: string, first: number, last: number): string[] => range(first, last).map((n) => `${prefix}${n}`);

/** IPv4 pools of one /24 that overlap. */
const POOLED: Arena = {
  namespace: 'pooled',
  logicalSwitch: 'switch-pooled',
  cidr: '10.1.0.0/24',
  gateway: '10.1.0.1',
  accepts: (ip) => hosts('10.1.0.', 2, 254).includes(ip),
  entries: hosts('10.1.0.', 10, 33),
  contested: hosts('10.1.0.', 10, 33),
};

/** Dual-stack pools: an entry is taken when one half of it is. */
const DUAL: Arena = {
  namespace: 'dual',
  logicalSwitch: 'switch-dual',
  cidr: '10.2.0.0/24,fd00:2::/64',
  gateway: '10.2.0.1,fd00:2::1',
  accepts: (ip) => hosts('10.2.0.', 2, 254).includes(ip) || ip.startsWith('fd00:2::'),
  entries: range(10, 25).map((n) => `10.2.0.${n},fd00:2::${n}`),
  contested: range(10, 25).flatMap((n) => [`10.2.0.${n}`, `fd00:2::${n}`]),
};

/** Of the /28, all but network, broadcast and gateway are free. */
const TIGHT: Arena = {
  namespace: 'tight',
  logicalSwitch: 'switch-tight',
  cidr: '10.3.0.0/28',
  gateway: '10.3.0.1',
  accepts: (ip) => hosts('10.3.0.', 2, 14).includes(ip),
  capacity: 13,
  contested: hosts('10.3.0.', 2, 14),
};

export const ARENAS: readonly Arena[] = [POOLED, DUAL, TIGHT];

/** The option `subnets` of managers. */
export const SUBNETS: Readonly<Record<string, NamespaceSubnet>> = Object.fromEntries(
  ARENAS.map(({ namespace, logicalSwitch, cidr, gateway }) => [namespace, { logicalSwitch, cidr, gateway }]),
);

/** StatefulSets of each arena. */
const SETS_PER_ARENA = 3;
const MAX_REPLICAS = 6;
/** Earlier manifests of a StatefulSet that somebody may still be at work with. */
const REMEMBERED = 3;

const WEIGHTS: Readonly<Record<Change, number>> = {
  'apply as it is': 24,
  'ensure a pod': 30,
  'apply an earlier manifest': 4,
  'tear a pod down': 10,
  scale: 14,
  'edit the pool': 4,
  'edit the pool and readdress': 8,
  release: 6,
  'release what is gone': 2,
  recreate: 5,
};

type Change =
  | 'apply as it is'
  | 'ensure a pod'
  | 'apply an earlier manifest'
  | 'tear a pod down'
  | 'scale'
  | 'edit the pool'
  | 'edit the pool and readdress'
  | 'release'
  | 'release what is gone'
  | 'recreate';

/** Makes up operations, one after the other, as a seed has it. */
export class Scenario {
  readonly #random: Random;
  /** The manifests of each StatefulSet so far, the present one last. */
  readonly #manifests: SetSpec[][];
  #count = 0;

  constructor(
    random: Random,
    setNames: (arena: Arena, n: number) => string = ({ namespace }, n) => `${namespace}-${n}`,
  ) {
    this.#random = random;
    this.#manifests = ARENAS.flatMap((arena) =>
      range(1, SETS_PER_ARENA).map((n) => [
        {
          namespace: arena.namespace,
          name: setNames(arena, n),
          incarnation: 1,
          replicas: random.integer(2, MAX_REPLICAS),
          pool: this.#newPool(arena),
        },
      ]),
    );
  }

  /** The present manifests. */
  get manifests(): SetSpec[] {
    return this.#manifests.map((all) => all.at(-1)!);
  }

  /** The next operation. */
  next(): Operation {
    const random = this.#random;
    const all = random.pick(this.#manifests);
    const spec = all.at(-1)!;
    const isPooled = spec.pool !== undefined;
    let change: Change = random.weighted(WEIGHTS);
    if (!isPooled && change.startsWith('edit the pool')) change = 'scale';
    const become = (next: Partial<SetSpec>): SetSpec => {
      all.push({ ...spec, ...next });
      if (all.length > REMEMBERED) all.shift();
      return all.at(-1)!;
    };
    switch (change) {
      case 'apply as it is':
        return this.#operation('apply', spec, {});
      case 'apply an earlier manifest':
        return this.#operation('apply', random.pick(all), {});
      case 'ensure a pod':
        return this.#operation('ensure', spec, { ordinal: random.below(spec.replicas) });
      case 'tear a pod down':
        return this.#operation('teardown', spec, { ordinal: random.below(spec.replicas) });
      case 'scale':
        return this.#operation('apply', become({ replicas: random.integer(1, MAX_REPLICAS) }), {
          onScaleDown: random.chance(0.5) ? 'release' : 'keep',
        });
      case 'edit the pool':
        return this.#operation('apply', become({ pool: this.#editPool(spec) }), {});
      case 'edit the pool and readdress':
        return this.#operation('readdress', random.chance(0.7) ? become({ pool: this.#editPool(spec) }) : spec, {});
      case 'release':
        return this.#operation('release', spec, {});
      case 'release what is gone':
        return this.#operation('release', random.pick(all), {});
      case 'recreate':
        return this.#operation('apply', become({ incarnation: spec.incarnation + 1 }), {
          onRecreate: random.weighted({ inherit: 2, fresh: 4, reject: 1 }),
        });
    }
  }

  /** The same operation once more, by another manager. */
  again(operation: Operation): Operation {
    return { ...operation, id: String(++this.#count) };
  }

  /** An operation on a given manifest. */
  operation(kind: Kind, spec: SetSpec): Operation {
    return this.#operation(kind, spec, {});
  }

  #operation(kind: Kind, spec: SetSpec, given: Partial<Policies> & { readonly ordinal?: number }): Operation {
    const { ordinal, onScaleDown = 'keep', onRecreate = 'inherit' } = given;
    return { id: String(++this.#count), kind, spec, ordinal, policies: { onScaleDown, onRecreate } };
  }

  #newPool({ entries }: Arena): string[] | undefined {
    if (entries === undefined) return undefined;
    const rest = [...entries];
    const size = this.#random.integer(MAX_REPLICAS - 1, MAX_REPLICAS + 1);
    return Array.from({ length: size }, () => rest.splice(this.#random.below(rest.length), 1)[0]!);
  }

  /** Another pool, or the same one with entries swapped. */
  #editPool({ namespace, pool = [] }: SetSpec): string[] | undefined {
    const arena = ARENAS.find((each) => each.namespace === namespace)!;
    if (this.#random.chance(0.3)) return this.#newPool(arena);
    const turned = [...pool];
    const by = this.#random.integer(1, pool.length - 1);
    return this.#random.chance(0.5)
      ? [...turned.slice(by), ...turned.slice(0, by)]
      : turned.map((entry, i) => (i === by && this.#random.chance(0.7) ? (this.#unused(arena, pool) ?? entry) : entry));
  }

  #unused({ entries = [] }: Arena, pool: readonly string[]): string | undefined {
    const rest = entries.filter((entry) => !pool.includes(entry));
    return rest.length === 0 ? undefined : this.#random.pick(rest);
  }
}
