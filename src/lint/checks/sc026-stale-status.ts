import { statusOf } from '../../injection/kubernetes/inject.ts'
import { at, isObject, type JsonObject } from '../../manifests/json.ts'
import type { Check, PodSubject } from '../check.ts'

const OURS = 'outrigger.dev/status'
const ISTIO = 'sidecar.istio.io/status'
const VAULT = 'vault.hashicorp.com/agent-inject-status'

export const check: Check = {
  id: 'SC026',
  name: 'stale-status',
  severity: 'error',
  title: 'A pod says that it was injected, and the sidecar is not there',
  why: 'A manifest that was copied from a running pod, or restored from a backup, keeps the annotation that an injector wrote. The injector then believes it, and the pod runs without its sidecar.',
  mend: 'Remove the annotation.',
  bad: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations:
    sidecar.istio.io/status: '{"initContainers":null,"containers":["istio-proxy"],"volumes":null}'
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod(subject) {
    const annotations = at(subject.template, ['metadata', 'annotations'])
    if (!isObject(annotations)) return
    const there = new Set(subject.containers.map(({ name }) => name))
    for (const [key, missing] of [
      [OURS, oursOf(subject)],
      [ISTIO, istiosOf(annotations).filter(name => !there.has(name))],
      [VAULT, vaultsOf(annotations, there)],
    ] as const) {
      const path = subject.path('metadata', 'annotations', key)
      if (missing.length > 0)
        yield {
          path,
          message: `it says that ${missing.join(', ')} was injected, which is not in the pod`,
          hint: `remove the annotation ${key}`,
          fix: [{ op: 'remove', path }],
        }
    }
  },
}

/** Entries whose containers are not there. */
function oursOf({ document, workload }: PodSubject): readonly string[] {
  const place = JSON.stringify(workload.template)
  const status = statusOf(document).find(({ path }) => JSON.stringify(path) === place)
  return (status?.entries ?? []).filter(({ state }) => state === 'missing').map(({ name }) => name)
}

/** Containers that are not there. */
function istiosOf(annotations: JsonObject): readonly string[] {
  try {
    const status = JSON.parse(String(annotations[ISTIO] ?? 'null'))
    return ['initContainers', 'containers'].flatMap(list => namesOf(at(status, [list])))
  } catch {
    return []
  }
}

/** Its injector leaves a pod alone that has the annotation. Init container and sidecar may each be switched off, not both. */
function vaultsOf(annotations: JsonObject, there: ReadonlySet<string>): readonly string[] {
  const isThere = there.has('vault-agent') || there.has('vault-agent-init')
  return annotations[VAULT] === 'injected' && !isThere ? ['vault-agent'] : []
}

function namesOf(list: PodSubject['object'][string] | undefined): string[] {
  return Array.isArray(list) ? list.filter(each => typeof each === 'string') : []
}
