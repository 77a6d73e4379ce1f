import type { Member } from '../member.ts'
import type { Balancer, BalancingWorld } from './balancer.ts'
import { LeastRequest } from './least-request.ts'
import { Maglev } from './maglev.ts'
import { PeakEwma } from './peak-ewma.ts'
import { RandomChoice } from './random.ts'
import { RingHash } from './ring-hash.ts'
import { RoundRobin } from './round-robin.ts'

export const BALANCINGS = [
  'peak_ewma',
  'least_request',
  'round_robin',
  'ring_hash',
  'maglev',
  'random',
] as const
export type Balancing = (typeof BALANCINGS)[number]

/** Whether the same hash is to meet the same endpoint. */
export function goesByHash(balancing: Balancing): boolean {
  return balancing === 'ring_hash' || balancing === 'maglev'
}

/** There must be at least one member, and none of weight 0. */
export function createBalancer(
  balancing: Balancing,
  members: readonly Member[],
  world: BalancingWorld,
): Balancer {
  switch (balancing) {
    case 'peak_ewma':
      return new PeakEwma(members, world)
    case 'least_request':
      return new LeastRequest(members, world)
    case 'round_robin':
      return new RoundRobin(members, world)
    case 'ring_hash':
      return new RingHash(members)
    case 'maglev':
      return new Maglev(members)
    case 'random':
      return new RandomChoice(members, world)
  }
}
