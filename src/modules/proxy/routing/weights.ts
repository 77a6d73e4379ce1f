import type { Backend, Rule } from './route.ts'

/** The backend for a random number in [0, 1), by weight; undefined when none takes traffic. */
export function chooseBackend({ backends, totalWeight }: Rule, random: number): Backend | undefined {
  if (totalWeight === 0) return undefined
  if (backends.length === 1) return backends[0]
  let rest = random * totalWeight
  for (const backend of backends) {
    rest -= backend.weight
    if (rest < 0) return backend
  }
  return backends.findLast(({ weight }) => weight > 0)
}
