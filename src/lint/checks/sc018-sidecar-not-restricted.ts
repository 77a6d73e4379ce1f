import { at, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import type { Check, Fix } from '../check.ts'
import { mountsOf } from '../volumes.ts'

export const check: Check = {
  id: 'SC018',
  name: 'sidecar-not-restricted',
  severity: 'warning',
  title: 'A sidecar lacks what Pod Security "restricted" asks for, or cannot read what it shares',
  why: 'A namespace with the level restricted refuses the whole pod when one container lacks a field. Where the application has them all and the sidecar has not, this is a warning, elsewhere a note. And a sidecar under another user than the application, without fsGroup, may find the files that they share closed to it.',
  mend: 'Add the fields to the securityContext of the sidecar; set fsGroup for folders that are shared between users.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: outrigger, image: outrigger/outrigger:0.1.0, restartPolicy: Always }
  containers:
    - name: web
      image: mycompany/web:2.1
      securityContext:
        allowPrivilegeEscalation: false
        runAsNonRoot: true
        capabilities: { drop: [ALL] }
        seccompProfile: { type: RuntimeDefault }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: outrigger
      image: outrigger/outrigger:0.1.0
      restartPolicy: Always
      securityContext:
        allowPrivilegeEscalation: false
        runAsNonRoot: true
        capabilities: { drop: [ALL] }
        seccompProfile: { type: RuntimeDefault }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ template, apps, sidecars, path }) {
    // Windows has none of these fields.
    if (at(template, ['spec', 'os', 'name']) === 'windows') return
    const ofPod = (steps: Path) => at(template, ['spec', 'securityContext', ...steps])
    const severity = apps.every(({ container }) => lacksOf(container, template).length === 0)
      ? 'warning'
      : 'info'
    for (const { name, container, path: place } of sidecars) {
      const lacks = lacksOf(container, template)
      if (lacks.length > 0)
        yield {
          path: path(...place, ...(container['securityContext'] === undefined ? [] : ['securityContext'])),
          severity,
          message: `the sidecar ${name} is not allowed in a namespace with Pod Security "restricted": ${lacks.join(', ')}`,
          hint: `set ${lacks.map(each => `${each}: ${JSON.stringify(WANTED[each]).replaceAll('"', '')}`).join(', ')}`,
          ...fixOf(container['securityContext'], path(...place, 'securityContext'), lacks),
        }
    }
    if (ofPod(['fsGroup']) !== undefined) return
    for (const sidecar of sidecars) {
      const user = at(sidecar.container, ['securityContext', 'runAsUser']) ?? ofPod(['runAsUser'])
      const volumes = new Set(mountsOf(sidecar).map(({ volume }) => volume))
      const other = apps.find(app => {
        const theirs = at(app.container, ['securityContext', 'runAsUser']) ?? ofPod(['runAsUser'])
        return (
          user !== undefined &&
          theirs !== undefined &&
          theirs !== user &&
          mountsOf(app).some(({ volume }) => volumes.has(volume))
        )
      })
      if (other !== undefined)
        yield {
          path: path(...sidecar.path, 'securityContext'),
          message: `the sidecar ${sidecar.name} and ${other.name} share a volume under different users, and the pod has no fsGroup`,
          hint: 'set spec.securityContext.fsGroup, or one runAsUser for both',
        }
    }
  },
}

const WANTED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
  runAsNonRoot: true,
} as const

type Field = keyof typeof WANTED

/** What of the level restricted a container lacks, its own fields before those of the pod. */
function lacksOf(container: JsonObject, template: JsonObject): readonly Field[] {
  const own = (...steps: string[]) => at(container, ['securityContext', ...steps])
  const either = (...steps: string[]) => own(...steps) ?? at(template, ['spec', 'securityContext', ...steps])
  const [drop, add] = [own('capabilities', 'drop'), own('capabilities', 'add')]
  const adds = Array.isArray(add) && add.some(each => each !== 'NET_BIND_SERVICE')
  const lacks: Readonly<Record<Field, boolean>> = {
    allowPrivilegeEscalation: own('allowPrivilegeEscalation') !== false || own('privileged') === true,
    capabilities: !Array.isArray(drop) || !drop.includes('ALL') || adds,
    seccompProfile: !['RuntimeDefault', 'Localhost'].includes(String(either('seccompProfile', 'type'))),
    runAsNonRoot: either('runAsNonRoot') !== true || either('runAsUser') === 0,
  }
  return (Object.keys(lacks) as Field[]).filter(each => lacks[each])
}

/**
 * runAsNonRoot is no matter of writing: an image that runs as root would not start. Nor are capabilities of one that may
 * run as root, which reads the files of others by them, or that were added on purpose.
 */
function fixOf(given: Json | undefined, path: Path, lacks: readonly Field[]): { fix?: readonly Fix[] } {
  const byHand = lacks.includes('runAsNonRoot') ? ['runAsNonRoot', 'capabilities'] : []
  const mechanical = lacks.filter(each => !byHand.includes(each) && at(given, [each]) === undefined)
  if (mechanical.length === 0) return {}
  if (given === undefined)
    return {
      fix: [{ op: 'add', path, value: Object.fromEntries(mechanical.map(each => [each, WANTED[each]])) }],
    }
  return { fix: mechanical.map(each => ({ op: 'add', path: [...path, each], value: WANTED[each] })) }
}
