import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'

const NOT_FOR_INIT = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'] as const

export const check: Check = {
  id: 'SC010',
  name: 'probe-on-init-container',
  severity: 'error',
  title: 'An init container that ends has probes or a life cycle',
  why: 'The API server refuses it: probes and lifecycle may not be set for init containers without restartPolicy Always. Often restartPolicy was forgotten, or an old webhook has dropped it; the container then never ends, and the pod stays in Init.',
  mend: 'Add restartPolicy: Always if it is a sidecar, else remove the probe.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: envoy
      image: envoyproxy/envoy:v1.34.1
      startupProbe: { httpGet: { path: /ready, port: 9901 } }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: envoy
      image: envoyproxy/envoy:v1.34.1
      restartPolicy: Always
      startupProbe: { httpGet: { path: /ready, port: 9901 } }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ containers, path, world }) {
    for (const { name, role, container, path: place } of containers)
      if (role === 'init')
        for (const key of NOT_FOR_INIT)
          if (container[key] !== undefined)
            yield {
              path: path(...place, key),
              message: `the init container ${name} has ${key}, which only a native sidecar may have`,
              hint: 'add restartPolicy: Always if it is a sidecar, else remove this',
              // One that is to end would never do so any more.
              ...(container['restartPolicy'] === undefined &&
                recognise(container, world.catalogue) !== undefined && {
                  fix: [{ op: 'add', path: path(...place, 'restartPolicy'), value: 'Always' } as const],
                }),
            }
  },
}
