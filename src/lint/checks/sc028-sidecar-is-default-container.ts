import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

const ANNOTATION = 'kubectl.kubernetes.io/default-container'

export const check: Check = {
  id: 'SC028',
  name: 'sidecar-is-default-container',
  severity: 'info',
  title: 'A sidecar is what kubectl logs and exec lead to',
  why: 'Without the annotation kubectl.kubernetes.io/default-container the first of `containers` is meant by kubectl logs, exec and attach. If that is a sidecar everybody looks into the wrong one first.',
  mend: 'Add the annotation with the name of the application, or put the application first.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: istio-proxy, image: istio/proxyv2:1.25.0 }
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { kubectl.kubernetes.io/default-container: web }
spec:
  containers:
    - { name: istio-proxy, image: istio/proxyv2:1.25.0 }
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ template, containers, sidecars, apps, path }) {
    const first = containers.find(({ role }) => role === 'app')
    const app = apps[0]
    if (first === undefined || app === undefined || !sidecars.includes(first)) return
    const annotations = at(template, ['metadata', 'annotations'])
    if (at(annotations, [ANNOTATION]) !== undefined) return
    yield {
      path: path(...first.path),
      message: `kubectl logs and exec lead to the sidecar ${first.name}`,
      hint: `add the annotation ${ANNOTATION}: ${app.name}`,
      fix: [
        annotations === undefined || annotations === null
          ? { op: 'add', path: path('metadata', 'annotations'), value: { [ANNOTATION]: app.name } }
          : { op: 'add', path: path('metadata', 'annotations', ANNOTATION), value: app.name },
      ],
    }
  },
}
