import { circles, type Edge, startOrder } from '../../injection/compose/start-order.ts'
import type { Check, Fix } from '../check.ts'

export const check: Check = {
  id: 'SC101',
  name: 'start-circle',
  severity: 'error',
  title: 'Services wait for each other in a circle',
  why: 'A service with `network_mode: service:web` is started after `web`, as one with `volumes_from` or `links` is. When `web` waits for it in turn, Compose refuses the whole file: dependency cycle detected.',
  mend: 'Let the application not wait for a sidecar in its own network, or put a service between them that holds the network of both (`compose.mode: pause` of the injector).',
  bad: `services:
  web:
    image: mycompany/web:2.1
    depends_on:
      proxy: { condition: service_healthy }
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
    healthcheck: { test: [CMD, envoy-ready] }
`,
  good: `services:
  network:
    image: registry.k8s.io/pause:3.10
    ports: ["8080:8080"]
  web:
    image: mycompany/web:2.1
    network_mode: service:network
    depends_on:
      proxy: { condition: service_healthy }
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:network
    healthcheck: { test: [CMD, envoy-ready] }
`,
  *compose({ document }) {
    for (const circle of circles(startOrder(document))) {
      const edge = circle.find(({ key }) => key === 'depends_on') ?? circle[0]!
      const fix = fixOf(circle)
      yield {
        path: edge.path,
        message: `${[...circle.map(({ from }) => from), circle[0]!.from].join(' → ')}: ${circle.map(tell).join(', ')}`,
        hint: 'take one of them away',
        ...(fix !== undefined && { fix }),
      }
    }
  },
}

function tell({ from, to, key }: Edge): string {
  return `${from} waits for ${to} (${key})`
}

/** Whose network is shared cannot wait: of two that wait for each other, that is the word that means nothing. */
function fixOf(circle: readonly Edge[]): readonly Fix[] | undefined {
  const waits = circle.filter(({ key }) => key === 'depends_on')
  const [only, ...others] = waits
  if (only === undefined || others.length > 0 || only.path.length < 4) return undefined
  return [{ op: 'remove', path: only.path }]
}
