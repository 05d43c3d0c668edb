/**
 * Which IP addresses of one switch belong to which port, as one transaction will leave it. Made at the
 * cost of all ports of the switch; each change of a port then costs its own addresses only.
 */
export class SwitchOccupancy {
  readonly #ports = new Map<string, { readonly name: string; readonly ips: readonly string[] }>();
  /** Identities of ports by address: hardly ever more than one. */
  readonly #holders = new Map<string, string | Set<string>>();

  /** Says which addresses a port has. `port` is its identity, see `keyOf`. */
  set(port: string, name: string, ips: readonly string[]): void {
    this.delete(port);
    this.#ports.set(port, { name, ips });
    for (const ip of ips) {
      const holders = this.#holders.get(ip);
      if (holders === undefined) this.#holders.set(ip, port);
      else if (typeof holders === 'string') this.#holders.set(ip, new Set([holders, port]));
      else holders.add(port);
    }
  }

  /** Says that a port has gone. */
  delete(port: string): void {
    const known = this.#ports.get(port);
    if (known === undefined) return;
    this.#ports.delete(port);
    for (const ip of known.ips) {
      const holders = this.#holders.get(ip);
      if (holders === port) this.#holders.delete(ip);
      else if (typeof holders === 'object') holders.delete(port);
    }
  }

  /** The first of some addresses that a port other than `port` has, and the name of that port. */
  clash(ips: readonly string[], port: string): { ip: string; name: string } | undefined {
    for (const ip of ips) {
      const holders = this.#holders.get(ip) ?? [];
      for (const holder of typeof holders === 'string' ? [holders] : holders) {
        if (holder !== port) return { ip, name: this.#ports.get(holder)?.name ?? '' };
      }
    }
    return undefined;
  }
}
