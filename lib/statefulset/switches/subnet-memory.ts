import type { Subnet } from '../../ipam/subnet.js';

type List = string | readonly string[] | undefined;

/** What a caller says of a subnet. */
interface Given {
  readonly cidr?: List;
  readonly gateway?: List;
  readonly exclude?: List;
}

interface Known {
  /** Its own copies: the caller may change the lists. */
  readonly given: Given;
  /** Rows of the replica never change, so this is the same object exactly while nobody writes the column. */
  readonly otherConfig: object;
  readonly subnet: Subnet | undefined;
}

const MAX_SUBNETS = 1000;

/**
 * The subnets of namespaces as they were last read. Every call of the manager asks for one, and they hardly ever change,
 * but may exclude thousands of ranges. The same object comes back while what it was read from is the same.
 */
export class SubnetMemory {
  readonly #known = new Map<string, Known>();

  /** The subnet of a namespace, from memory or else as `read` makes it. What `read` throws is not remembered. */
  of(
    namespace: string,
    { cidr, gateway, exclude }: Given,
    otherConfig: object,
    read: () => Subnet | undefined,
  ): Subnet | undefined {
    const known = this.#known.get(namespace);
    if (
      known?.otherConfig === otherConfig &&
      isSame(known.given.cidr, cidr) &&
      isSame(known.given.gateway, gateway) &&
      isSame(known.given.exclude, exclude)
    ) {
      return known.subnet;
    }
    const subnet = read();
    const given = { cidr: copyOf(cidr), gateway: copyOf(gateway), exclude: copyOf(exclude) };
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAX_SUBNETS) this.#known.delete(oldest);
    this.#known.set(namespace, { given, otherConfig, subnet });
    return subnet;
  }
}

function isSame(a: List, b: List): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function copyOf(list: List): List {
  return Array.isArray(list) ? [...(list as readonly string[])] : list;
}
