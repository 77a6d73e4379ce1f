import { type Mount, mountsOf } from '../../injection/compose/mounts.ts'
import { isObject } from '../../manifests/json.ts'
import type { Check, Fix } from '../check.ts'
import { effective, sidecarsOf } from '../compose-sidecars.ts'

export const check: Check = {
  id: 'SC108',
  name: 'logs-mounted-writable',
  severity: 'warning',
  title: 'A sidecar that reads logs may write to them',
  why: 'What only reads a folder should not be able to change it: a mistake in its configuration, or whoever breaks into it, could alter or remove the records of the application.',
  mend: 'Mount the volume read-only in the sidecar: `logs:/var/log/app:ro`, or `read_only: true`; what the sidecar writes itself goes to a volume of its own.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    volumes: ["logs:/var/log/app"]
  fluent-bit:
    image: fluent/fluent-bit:4.0.3
    volumes: ["logs:/var/log/app"]
volumes: { logs: {} }
`,
  good: `services:
  web:
    image: mycompany/web:2.1
    volumes: ["logs:/var/log/app"]
  fluent-bit:
    image: fluent/fluent-bit:4.0.3
    volumes: ["logs:/var/log/app:ro", "positions:/fluent-bit/db"]
volumes: { logs: {}, positions: {} }
`,
  *compose(subject) {
    const { document, services } = subject
    for (const { name, known } of sidecarsOf(subject)) {
      if (known?.does !== 'logs' && known?.name !== 'outrigger') continue
      const others = Object.keys(services)
        .filter(other => other !== name)
        .flatMap(other => mountsOf(effective(document, other)).map(mount => ({ other, mount })))
      const written = services[name]!['volumes']
      for (const mount of mountsOf({ volumes: written ?? null })) {
        if (mount.readOnly || mount.source === undefined) continue
        const shared = others.find(each => each.mount.source === mount.source && !each.mount.readOnly)
        if (shared === undefined || !Array.isArray(written)) continue
        const path = ['services', name, 'volumes', written.indexOf(mount.value)]
        const fix = fixOf(mount, path)
        yield {
          path,
          message: `${name} mounts ${mount.source}, where ${shared.other} writes, at ${mount.target} and may write to it`,
          hint: 'mount it read-only',
          ...(fix !== undefined && { fix }),
        }
      }
    }
  },
}

function fixOf({ value, target }: Mount, path: readonly (string | number)[]): readonly Fix[] | undefined {
  if (isObject(value))
    return [
      {
        op: value['read_only'] === undefined ? 'add' : 'replace',
        path: [...path, 'read_only'],
        value: true,
      } as const,
    ]
  const text = String(value)
  return text.endsWith(`:${target}`) ? [{ op: 'replace', path, value: `${text}:ro` }] : undefined
}
