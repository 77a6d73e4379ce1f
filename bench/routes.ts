/** Lookups in a route table of 10,000 rules, against a table of ten: the price of a rule must not be paid by a request. */
import { routeDocument } from '../src/modules/proxy/routing/config.ts'
import { buildRouteTable } from '../src/modules/proxy/routing/table.ts'
import { HeaderList } from '../src/wire/http1/headers.ts'
import { table as text } from './support/table.ts'

const LOOKUPS = 400_000
const ROUNDS = 7

/** Of ten rules one is exact, one asks for a header, the others are prefixes of two elements. */
function tableOf(rules: number) {
  const document = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'bench', namespace: 'shop' },
    spec: {
      parentRefs: [{ kind: 'Service', name: 'checkout' }],
      rules: Array.from({ length: rules }, (_, i) => ({
        matches: [matchOf(i)],
        backendRefs: [{ name: 'checkout', port: 80 }],
      })),
    },
  }
  const decoded = routeDocument.decode(document)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems[0]))
  const { table, problems } = buildRouteTable([decoded.value], { namespace: 'shop' })
  if (problems.length > 0) throw new Error(JSON.stringify(problems[0]))
  return table
}

function matchOf(i: number) {
  if (i % 10 === 0) return { path: { type: 'Exact', value: `/api/v1/items/${i}` } }
  const path = { type: 'PathPrefix', value: `/api/service-${i}` }
  return i % 10 === 1 ? { path, headers: [{ name: 'x-team', value: 'blue' }] } : { path }
}

const headers = new HeaderList(['Host', 'checkout', 'User-Agent', 'bench', 'Accept', '*/*', 'X-Team', 'blue'])

function requestsFor(rules: number, kind: number) {
  return Array.from({ length: 1000 }, (_, n) => {
    const i = ((n * 7919) % (rules / 10)) * 10 + kind
    const path = kind === 0 ? `/api/v1/items/${i}` : `/api/service-${i}/orders/42`
    return { method: 'GET', path, search: '', host: 'checkout', port: 80, headers, peer: { address: 'unix' } }
  })
}

const kinds = ['exact path', 'prefix and header', 'prefix', 'no match'] as const

function measure(rules: number): number[] {
  const routes = tableOf(rules)
  return kinds.map((_, kind) => {
    const requests = requestsFor(rules, kind)
    if (kind === 3) for (const request of requests) request.path = '/nowhere/in/the/table'
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < ROUNDS; round++) {
      let found = 0
      const begin = process.hrtime.bigint()
      for (let n = 0; n < LOOKUPS; n++) if (routes.find(requests[n % 1000]!) !== undefined) found++
      best = Math.min(best, Number(process.hrtime.bigint() - begin) / LOOKUPS)
      if (found !== (kind === 3 ? 0 : LOOKUPS)) throw new Error(`${found} of ${LOOKUPS} lookups found a rule`)
    }
    return best
  })
}

const sizes = [10, 1000, 10_000]
const results = sizes.map(measure)
const rows = kinds.map((kind, i) => [kind, ...results.map(result => result[i]!.toFixed(0))])
console.log(`\nns per lookup, best of ${ROUNDS} rounds\n`)
console.log(text(['request', ...sizes.map(size => `${size} rules`)], rows))
