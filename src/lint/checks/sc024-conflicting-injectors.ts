import { at, isObject, type JsonObject, type Path } from '../../manifests/json.ts'
import type { Check, PodSubject } from '../check.ts'
import { recognise } from '../sidecars.ts'

const OFF = /^(?:false|disabled|no|off)$/i

/** Annotations and labels by which a mesh is asked for. */
const MESHES: readonly { readonly name: string; readonly keys: readonly string[] }[] = [
  { name: 'Istio', keys: ['sidecar.istio.io/inject', 'istio-injection', 'istio.io/rev'] },
  { name: 'Linkerd', keys: ['linkerd.io/inject'] },
  { name: 'Consul', keys: ['consul.hashicorp.com/connect-inject'] },
  { name: 'Kuma', keys: ['kuma.io/sidecar-injection'] },
]

export const check: Check = {
  id: 'SC024',
  name: 'conflicting-injectors',
  severity: 'error',
  title: 'Two meshes or proxies want to carry the traffic of one pod',
  why: 'Two proxies that both redirect the connections of a pod send them through each other or in a circle, and each breaks the mutual TLS of the other. Which one wins depends on the order of webhooks.',
  mend: 'Keep one, and switch the other off for this pod.',
  bad: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { linkerd.io/inject: enabled }
  labels: { sidecar.istio.io/inject: "true" }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { linkerd.io/inject: enabled }
  labels: { sidecar.istio.io/inject: "false" }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod(subject) {
    const { sidecars, path, world } = subject
    const asked = askedFor(subject)
    if (asked.length > 1)
      yield {
        path: path(...asked[1]!.path),
        message: `${asked.map(({ name }) => name).join(' and ')} are asked for at once`,
        hint: 'keep one of them',
      }
    const proxies = sidecars.filter(
      ({ container }) => recognise(container, world.catalogue)?.does === 'proxy',
    )
    // One container of ours may do other things than carry traffic.
    const carrying = proxies.filter(
      ({ container }) => recognise(container, world.catalogue)?.name !== 'outrigger',
    )
    const second = carrying[1]
    if (second !== undefined)
      yield {
        path: path(...second.path),
        message: `${carrying.map(({ name }) => name).join(' and ')} are both proxies of this pod`,
        hint: 'keep one of them',
      }
  },
}

function askedFor({ template }: PodSubject): { name: string; path: Path }[] {
  return MESHES.flatMap(({ name, keys }) => {
    for (const place of ['annotations', 'labels'])
      for (const key of keys) {
        const given = at(template, ['metadata', place])
        const value = isObject(given) && Object.hasOwn(given, key) ? (given as JsonObject)[key] : undefined
        if (value !== undefined && !OFF.test(String(value))) return [{ name, path: ['metadata', place, key] }]
      }
    return []
  })
}
