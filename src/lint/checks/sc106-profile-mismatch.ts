import { listOf } from '../../injection/compose/project.ts'
import { type Edge, startOrder } from '../../injection/compose/start-order.ts'
import { at, type JsonObject } from '../../manifests/json.ts'
import type { Check, Fix } from '../check.ts'
import { effective, sidecarsOf } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC106',
  name: 'profile-mismatch',
  severity: 'error',
  title: 'A service needs one that is not enabled with it',
  why: 'A service with `profiles` is there only when one of them is enabled. Compose refuses the file when a service that is there depends on one that is not: a sidecar and its application must have the same profiles.',
  mend: 'Give both the same `profiles`, or none.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    profiles: [shop]
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  good: `services:
  web:
    image: mycompany/web:2.1
    profiles: [shop]
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
    profiles: [shop]
`,
  *compose(subject) {
    const { document, services } = subject
    const sidecars = new Set(sidecarsOf(subject).map(({ name }) => name))
    const told = new Set<string>()
    for (const edge of startOrder(document)) {
      const { from, to, path } = edge
      const pair = `${from}\0${to}`
      if (told.has(pair) || !Object.hasOwn(services, to) || isOptional(services[from]!, to)) continue
      const [needing, needed] = [from, to].map(name => profilesOf(effective(document, name)))
      if (areCovered(needing!, needed!)) continue
      told.add(pair)
      const without = needing!.filter(profile => !needed!.includes(profile))
      const fix = fixOf(edge, sidecars, services, needing!, needed!)
      yield {
        path,
        message: `${from} needs ${to} (${edge.key}), which is not there ${
          without.length === 0
            ? 'unless a profile is enabled'
            : `when only the profile ${without[0]} is enabled`
        }`,
        hint: `give both the same profiles`,
        ...(fix !== undefined && { fix }),
      }
    }
  },
}

function profilesOf(service: JsonObject): readonly string[] {
  return listOf(service['profiles']).filter(profile => typeof profile === 'string')
}

/** Whatever enables the one enables the other. */
function areCovered(needing: readonly string[], needed: readonly string[]): boolean {
  if (needed.length === 0) return true
  return needing.length > 0 && needing.every(profile => needed.includes(profile))
}

function isOptional(service: JsonObject, on: string): boolean {
  return at(service, ['depends_on', on, 'required']) === false
}

/** A sidecar goes with its application, whichever of them needs the other. */
function fixOf(
  { from, to }: Edge,
  sidecars: ReadonlySet<string>,
  services: Readonly<Record<string, JsonObject>>,
  needing: readonly string[],
  needed: readonly string[],
): readonly Fix[] | undefined {
  if (sidecars.has(from) === sidecars.has(to)) return undefined
  const [sidecar, wanted] = sidecars.has(from) ? [from, needed] : [to, needing]
  const path = ['services', sidecar, 'profiles']
  const has = services[sidecar]!['profiles'] !== undefined
  if (wanted.length === 0) return has ? [{ op: 'remove', path }] : undefined
  return [{ op: has ? 'replace' : 'add', path, value: [...wanted] }]
}
