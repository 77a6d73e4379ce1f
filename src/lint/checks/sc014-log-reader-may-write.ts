import type { Check } from '../check.ts'
import { recognise } from '../sidecars.ts'
import { mountsOf } from '../volumes.ts'

export const check: Check = {
  id: 'SC014',
  name: 'log-reader-may-write',
  severity: 'warning',
  title: 'A sidecar that reads logs mounts them writable',
  why: 'Who only reads need not be able to delete or change what the application has written; a mistake in its configuration or a break-in can then not destroy the evidence.',
  mend: 'Mount the volume with readOnly: true in the sidecar; keep its own state in another volume.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  containers:
    - { name: web, image: mycompany/web:2.1, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
    - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, volumeMounts: [{ name: logs, mountPath: /var/log/app }] }
  volumes: [{ name: logs, emptyDir: { sizeLimit: 500Mi } }]
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
  *pod({ apps, sidecars, path, world }) {
    const written = new Set(
      apps.flatMap(mountsOf).flatMap(({ readOnly, volume }) => (readOnly ? [] : [volume])),
    )
    for (const sidecar of sidecars) {
      if (recognise(sidecar.container, world.catalogue)?.does !== 'logs') continue
      for (const { volume, readOnly, path: place } of mountsOf(sidecar))
        if (!readOnly && written.has(volume))
          yield {
            path: path(...place),
            message: `the log sidecar ${sidecar.name} may write to ${volume}, where the application writes its logs`,
            hint: 'add readOnly: true',
            fix: [{ op: 'add', path: path(...place, 'readOnly'), value: true }],
          }
    }
  },
}
