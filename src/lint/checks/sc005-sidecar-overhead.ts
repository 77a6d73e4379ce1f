import { type Amounts, add, requestsOf } from '../../manifests/pod-resources.ts'
import type { Check } from '../check.ts'

/** Beside a small application every sidecar is large; so little is not worth a word. */
const SMALL = { cpu: 0.05, memory: 64 * 2 ** 20 } as const

export const check: Check = {
  id: 'SC005',
  name: 'sidecar-overhead',
  severity: 'warning',
  title: 'The sidecars ask for much beside what the application asks for',
  why: 'What is requested is reserved on a node and paid for, used or not. Sidecars that ask for as much as the application double the bill of the workload. Up to 50m and 64Mi nothing is said.',
  mend: 'Measure what the sidecars take and ask for that, join them, or use a DaemonSet. `outrigger overhead` shows the money.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 100m, memory: 256Mi } } }
    - { name: istio-proxy, image: istio/proxyv2:1.25.0, resources: { requests: { cpu: 100m, memory: 128Mi } } }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 500m, memory: 512Mi } } }
    - { name: istio-proxy, image: istio/proxyv2:1.25.0, resources: { requests: { cpu: 100m, memory: 128Mi } } }
`,
  *pod({ apps, sidecars, path, world }) {
    const sum = (list: typeof apps) => list.map(requestsOf).reduce<Amounts>(add, {})
    const [own, beside] = [sum(apps), sum(sidecars)]
    const { maxOverheadPercent } = world.settings
    for (const resource of ['cpu', 'memory'] as const) {
      const [app = 0, sidecar = 0] = [own[resource], beside[resource]]
      const percent = Math.round((sidecar / app) * 100)
      // An application that asks for nothing is no measure.
      if (app > 0 && sidecar > SMALL[resource] && percent > maxOverheadPercent)
        yield {
          path: path(...sidecars[0]!.path),
          message: `${sidecars.length === 1 ? `the sidecar ${sidecars[0]!.name} asks` : `${sidecars.length} sidecars ask`} for ${percent} % of the ${resource} that the application asks for (more than ${maxOverheadPercent} %)`,
          hint: 'measure what is used and ask for that, or join the sidecars',
        }
    }
  },
}
