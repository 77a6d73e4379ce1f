import { at, isObject, type Json, type Path } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC017',
  name: 'port-collision',
  severity: 'error',
  title: 'Two containers of a pod listen on one port',
  why: 'The containers of a pod share one network: the second to bind a port fails with "address already in use". With hostNetwork the port is one of the node, which other pods use too.',
  mend: 'Move one of them to another port.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, ports: [{ containerPort: 8080 }] }
  containers:
    - { name: web, image: mycompany/web:2.1, ports: [{ containerPort: 8080 }] }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, ports: [{ containerPort: 9901 }] }
  containers:
    - { name: web, image: mycompany/web:2.1, ports: [{ containerPort: 8080 }] }
`,
  *pod({ workload, containers, template, sidecars, path }) {
    const lasting = containers.filter(({ role }) => role !== 'init')
    const first = new Map<string, string>()
    // The application has the elder right, wherever it stands.
    const order = [
      ...lasting.filter(({ role }) => role === 'app'),
      ...lasting.filter(({ role }) => role !== 'app'),
    ]
    const isHost = at(template, ['spec', 'hostNetwork']) === true
    for (const each of order)
      for (const { port, protocol, place } of portsOf(each.container['ports'])) {
        const key = `${port}/${protocol}`
        const other = first.get(key)
        if (other === undefined) first.set(key, each.name)
        else if (other !== each.name)
          yield {
            path: path(...each.path, 'ports', ...place),
            message: `${each.name} and ${other} both listen on port ${port}`,
            hint: 'move one of them to another port',
          }
        if (isHost && sidecars.includes(each))
          yield {
            path: path(...each.path, 'ports', ...place),
            // Of a DaemonSet a node has one pod.
            severity: workload.kind === 'DaemonSet' ? 'info' : 'warning',
            message: `with hostNetwork port ${port} of the sidecar ${each.name} is one of the node: a second pod with it cannot start there`,
            hint: 'leave hostNetwork, or give each such workload ports of its own',
          }
      }
  },
}

function portsOf(ports: Json | undefined): { port: number; protocol: string; place: Path }[] {
  if (!Array.isArray(ports)) return []
  return ports.flatMap((each: Json, index) => {
    if (!isObject(each) || typeof each['containerPort'] !== 'number') return []
    const { containerPort: port, protocol = 'TCP' } = each
    return [{ port, protocol: String(protocol), place: [index, 'containerPort'] }]
  })
}
