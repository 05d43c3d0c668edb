/** Where the ports of each namespace belong, as far as it can be told; every namespace is looked up once. */
import { isPortError, PortError } from '../port-error.js';
import { findSite, type NamespaceSubnets, type Site } from '../switches/site.js';
import type { ManagerClient } from '../switches/switch-index.js';
import { readWorkload } from '../workload.js';

/** Where the ports of a namespace belong. */
export type NamespacePlace =
  | { readonly kind: 'site'; readonly site: Site }
  /** `subnets` names a switch that does not exist. */
  | { readonly kind: 'no-switch'; readonly logicalSwitch: string }
  /** `subnets` gives a name that several switches have. */
  | { readonly kind: 'ambiguous'; readonly logicalSwitch: string }
  /** `subnets` says nothing of the namespace, or no CIDR that makes sense. */
  | { readonly kind: 'unknown' };

/** See the head of this file. */
export class NamespacePlaces {
  readonly #client: ManagerClient;
  readonly #subnets: NamespaceSubnets;
  readonly #places = new Map<string, NamespacePlace>();

  constructor(client: ManagerClient, subnets: NamespaceSubnets) {
    this.#client = client;
    this.#subnets = subnets;
  }

  /** Where the ports of this StatefulSet, `namespace/name`, belong. */
  of(statefulSet: string): NamespacePlace {
    const slash = statefulSet.indexOf('/');
    const namespace = statefulSet.slice(0, slash);
    let place = this.#places.get(namespace);
    if (place === undefined) {
      this.#places.set(namespace, (place = this.#find(namespace, statefulSet.slice(slash + 1))));
    }
    return place;
  }

  /** The namespaces for which `subnets` gives this name of a switch; of a function, those that were asked for before. */
  named(logicalSwitch: string): string[] {
    const namespaces =
      typeof this.#subnets === 'function'
        ? Array.from(this.#places).flatMap(([namespace, place]) => (isAmbiguous(place, logicalSwitch) ? namespace : []))
        : Object.keys(this.#subnets).filter((namespace) => isAmbiguous(this.of(`${namespace}/any`), logicalSwitch));
    return namespaces.sort();
  }

  #find(namespace: string, name: string): NamespacePlace {
    try {
      const workload = readWorkload({ metadata: { namespace, name } });
      return { kind: 'site', site: findSite(this.#client, this.#subnets, workload) };
    } catch (error) {
      if (isPortError(error, 'SwitchNotFound'))
        return { kind: 'no-switch', logicalSwitch: error.details.logicalSwitch };
      if (isPortError(error, 'AmbiguousSwitch'))
        return { kind: 'ambiguous', logicalSwitch: error.details.logicalSwitch };
      if (error instanceof PortError) return { kind: 'unknown' };
      throw error;
    }
  }
}

function isAmbiguous(place: NamespacePlace, logicalSwitch: string): boolean {
  return place.kind === 'ambiguous' && place.logicalSwitch === logicalSwitch;
}
