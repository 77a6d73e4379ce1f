import { FIELDS_OF_NETWORK } from '../../injection/compose/network.ts'
import { listOf } from '../../injection/compose/project.ts'
import type { Json, JsonObject } from '../../manifests/json.ts'
import type { Check, Fix } from '../check.ts'
import { joinedServices } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC105',
  name: 'ports-on-joined-service',
  severity: 'error',
  title: 'A service in the network of another has network settings of its own',
  why: 'Ports, names, hosts and networks belong to the container that the network was made with. Docker refuses to create one that joins it and brings its own: conflicting options.',
  mend: 'Write them at the service whose network it is; its ports are published there for all that join.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    ports: ["8080:8080"]
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
    ports: ["9901:9901"]
`,
  good: `services:
  web:
    image: mycompany/web:2.1
    ports: ["8080:8080", "9901:9901"]
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  *compose(subject) {
    for (const { name, owner, key } of joinedServices(subject)) {
      if (key !== 'network_mode') continue
      const service = subject.services[name]!
      for (const field of FIELDS_OF_NETWORK) {
        const value = service[field]
        if (field === 'network_mode' || value === undefined || value === null) continue
        const fix = fixOf(name, owner, subject.services[owner]!, field, value)
        yield {
          path: ['services', name, field],
          message: `${name} is in the network of ${owner}, so it cannot have ${field} of its own`,
          hint: `write it at ${owner}`,
          ...(fix !== undefined && { fix }),
        }
      }
    }
  },
}

/** Ports can be moved as they are; what the others were meant to do there is not known. */
function fixOf(
  name: string,
  owner: string,
  target: JsonObject,
  field: string,
  value: Json,
): readonly Fix[] | undefined {
  const there = target[field]
  const isList = there === undefined || there === null || Array.isArray(there)
  if ((field !== 'ports' && field !== 'expose') || !isList) return undefined
  const path = ['services', owner, field]
  const moved = listOf(value)
  return [
    { op: 'remove', path: ['services', name, field] },
    ...(Array.isArray(there)
      ? moved.map((port, index): Fix => ({ op: 'add', path: [...path, there.length + index], value: port }))
      : [{ op: there === null ? 'replace' : 'add', path, value: moved } as const]),
  ]
}
