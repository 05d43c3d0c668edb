/** Where the pods of a namespace belong, as the command line says it. */
import { InvalidArgumentError, OvsdbError, printValue } from '../../errors.js';
import type { NamespaceSubnet } from '../../statefulset/switches/site.js';
import { parseDocuments, type ManifestSource } from './manifest.js';

/** What may be said of a subnet besides its switch: lists of texts, and single ones. */
const LISTS = ['cidr', 'gateway', 'exclude'] as const;
const TEXTS = ['dhcpv4Options', 'dhcpv6Options'] as const;
const FIELDS = [...LISTS, ...TEXTS] as const;
type Field = (typeof FIELDS)[number];
type Fields = { [F in (typeof LISTS)[number]]?: string | string[] } & { [F in (typeof TEXTS)[number]]?: string };

/**
 * The subnets by namespace, as `--subnet` says them, or else the file of `--subnets`. Throws `InvalidArgumentError` for a
 * `--subnet` that makes no sense, `OvsdbError` `File` for such a file.
 */
export function givenSubnets(
  options: readonly string[],
  file: ManifestSource | undefined,
): Readonly<Record<string, NamespaceSubnet>> {
  const known = new Map([...(file === undefined ? [] : readSubnets(file)), ...parseSubnetOptions(options)]);
  return Object.fromEntries(known);
}

/** The same, where a namespace that is not named belongs to the logical switch that has the namespace's name. */
export function subnetsByName(
  given: Readonly<Record<string, NamespaceSubnet>>,
): (namespace: string) => NamespaceSubnet {
  return (namespace) => {
    const subnet = Object.hasOwn(given, namespace) ? given[namespace] : undefined;
    return subnet ?? { logicalSwitch: namespace };
  };
}

/**
 * Reads `NAMESPACE=SWITCH[,cidr=CIDR][,gateway=IP][,exclude=RANGE]...`. A word without `=` goes on with the list before it,
 * as in `cidr=10.16.0.0/24,fd00::/64`.
 */
function parseSubnetOptions(options: readonly string[]): Map<string, NamespaceSubnet> {
  const known = new Map<string, NamespaceSubnet>();
  for (const option of options) {
    const refuse = (reason: string): never => {
      const form = 'NAMESPACE=SWITCH[,cidr=CIDR][,gateway=IP][,exclude=RANGE]';
      throw new InvalidArgumentError(`--subnet ${printValue(option)} ${reason}; write it as ${form}`);
    };
    const [, namespace = '', rest = ''] = /^([^=,]*)=(.*)$/.exec(option) ?? [];
    const [logicalSwitch = '', ...words] = rest.split(',').map((word) => word.trim());
    if (namespace === '' || logicalSwitch === '') return refuse('names no namespace and switch');
    if (known.has(namespace)) return refuse(`is the second one for namespace ${namespace}`);
    const given = new Map<Field, string[]>();
    let field: Field | undefined;
    for (const word of words) {
      const [, name, value = ''] = /^(\w+)=(.*)$/.exec(word) ?? [];
      if (name !== undefined)
        field = FIELDS.find((candidate) => candidate === name) ?? refuse(`has an unknown "${name}"`);
      const text = name === undefined ? word : value.trim();
      if (field === undefined) return refuse(`has "${word}" without saying what that is`);
      if (text === '') return refuse(`gives nothing for ${field}`);
      const list = given.get(field) ?? [];
      if (list.length > 0 && TEXTS.some((single) => single === field)) return refuse(`gives several ${field}`);
      given.set(field, [...list, text]);
    }
    const fields = Object.fromEntries([...given].map(([name, list]) => [name, list.length === 1 ? list[0] : list]));
    known.set(namespace, { logicalSwitch, ...(fields as Fields) });
  }
  return known;
}

/** Reads a map by namespace, as the manager's option `subnets` is one. */
function readSubnets(source: ManifestSource): Map<string, NamespaceSubnet> {
  const refuse = (reason: string): never => {
    throw new OvsdbError('File', `the subnets of ${source.file}: ${reason}`);
  };
  const [document, ...others] = parseDocuments(source);
  if (others.length > 0 || !isObject(document)) return refuse('there must be one map, by namespace');
  return new Map(
    Object.entries(document).map(([namespace, given]) => {
      if (!isObject(given)) return refuse(`namespace ${namespace} has ${printValue(given)} instead of a map`);
      const { logicalSwitch, ...fields } = given;
      if (typeof logicalSwitch !== 'string' || logicalSwitch === '') {
        return refuse(`namespace ${namespace} needs logicalSwitch, the name or uuid of its switch`);
      }
      for (const [name, value] of Object.entries(fields)) {
        if (!FIELDS.some((field) => field === name)) return refuse(`namespace ${namespace} has an unknown "${name}"`);
        if (typeof value === 'string') continue;
        const mayBeList = LISTS.some((field) => field === name);
        if (mayBeList && Array.isArray(value) && value.every((item) => typeof item === 'string')) continue;
        const expected = mayBeList ? 'a text or a list of texts' : 'a text';
        return refuse(`${name} of namespace ${namespace} is ${printValue(value)}, not ${expected}`);
      }
      return [namespace, { ...(fields as Fields), logicalSwitch }];
    }),
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
