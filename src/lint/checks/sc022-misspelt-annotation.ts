import { misspelt } from '../../injection/kubernetes/vocabulary.ts'
import { at } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC022',
  name: 'misspelt-annotation',
  severity: 'error',
  title: 'An annotation of Outrigger is misspelt',
  why: 'Kubernetes takes every annotation. One that nobody understands does nothing, and the pod runs without what was asked for.',
  mend: 'Write it as `outrigger catalog show` lists it.',
  bad: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { outrigger.dev/injct: logs }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata:
  name: web
  annotations: { outrigger.dev/inject: logs }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ template, path, world }) {
    const annotations = at(template, ['metadata', 'annotations'])
    for (const { path: place, message, hint } of misspelt(
      annotations,
      path('metadata', 'annotations'),
      world.catalogue,
    ))
      yield { path: place, message, ...(hint !== undefined && { hint }) }
  },
}
