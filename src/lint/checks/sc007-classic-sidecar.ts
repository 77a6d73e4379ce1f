import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC007',
  name: 'classic-sidecar',
  severity: 'info',
  title: 'A sidecar stands among the containers of the application',
  why: 'Containers start in no order and end together, so the application may run without its sidecar at both ends: the first requests fail, the last log lines are lost. Native sidecars start before the application and end after it (Kubernetes 1.29, stable in 1.33).',
  mend: 'Move the sidecar to initContainers with restartPolicy: Always, and give it a startupProbe.',
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
  initContainers:
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, restartPolicy: Always }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ workload, sidecars, template, path, world }) {
    const { minor, major } = world.kubernetes
    // Of Jobs SC006 tells more.
    if ((major === 1 && minor < 29) || workload.kind === 'Job' || workload.kind === 'CronJob') return
    const hasInit = Array.isArray(at(template, ['spec', 'initContainers']))
    for (const { name, role, container, path: place } of sidecars)
      if (role === 'app')
        yield {
          path: path(...place),
          message: `the sidecar ${name} is an ordinary container: it starts and ends with the application, in no order`,
          hint: 'move it to initContainers, with restartPolicy: Always',
          fix: [
            { op: 'remove', path: path(...place) },
            hasInit
              ? {
                  op: 'add',
                  path: path('spec', 'initContainers', '-'),
                  value: { ...container, restartPolicy: 'Always' },
                }
              : {
                  op: 'add',
                  path: path('spec', 'initContainers'),
                  value: [{ ...container, restartPolicy: 'Always' }],
                },
          ],
        }
  },
}
