import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC019',
  name: 'shared-process-namespace',
  severity: 'info',
  title: 'The containers of a pod see and may signal each other’s processes',
  why: 'With shareProcessNamespace a sidecar sees the command lines and, as the same user, the environment and the files of the application through /proc, and may kill it. Few sidecars need that: those that send signals after a secret has changed do.',
  mend: 'Remove shareProcessNamespace, or waive this with the reason.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  shareProcessNamespace: true
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
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
`,
  *pod({ template, sidecars, path }) {
    if (sidecars.length === 0 || at(template, ['spec', 'shareProcessNamespace']) !== true) return
    yield {
      path: path('spec', 'shareProcessNamespace'),
      message: `${sidecars.map(({ name }) => name).join(', ')} may look into the processes of the application`,
      hint: 'remove it if no sidecar sends signals',
    }
  },
}
