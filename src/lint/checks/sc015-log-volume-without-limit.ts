import { at, isObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'
import { mountsOf, volumesOf } from '../volumes.ts'

export const check: Check = {
  id: 'SC015',
  name: 'log-volume-without-limit',
  severity: 'warning',
  title: 'A volume for logs has no sizeLimit',
  why: 'An emptyDir without a limit grows until the node has no disk left; then the kubelet evicts pods, and not necessarily the one that wrote the logs.',
  mend: 'Give the emptyDir a sizeLimit, and let the application rotate its files.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, volumeMounts: [{ name: logs, mountPath: /var/log/app, readOnly: true }] }
  volumes: [{ name: logs, emptyDir: {} }]
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, volumeMounts: [{ name: logs, mountPath: /var/log/app, readOnly: true }] }
  volumes: [{ name: logs, emptyDir: { sizeLimit: 500Mi } }]
`,
  *pod({ template, apps, sidecars, path, world }) {
    const written = new Set(apps.flatMap(mountsOf).map(({ volume }) => volume))
    const isLog = (volume: string) =>
      sidecars.some(
        sidecar =>
          mountsOf(sidecar).some(mount => mount.volume === volume && /\blogs?\b/.test(mount.mountPath)) ||
          (recognise(sidecar.container, world.catalogue)?.does === 'logs' &&
            mountsOf(sidecar).some(mount => mount.volume === volume)),
      )
    for (const { name, volume, path: place } of volumesOf(template)) {
      const directory = volume['emptyDir']
      const isUnlimited = directory !== undefined && at(directory, ['sizeLimit']) === undefined
      if (isUnlimited && (isObject(directory) || directory === null) && written.has(name) && isLog(name))
        yield {
          path: path(...place, 'emptyDir'),
          message: `the volume ${name} holds logs and may fill the disk of the node: it has no sizeLimit`,
          hint: 'write emptyDir: { sizeLimit: 500Mi }, as much as a rotation or two need',
        }
    }
  },
}
