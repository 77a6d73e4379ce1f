import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC001',
  name: 'too-many-sidecars',
  severity: 'warning',
  title: 'A pod has too many sidecars',
  why: 'Every sidecar is paid for on every pod: memory, processor, start, updates, one more thing that fails. More than two or three are a sign that one with several functions, a DaemonSet or a service would do better.',
  mend: 'Join their functions in one sidecar (`outrigger.dev/inject: "logs,proxy"` is one container), or move what is not of this pod to a DaemonSet.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
    - { name: daprd, image: daprio/daprd:1.15.4 }
    - { name: vault-agent, image: hashicorp/vault:1.19.0 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: outrigger, image: outrigger/outrigger:0.1.0, restartPolicy: Always }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ sidecars, path, world }) {
    const { maxSidecars } = world.settings
    if (sidecars.length < maxSidecars) return
    const names = sidecars.map(({ name }) => name).join(', ')
    yield {
      path: path(...sidecars[maxSidecars - 1]!.path),
      message: `${sidecars.length} sidecars: ${names}`,
      severity: sidecars.length > maxSidecars ? 'error' : 'warning',
      hint: 'join their functions in one, or move what is not of this pod to a DaemonSet',
    }
  },
}
