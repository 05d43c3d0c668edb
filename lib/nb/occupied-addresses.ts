import { readPortAddress } from './addresses.js';

/** The columns of a Logical_Switch_Port that say which addresses it has. Rows of the replica fit. */
export interface PortAddressColumns {
  readonly type: string;
  readonly addresses: readonly string[];
  readonly dynamic_addresses?: string | undefined;
  readonly options: Readonly<Record<string, string>>;
}

/** The addresses that a port has, or asks for; none of them twice. */
export interface OccupiedAddresses {
  /** Canonical texts, the keys that `ipKey` of an address gives. */
  readonly ips: readonly string[];
  /** In lower case. */
  readonly macs: readonly string[];
}

/**
 * All IP and MAC addresses that a port occupies on its switch: those in `addresses` (also the ones that `dynamic` asks
 * for, and whatever can be made out of broken elements), those that ovn-northd gave it (`dynamic_addresses`), and the
 * virtual IP of a port of type `virtual`. Never throws.
 *
 * Not seen from the port alone are the addresses behind `router`: they are the router port's `networks` and `mac`.
 */
export function occupiedAddresses(port: PortAddressColumns): OccupiedAddresses {
  const { addresses, dynamic_addresses: dynamicAddresses } = port;
  const [only] = addresses;
  if (only !== undefined && addresses.length === 1 && dynamicAddresses === undefined && port.type !== 'virtual') {
    const address = readPortAddress(only);
    // The common port, one plain element, needs no sets.
    if (address.kind === 'static' && address.ips.length <= 2 && address.ips[0] !== address.ips[1])
      return { ips: address.ips, macs: [address.mac] };
  }
  const ips = new Set<string>();
  const macs = new Set<string>();
  const collect = (text: string): void => {
    const address = readPortAddress(text);
    if (address.kind === 'unknown' || address.kind === 'router') return;
    for (const ip of address.ips) ips.add(ip);
    if (address.mac !== undefined) macs.add(address.mac);
  };
  addresses.forEach(collect);
  if (dynamicAddresses !== undefined) collect(dynamicAddresses);
  const virtualIp = port.type === 'virtual' ? port.options['virtual-ip'] : undefined;
  if (virtualIp !== undefined) collect(virtualIp);
  return { ips: [...ips], macs: [...macs] };
}
