/**
 * Members of a StatefulSet may swap addresses: a port that moves gives up its address to another one of the same
 * transaction. Only a port that is sure to move may do so; one that cannot move keeps its address, which may keep the
 * next one from moving, and so on.
 */
import { ipsOf, type IpPair } from '../managed-port.js';
import type { PlanView } from './pod-plan.js';

/** A kept port that is to get other addresses. */
export interface Move {
  readonly have: IpPair;
  readonly want: IpPair;
}

/**
 * Names of the ports that can move, all of them together. `wanted` lists what every pod of the plan is to have, moving
 * or not, in sequence: where two want the same address, the first one may have it. Takes time in proportion to the
 * plan.
 */
export function movablePorts(
  moves: ReadonlyMap<string, Move>,
  wanted: Iterable<readonly [port: string, want: IpPair]>,
  view: Pick<PlanView, 'holder' | 'routerPort'>,
): ReadonlySet<string> {
  const movable = new Set(moves.keys());
  if (movable.size === 0) return movable;
  const firstWanter = new Map<string, string>();
  for (const [port, want] of wanted) {
    for (const ip of ipsOf(want)) if (!firstWanter.has(ip)) firstWanter.set(ip, port);
  }
  const wanters = new Map<string, string[]>();
  const stuck: string[] = [];
  for (const [port, { want }] of moves) {
    const ips = ipsOf(want);
    for (const ip of ips) wanters.set(ip, [...(wanters.get(ip) ?? []), port]);
    const isBlocked = (ip: string): boolean =>
      firstWanter.get(ip) !== port ||
      view.routerPort(ip) !== undefined ||
      view.holder(ip, (holder) => moves.has(holder)) !== undefined;
    if (ips.some(isBlocked)) stuck.push(port);
  }
  for (let port = stuck.pop(); port !== undefined; port = stuck.pop()) {
    const move = moves.get(port);
    if (!movable.delete(port) || move === undefined) continue;
    for (const ip of ipsOf(move.have)) stuck.push(...(wanters.get(ip) ?? []).filter((other) => other !== port));
  }
  return movable;
}
