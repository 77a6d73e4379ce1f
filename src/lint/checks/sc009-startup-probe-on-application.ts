import { at, isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

const HANDLERS = ['httpGet', 'tcpSocket', 'grpc'] as const

export const check: Check = {
  id: 'SC009',
  name: 'startup-probe-on-application',
  severity: 'error',
  title: 'A native sidecar waits in its startupProbe for the application, which waits for it',
  why: 'The application starts only when every native sidecar has passed its startupProbe. A probe on a port of the application can then never pass: the pod stays in Init.',
  mend: 'Probe a port of the sidecar itself.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: oauth2-proxy
      image: quay.io/oauth2-proxy/oauth2-proxy:v7.8.1
      restartPolicy: Always
      ports: [{ containerPort: 4180 }]
      startupProbe: { httpGet: { path: /, port: 8080 } }
  containers:
    - { name: web, image: mycompany/web:2.1, ports: [{ containerPort: 8080 }] }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: oauth2-proxy
      image: quay.io/oauth2-proxy/oauth2-proxy:v7.8.1
      restartPolicy: Always
      ports: [{ containerPort: 4180 }]
      startupProbe: { httpGet: { path: /ping, port: 4180 } }
  containers:
    - { name: web, image: mycompany/web:2.1, ports: [{ containerPort: 8080 }] }
`,
  *pod({ sidecars, apps, path }) {
    const ofApps = new Map(
      apps.flatMap(({ name, container }) => portsOf(container).map(port => [port, name] as const)),
    )
    for (const { name, role, container, path: place } of sidecars) {
      if (role !== 'sidecar') continue
      const own = portsOf(container)
      for (const handler of HANDLERS) {
        const port = portOf(at(container, ['startupProbe', handler, 'port']), container)
        const application = port === undefined || own.includes(port) ? undefined : ofApps.get(port)
        if (application !== undefined)
          yield {
            path: path(...place, 'startupProbe', handler, 'port'),
            message: `the sidecar ${name} waits for port ${port} of ${application}, which starts only after it: the pod never starts`,
            hint: 'probe a port of the sidecar itself',
          }
      }
    }
  },
}

function portsOf(container: JsonObject): number[] {
  const ports = container['ports']
  if (!Array.isArray(ports)) return []
  return ports.flatMap((each: Json) => {
    const port = at(each, ['containerPort'])
    return typeof port === 'number' ? [port] : []
  })
}

/** A name means a port of the container itself. */
function portOf(port: Json | undefined, container: JsonObject): number | undefined {
  if (typeof port === 'number') return port
  const ports = container['ports']
  const named = Array.isArray(ports)
    ? ports.find((each: Json) => isObject(each) && each['name'] === port)
    : undefined
  const number = at(named, ['containerPort'])
  return typeof number === 'number' ? number : undefined
}
