import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC030',
  name: 'writable-root',
  severity: 'info',
  title: 'A sidecar may write to its root file system',
  why: 'What a sidecar writes outside of volumes is lost with it, counts against the disk of the node, and is the first thing that somebody who broke in needs.',
  mend: 'Set readOnlyRootFilesystem: true, with an emptyDir where it has to write.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, securityContext: { readOnlyRootFilesystem: true } }
`,
  *pod({ sidecars, path }) {
    for (const { name, container, path: place } of sidecars)
      if (at(container, ['securityContext', 'readOnlyRootFilesystem']) !== true)
        yield {
          path: path(...place, ...(container['securityContext'] === undefined ? [] : ['securityContext'])),
          message: `the sidecar ${name} may write to its root file system`,
          hint: 'set securityContext.readOnlyRootFilesystem: true',
        }
  },
}
