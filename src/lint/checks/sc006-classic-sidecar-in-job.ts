import type { Check } from '../check.ts'

export const check: Check = {
  id: 'SC006',
  name: 'classic-sidecar-in-job',
  severity: 'error',
  title: 'A Job never completes because a sidecar goes on running',
  why: 'A Job is complete when all of `containers` have ended, and a sidecar among them never ends. A native sidecar (an init container with restartPolicy Always, from Kubernetes 1.29 on) does not hold a Job back.',
  mend: 'Move the sidecar to initContainers with restartPolicy: Always; before 1.29 let the application end it.',
  bad: `apiVersion: batch/v1
kind: Job
metadata: { name: report }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - { name: report, image: mycompany/report:1.0 }
        - { name: fluent-bit, image: fluent/fluent-bit:4.0.3 }
`,
  good: `apiVersion: batch/v1
kind: Job
metadata: { name: report }
spec:
  template:
    spec:
      restartPolicy: Never
      initContainers:
        - { name: fluent-bit, image: fluent/fluent-bit:4.0.3, restartPolicy: Always }
      containers:
        - { name: report, image: mycompany/report:1.0 }
`,
  *pod({ workload, sidecars, path, world }) {
    if (workload.kind !== 'Job' && workload.kind !== 'CronJob') return
    const { minor, major } = world.kubernetes
    const hasNative = major > 1 || minor >= 29
    for (const { name, role, path: place } of sidecars)
      if (role === 'app')
        yield {
          path: path(...place),
          message: `the ${workload.kind} never completes: the sidecar ${name} runs for ever`,
          hint: hasNative
            ? 'move it to initContainers, with restartPolicy: Always'
            : 'let the application end it when it is done, or use Kubernetes 1.29 or newer',
        }
  },
}
