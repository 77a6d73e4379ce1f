import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'
import { type Mount, mountsOf } from '../volumes.ts'

export const check: Check = {
  id: 'SC016',
  name: 'two-log-writers',
  severity: 'warning',
  title: 'Two containers write to one folder of logs',
  why: 'Two programs that rotate, truncate or append to the same names take lines from each other, and nobody can tell who wrote what.',
  mend: 'Give each writer a folder of its own, by subPath or by a volume of its own.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
    - { name: worker, image: mycompany/worker:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, volumeMounts: [{ name: logs, mountPath: /var/log/app, readOnly: true }] }
  volumes: [{ name: logs, emptyDir: { sizeLimit: 500Mi } }]
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app, subPath: web }] }
    - { name: worker, image: mycompany/worker:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app, subPath: worker }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, volumeMounts: [{ name: logs, mountPath: /var/log/app, readOnly: true }] }
  volumes: [{ name: logs, emptyDir: { sizeLimit: 500Mi } }]
`,
  *pod({ apps, sidecars, path, world }) {
    const read = new Set(
      sidecars
        .filter(({ container }) => recognise(container, world.catalogue)?.does === 'logs')
        .flatMap(mountsOf)
        .map(({ volume }) => volume),
    )
    const first = new Map<string, Mount>()
    for (const mount of apps.flatMap(mountsOf)) {
      if (mount.readOnly || !read.has(mount.volume)) continue
      const place = JSON.stringify([mount.volume, mount.subPath])
      const other = first.get(place)
      if (other === undefined) first.set(place, mount)
      else if (other.container !== mount.container)
        yield {
          path: path(...mount.path),
          message: `${other.container.name} and ${mount.container.name} write their logs to the same folder of ${mount.volume}`,
          hint: 'give each a subPath of its own',
        }
    }
  },
}
