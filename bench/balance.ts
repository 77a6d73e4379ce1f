/** What one choice of an endpoint costs, by way of balancing and number of endpoints. */
import { BALANCINGS, createBalancer } from '../src/modules/proxy/clusters/balancing/create.ts'
import { mixed } from '../src/modules/proxy/clusters/hash.ts'
import { membersOf, seededRandom } from '../src/modules/proxy/clusters/member-fake.ts'

const COUNTS = [3, 100, 1000]
const PICKS = 200_000
const ROUNDS = 7

const cases = BALANCINGS.flatMap(balancing =>
  COUNTS.map(count => {
    const members = membersOf(Array.from({ length: count }, (_, index) => 1 + (index % 3)))
    const balancer = createBalancer(balancing, members, { random: seededRandom(), slowStartMs: 0 })
    return { balancing, count, balancer, bestNs: Number.POSITIVE_INFINITY }
  }),
)
let used = 0
for (let round = 0; round < ROUNDS; round++) {
  for (const one of cases) {
    const begin = process.hrtime.bigint()
    for (let call = 0; call < PICKS; call++) used += one.balancer.pick(call, mixed(call), 0).weight
    one.bestNs = Math.min(one.bestNs, Number(process.hrtime.bigint() - begin) / PICKS)
  }
}

console.log(`\nns per pick, best of ${ROUNDS} rounds of ${PICKS} picks, weights 1 to 3; checksum ${used}\n`)
console.log(`${'endpoints'.padEnd(16)}${COUNTS.map(count => String(count).padStart(8)).join('')}`)
for (const balancing of BALANCINGS) {
  const row = cases.filter(one => one.balancing === balancing)
  console.log(`${balancing.padEnd(16)}${row.map(({ bestNs }) => bestNs.toFixed(0).padStart(8)).join('')}`)
}
