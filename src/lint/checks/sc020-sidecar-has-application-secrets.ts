import { at, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import type { PodContainer } from '../../manifests/workload.ts'
import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'
import { mountsOf, volumesOf } from '../volumes.ts'

export const check: Check = {
  id: 'SC020',
  name: 'sidecar-has-application-secrets',
  severity: 'warning',
  title: 'A sidecar has secrets of the application',
  why: 'A sidecar that ships logs or counts requests needs no password of the application: whoever breaks into it would have that, too.',
  mend: 'Remove the mount or the variable from the sidecar, or give it a Secret of its own.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, envFrom: [{ secretRef: { name: web-database } }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, envFrom: [{ secretRef: { name: web-database } }] }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, envFrom: [{ secretRef: { name: web-database } }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, envFrom: [{ secretRef: { name: elasticsearch } }] }
`,
  *pod({ template, apps, sidecars, path, world }) {
    const ofApps = new Set(apps.flatMap(app => secretsOf(app, template)).map(({ secret }) => secret))
    for (const sidecar of sidecars) {
      const does = recognise(sidecar.container, world.catalogue)?.does
      // These are there to have them.
      if (does === 'secrets' || does === 'database' || does === 'auth') continue
      for (const { secret, path: place } of secretsOf(sidecar, template))
        if (ofApps.has(secret))
          yield {
            path: path(...place),
            message: `the sidecar ${sidecar.name} has the Secret ${secret} of the application`,
            hint: 'give it one of its own, with what it needs',
          }
    }
  },
}

function secretsOf(container: PodContainer, template: JsonObject): { secret: string; path: Path }[] {
  const found: { secret: string; path: Path }[] = []
  const add = (name: Json | undefined, path: Path) => {
    if (typeof name === 'string') found.push({ secret: name, path })
  }
  const list = (key: string, name: Path) => {
    const items = container.container[key]
    if (!Array.isArray(items)) return
    for (const [index, item] of items.entries()) add(at(item as Json, name), [...container.path, key, index])
  }
  list('envFrom', ['secretRef', 'name'])
  list('env', ['valueFrom', 'secretKeyRef', 'name'])
  const volumes = volumesOf(template)
  for (const { volume: mounted, path } of mountsOf(container)) {
    const volume = volumes.find(({ name }) => name === mounted)?.volume
    add(at(volume, ['secret', 'secretName']), path)
    const sources = at(volume, ['projected', 'sources'])
    if (Array.isArray(sources)) for (const source of sources) add(at(source, ['secret', 'name']), path)
  }
  return found
}
