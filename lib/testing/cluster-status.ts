/** What a member says of itself and its cluster: the answer to `cluster/status`, see ovsdb-server(1). */

/** One member's own view; views differ while the cluster changes. */
export interface ClusterStatus {
  /** `cluster member`, `disconnected from the cluster (REASON)`, `joining cluster`, `leaving cluster`, `left cluster`, ... */
  readonly status: string;
  readonly role: 'leader' | 'follower' | 'candidate';
  readonly term: number;
  /** Name of the member that it takes for the leader; undefined when it knows of none. */
  readonly leader: string | undefined;
  /** Names of the members of the cluster, itself included; empty while it joins. */
  readonly servers: readonly string[];
  /** Undefined until it has joined. */
  readonly clusterId: string | undefined;
  readonly serverId: string;
}

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** Reads the text of a member whose raft address is `unix:NAME`. Undefined when it is not such a text. */
export function parseClusterStatus(text: string): ClusterStatus | undefined {
  const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
  const id = (name: string): string | undefined => new RegExp(`\\((${UUID})\\)`).exec(field(name) ?? '')?.[1];
  const status = field('Status');
  const role = field('Role');
  const serverId = id('Server ID');
  const self = nameOf(field('Address') ?? '');
  if (status === undefined || serverId === undefined || self === undefined || !isRole(role)) return undefined;
  // `    s1 (1f8f at unix:s1) (self) ...`: the nickname in front is what "Leader" uses.
  const servers = [...text.matchAll(/^ {4}(\S+) \([0-9a-f]+ at (\S+)\)/gm)].map(
    ([, nickname, address = '']) => [nickname, nameOf(address)] as const,
  );
  const leader = field('Leader');
  return {
    status,
    role,
    term: Number(field('Term')),
    leader: leader === 'self' ? self : servers.find(([nickname]) => nickname === leader)?.[1],
    servers: servers.flatMap(([, name]) => name ?? []).sort(),
    clusterId: id('Cluster ID'),
    serverId,
  };
}

function nameOf(address: string): string | undefined {
  return /^unix:(.+)$/.exec(address)?.[1];
}

function isRole(role: string | undefined): role is ClusterStatus['role'] {
  return role === 'leader' || role === 'follower' || role === 'candidate';
}
