import { at, isObject, type JsonObject } from '../../manifests/json.ts'
import { requestsOf } from '../../manifests/pod-resources.ts'
import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC004',
  name: 'autoscaler-without-request',
  severity: 'error',
  title: 'A HorizontalPodAutoscaler cannot scale because a sidecar has no request',
  why: 'Metrics of type Resource are shares of what all containers of the pod ask for. If one asks for nothing the autoscaler reports "missing request" and never scales.',
  mend: 'Give the sidecar a request of the resource, or let the autoscaler look at one container (type ContainerResource).',
  bad: `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 200m } } }
        - { name: daprd, image: daprio/daprd:1.15.4 }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 10
  metrics:
    - type: Resource
      resource: { name: cpu, target: { type: Utilization, averageUtilization: 70 } }
`,
  good: `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: mycompany/web:2.1, resources: { requests: { cpu: 200m } } }
        - { name: daprd, image: daprio/daprd:1.15.4 }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 10
  metrics:
    - type: ContainerResource
      containerResource: { container: web, name: cpu, target: { type: Utilization, averageUtilization: 70 } }
`,
  *pod({ workload, sidecars, template, path, world }) {
    const resources = new Set(world.objects.filter(object => scales(object, workload)).flatMap(resourcesOf))
    for (const resource of resources) {
      // A request of the pod as a whole is not one of its containers.
      for (const sidecar of sidecars)
        if (requestsOf(sidecar)[resource] === undefined)
          yield {
            path: path(
              ...sidecar.path,
              ...(at(template, [...sidecar.path, 'resources']) === undefined ? [] : ['resources']),
            ),
            message: `the autoscaler of ${workload.name} goes by ${resource}, which the sidecar ${sidecar.name} does not ask for: it will not scale`,
            hint: `give it resources.requests.${resource}`,
          }
    }
  },
}

function scales(
  object: JsonObject,
  { kind, name, namespace }: { kind: string; name: string; namespace?: string },
): boolean {
  if (object['kind'] !== 'HorizontalPodAutoscaler') return false
  const target = at(object, ['spec', 'scaleTargetRef'])
  const place = at(object, ['metadata', 'namespace'])
  return (
    isObject(target) &&
    target['kind'] === kind &&
    target['name'] === name &&
    (place === undefined || namespace === undefined || place === namespace)
  )
}

function resourcesOf(object: JsonObject): string[] {
  const metrics = at(object, ['spec', 'metrics'])
  const old = at(object, ['spec', 'targetCPUUtilizationPercentage'])
  if (!Array.isArray(metrics))
    return old === undefined && at(object, ['apiVersion']) !== 'autoscaling/v1' ? [] : ['cpu']
  return metrics.flatMap(metric => {
    const name = at(metric, ['type']) === 'Resource' ? at(metric, ['resource', 'name']) : undefined
    const isShare = at(metric, ['resource', 'target', 'type']) !== 'AverageValue'
    return typeof name === 'string' && isShare ? [name] : []
  })
}
