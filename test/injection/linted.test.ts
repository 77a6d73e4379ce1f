// What is injected has no finding of the linter, whatever it stands beside.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inject } from '../../src/injection/kubernetes/inject.ts'
import { lintedFile } from '../../src/lint/lint-fake.ts'
import type { LintFinding } from '../../src/lint/report.ts'
import { applyToText } from '../../src/manifests/edit/edit.ts'
import { readManifests } from '../../src/manifests/read.ts'
import { NEEDED } from './needed.ts'
import { ownCatalogue } from './own-catalogue.ts'

const catalogue = ownCatalogue()

/** A workload that is well made, so that whatever is found is the sidecar's. */
const workload = (sidecars: string) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata:
      labels: { app: web }
      annotations: { outrigger.dev/inject: "${sidecars}" }
    spec:
      securityContext: { runAsNonRoot: true, fsGroup: 10001, seccompProfile: { type: RuntimeDefault } }
      initContainers:
        - { name: migrate, image: mycompany/web:2.1, command: [migrate] }
      containers:
        - name: web
          image: mycompany/web:2.1
          ports: [{ containerPort: 8080 }]
          resources: { requests: { cpu: "1", memory: 1Gi }, limits: { memory: 1Gi } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web, namespace: shop }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 9
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } } }]
`

function injected(text: string, settings: Readonly<Record<string, string>> = {}) {
  const file = readManifests('manifest.yaml', text)
  const edits = file.documents.map(document => ({
    document,
    patch: inject(document.value, catalogue, { settings }).patch,
  }))
  assert.ok(edits.some(({ patch }) => patch.length > 0))
  return lintedFile(readManifests('manifest.yaml', applyToText(file, edits)), { catalogue })
}

const told = ({ check, message }: LintFinding) => `${check}: ${message}`

describe('a well made workload', () => {
  for (const { name } of catalogue.entries)
    it(`has nothing to be told when ${name} was injected`, () => {
      assert.deepEqual(injected(workload(name), NEEDED[name]).findings.map(told), [])
    })

  it('has nothing to be told with two sidecars, of which one is ours with two duties', () => {
    const settings = NEEDED['vault-agent']!
    assert.deepEqual(injected(workload('logs,proxy,vault-agent'), settings).findings.map(told), [])
  })
})

describe('an example', () => {
  for (const name of ['webapp.yaml', 'checkout.yaml'])
    it(`${name} has nothing to be told once it is injected`, () => {
      const text = readFileSync(join(import.meta.dirname, '../../examples/injection', name), 'utf8')
      assert.deepEqual(injected(text).findings.map(told), [])
    })
})
