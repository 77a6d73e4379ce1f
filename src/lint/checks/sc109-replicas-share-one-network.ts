import { replicasOf } from '../../injection/compose/project.ts'
import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { effective, joinedServices } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC109',
  name: 'replicas-share-one-network',
  severity: 'error',
  title: 'A service with several containers shares a namespace as if it had one',
  why: '`service:web` joins one container of `web`. The others have no sidecar, and nothing says so; several containers of the sidecar itself listen on the same ports of one network.',
  mend: 'Make a service for each (web-1, web-2 with a sidecar each), or let the sidecar be reached by name from its own network.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    deploy: { replicas: 3 }
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  good: `services:
  web:
    image: mycompany/web:2.1
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  *compose(subject) {
    const { document, services } = subject
    for (const { name, owner, key } of joinedServices(subject)) {
      for (const [which, count] of [
        [owner, replicasOf(effective(document, owner))],
        [name, replicasOf(effective(document, name))],
      ] as const) {
        if (count <= 1) continue
        const place = at(services[which]!, ['scale']) === undefined ? ['deploy', 'replicas'] : ['scale']
        const written = at(services[which]!, place) !== undefined
        yield {
          path: ['services', which, ...(written ? place : [])],
          message:
            which === owner
              ? `${owner} has ${count} containers, and ${name} joins one of them (${key}: service:${owner})`
              : `${name} has ${count} containers, which all join the same one of ${owner} (${key}: service:${owner})`,
        }
      }
    }
  },
}
