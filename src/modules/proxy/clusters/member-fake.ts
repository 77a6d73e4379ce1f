import { type EndpointSpec, Member } from './member.ts'

/** Random numbers that are the same in every run (mulberry32). */
export function seededRandom(seed = 1): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Members 10.0.0.1:80, 10.0.0.2:80 … with these weights. */
export function membersOf(weights: readonly number[], more: Partial<EndpointSpec> = {}): Member[] {
  return weights.map((weight, index) => {
    const host = `10.0.${index >> 8}.${(index & 255) + 1}`
    return new Member({ host, port: 80, weight, ...more }, 0, false)
  })
}

/** How often each member is picked, in their order. */
export function tally(
  members: readonly Member[],
  picks: number,
  pick: (call: number) => Member | undefined,
): number[] {
  const counts = new Map<Member | undefined, number>()
  for (let call = 0; call < picks; call++) {
    const member = pick(call)
    counts.set(member, (counts.get(member) ?? 0) + 1)
  }
  return members.map(member => counts.get(member) ?? 0)
}
