/** What happens to the cluster: each disturbance begins, lasts, and is taken back. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { ClusterMember, ClusterSandbox } from '../../lib/testing/index.js';
import type { Random } from '../random.js';

/** How often each comes, relative to the others. */
const WEIGHTS = {
  'kill the leader': 5,
  'kill a follower': 2,
  'stop the leader': 2,
  'freeze the leader': 4,
  'freeze a follower': 2,
  'transfer leadership': 4,
  'cut the leader off': 4,
  'cut the leader off, clients too': 3,
  'cut a follower off': 3,
  'cut a follower off, clients too': 2,
  'cut two members apart': 2,
  'cut everybody off': 1,
  'kill everybody': 1,
  'compact one': 2,
  'compact all': 1,
  'compact and kill the leader': 1,
} as const;

/** Name of a kind of disturbance. */
export type Disturbance = keyof typeof WEIGHTS;
export const DISTURBANCES = Object.keys(WEIGHTS) as readonly Disturbance[];

/** The next disturbance, as the seed has it. */
export function chooseDisturbance(random: Random): Disturbance {
  return random.weighted(WEIGHTS);
}

/** Disturbs the cluster for some time, up to `longestMs`; afterwards all members run and reach each other. */
export async function disturb(
  cluster: ClusterSandbox,
  what: Disturbance,
  random: Random,
  longestMs: number,
): Promise<void> {
  const lastMs = random.integer(20, longestMs);
  const leader = await cluster.leader();
  const followers = cluster.members.filter((member) => member !== leader);
  const follower = random.pick(followers);
  const last = async (): Promise<void> => sleep(lastMs);
  switch (what) {
    case 'kill the leader':
      await restart([leader], async () => leader.kill(), last);
      return;
    case 'kill a follower':
      await restart([follower], async () => follower.kill(), last);
      return;
    case 'stop the leader':
      await restart([leader], async () => leader.stop(), last);
      return;
    case 'freeze the leader':
      await freeze(leader, last);
      return;
    case 'freeze a follower':
      await freeze(follower, last);
      return;
    case 'transfer leadership':
      await leader.transferLeadership();
      return;
    case 'cut the leader off':
    case 'cut the leader off, clients too':
      cluster.cut(leader, { clients: what.endsWith('too') });
      break;
    case 'cut a follower off':
    case 'cut a follower off, clients too':
      cluster.cut(follower, { clients: what.endsWith('too') });
      break;
    case 'cut two members apart':
      cluster.cut(follower, { from: [random.chance(0.5) ? leader : random.pick(followers)] });
      break;
    case 'cut everybody off':
      for (const member of cluster.members) cluster.cut(member);
      break;
    case 'kill everybody': {
      const { members } = cluster;
      await restart(members, async () => Promise.all(members.map(async (one) => one.kill())), last);
      return;
    }
    case 'compact one':
      await random.pick(cluster.members).compact();
      return;
    case 'compact all':
      for (const member of cluster.members) await member.compact();
      return;
    case 'compact and kill the leader':
      await leader.compact();
      await restart([leader], async () => leader.kill(), last);
      return;
  }
  await last();
  cluster.heal();
}

async function restart(
  members: readonly ClusterMember[],
  end: () => Promise<unknown>,
  last: () => Promise<void>,
): Promise<void> {
  await end();
  await last();
  await Promise.all(members.map(async (member) => member.start()));
}

async function freeze(member: ClusterMember, last: () => Promise<void>): Promise<void> {
  await member.pause();
  await last();
  member.resume();
}
