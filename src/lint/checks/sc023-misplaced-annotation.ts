import { misplaced } from '../../injection/kubernetes/vocabulary.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC023',
  name: 'misplaced-annotation',
  severity: 'error',
  title: 'An annotation of Outrigger stands where pods do not get it',
  why: 'Pods are made from the template of a Deployment. What stands in the metadata of the Deployment itself, or among the labels, is seen by no injector.',
  mend: 'Move it to spec.template.metadata.annotations.',
  bad: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  annotations: { outrigger.dev/inject: logs }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata:
      labels: { app: web }
      annotations: { outrigger.dev/inject: logs }
    spec:
      containers:
        - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ document, workload }) {
    for (const { path, message, hint } of misplaced(document, workload))
      yield { path, message, ...(hint !== undefined && { hint }) }
  },
}
