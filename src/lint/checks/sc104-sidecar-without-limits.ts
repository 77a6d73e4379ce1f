import { at, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { effective, sidecarsOf } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC104',
  name: 'sidecar-without-limits',
  severity: 'warning',
  title: 'A sidecar of Compose has no limits',
  why: 'Without limits a sidecar may take all memory and processor of the machine from the application that it is there to help.',
  mend: 'Write `deploy.resources.limits` with `cpus` and `memory`; Compose heeds them without a swarm, too.',
  bad: `services:
  web:
    image: mycompany/web:2.1
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
    deploy:
      resources:
        limits: { cpus: "0.5", memory: 128M }
`,
  *compose(subject) {
    for (const { name } of sidecarsOf(subject)) {
      const service = effective(subject.document, name)
      const missing = [
        ...(hasLimit(service, 'memory', ['mem_limit']) ? [] : ['memory']),
        ...(hasLimit(service, 'cpus', ['cpus', 'cpu_quota']) ? [] : ['cpus']),
      ]
      if (missing.length === 0) continue
      yield {
        path: placeIn(subject.services[name]!, name),
        message: `the sidecar ${name} has no limit of ${missing.join(' and ')}`,
        hint: 'write deploy.resources.limits',
      }
    }
  },
}

function hasLimit(service: JsonObject, limit: string, legacy: readonly string[]): boolean {
  return (
    at(service, ['deploy', 'resources', 'limits', limit]) !== undefined ||
    legacy.some(key => service[key] !== undefined)
  )
}

function placeIn(service: JsonObject, name: string): readonly string[] {
  const steps = ['deploy', 'resources', 'limits']
  while (steps.length > 0 && at(service, steps) === undefined) steps.pop()
  return ['services', name, ...steps]
}
