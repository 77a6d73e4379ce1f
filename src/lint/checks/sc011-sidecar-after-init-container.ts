import { readStatus } from '../../injection/kubernetes/status.ts'
import { at, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'

/** What init containers need while they run. */
const NEEDED_EARLY = new Set(['proxy', 'secrets', 'database', 'runtime'])

export const check: Check = {
  id: 'SC011',
  name: 'sidecar-after-init-container',
  severity: 'warning',
  title: 'A sidecar starts after an init container that may need it',
  why: 'Init containers and native sidecars start in the order of their list. A migration that runs before the proxy, the database proxy or the secrets are there has no network, no database or no password.',
  mend: 'Put the native sidecar first in initContainers.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: migrate, image: mycompany/web:2.1, command: [migrate] }
    - { name: cloud-sql-proxy, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.15.2, restartPolicy: Always }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: cloud-sql-proxy, image: gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.15.2, restartPolicy: Always }
    - { name: migrate, image: mycompany/web:2.1, command: [migrate] }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ template, containers, apps, path, world }) {
    const injected = injectedEntries(template)
    const images = new Set(apps.map(({ container }) => container['image']))
    const early = containers.filter(({ role }) => role !== 'app')
    for (const [index, { name, role, container, path: place }] of early.entries()) {
      const known = role === 'sidecar' ? recognise(container, world.catalogue) : undefined
      if (known?.does === undefined || !NEEDED_EARLY.has(known.does)) continue
      // The injector knows what it is to do: one that only ships logs starts late on purpose.
      if (injected.has(known.name)) continue
      // What sets the network up or copies files needs no sidecar; the application's own image mostly does.
      const before = early
        .slice(0, index)
        .find(each => each.role === 'init' && images.has(each.container['image']))
      if (before !== undefined)
        yield {
          path: path(...place),
          message: `${before.name} runs before the sidecar ${name} is there`,
          hint: `put ${name} first in initContainers`,
        }
    }
  },
}

function injectedEntries(template: JsonObject): ReadonlySet<string> {
  const read = readStatus(at(template, ['metadata', 'annotations', 'outrigger.dev/status']))
  return new Set(read.kind === 'status' ? read.status.entries.map(({ name }) => name) : [])
}
