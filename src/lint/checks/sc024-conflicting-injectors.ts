import { at, type Path } from '../../manifests/json.ts'
import type { Check, PodSubject } from '../check.ts'
import { recognise } from '../sidecars.ts'

/** Proxies of meshes, to which the connections of a pod go without its knowing. */
const REDIRECTING: readonly string[] = ['istio', 'linkerd', 'consul', 'kuma']
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
    // Others are asked by the application itself, and stand in nobody's way.
    const carrying = sidecars.filter(({ container }) =>
      REDIRECTING.includes(recognise(container, world.catalogue)?.name ?? ''),
    )
    const second = carrying[1]
    if (second !== undefined)
      yield {
        path: path(...second.path),
        message: `${carrying.map(({ name }) => name).join(' and ')} both redirect the connections of this pod`,
        hint: 'keep one of them',
      }
  },
}

/** A mesh that is switched off by one of its keys is not asked for, whatever the others say. */
function askedFor({ template }: PodSubject): { name: string; path: Path }[] {
  return MESHES.flatMap(({ name, keys }) => {
    const given = (['labels', 'annotations'] as const).flatMap(place =>
      keys.flatMap(key => {
        const value = at(template, ['metadata', place, key])
        return value === undefined ? [] : [{ name, value, path: ['metadata', place, key] }]
      }),
    )
    const isOff = given.some(({ value }) => OFF.test(String(value)))
    return isOff ? [] : given.slice(0, 1)
  })
}
