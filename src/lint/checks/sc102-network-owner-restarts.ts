import { at, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { effective, isHolder, joinedServices } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC102',
  name: 'network-owner-restarts',
  severity: 'warning',
  title: 'A service shares the network of one that may be restarted',
  why: 'The network belongs to the container that it was made with. When Docker restarts that container by itself, it gets a new one, and those that had joined stay for ever in the old one, without a connection to anything.',
  mend: 'Let a service that does nothing else and never ends hold the network, and let both join it (`compose.mode: pause` of the injector).',
  bad: `services:
  web:
    image: mycompany/web:2.1
    restart: always
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  good: `services:
  network:
    image: registry.k8s.io/pause:3.10
    restart: always
  web:
    image: mycompany/web:2.1
    restart: always
    network_mode: service:network
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:network
`,
  *compose(subject) {
    for (const { name, owner, key } of joinedServices(subject)) {
      if (key !== 'network_mode') continue
      const service = effective(subject.document, owner)
      if (isHolder(service)) continue
      const policy = restartPolicy(service)
      if (policy === undefined) continue
      yield {
        path: ['services', name, 'network_mode'],
        message: `${name} is in the network of ${owner}, which is restarted by itself (${policy}): ${name} would then be left without one`,
        hint: 'let a service of its own hold the network of both',
      }
    }
  },
}

function restartPolicy(service: JsonObject): string | undefined {
  const { restart } = service
  if (typeof restart === 'string') return restart === 'no' ? undefined : `restart: ${restart}`
  const condition = at(service, ['deploy', 'restart_policy', 'condition'])
  return typeof condition === 'string' && condition !== 'none' ? `restart_policy: ${condition}` : undefined
}
