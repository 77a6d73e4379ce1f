import type { Member } from '../member.ts'
import type { Foresight } from './foresight.ts'

/** What all ways of balancing stand on. */
export interface BalancingWorld {
  /** At least 0, below 1. */
  readonly random: () => number
  /** Length of slow start; 0: there is none. */
  readonly slowStartMs: number
}

/**
 * Chooses among members that may all be used: health, zones and weight 0 were sorted out before. Made anew when the
 * set changes; load and latency live in the members and so outlast it.
 */
export interface Balancer {
  readonly members: readonly Member[]
  /**
   * Allocates nothing. There is at least one member. `hash` is a 32-bit number; `attempt` counts from 0 and makes
   * ways that go by the hash alone give another member than for the attempt before, when there is one.
   */
  pick(nowMs: number, hash: number, attempt: number): Member
  /** Where `pick` would go now, first attempt; without a hash where it goes over all of them. Changes nothing. */
  foresee(nowMs: number, hash: number | undefined): Foresight
}

/** Traffic share of a warming member never falls below this, or it would never warm up. */
const MIN_RAMP = 0.1

/** Slow start as a factor of the weight: grows in a straight line over the window. */
export function ramp(member: Member, nowMs: number, slowStartMs: number): number {
  if (!member.warming) return 1
  const factor = rampNow(member, nowMs, slowStartMs)
  if (factor === 1) member.warming = false
  return factor
}

/** The same, for those who only look. */
export function rampNow(member: Member, nowMs: number, slowStartMs: number): number {
  if (!member.warming) return 1
  const share = slowStartMs > 0 ? (nowMs - member.startedMs) / slowStartMs : 1
  return share < 1 ? Math.max(MIN_RAMP, share) : 1
}
