import { at, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'

const DEFAULT_GRACE_SECONDS = 30
const EXITING = /\b(?:kill|pkill|killall|quitquitquit|shutdown|\/quit|stop)\b/

export const check: Check = {
  id: 'SC012',
  name: 'exiting-pre-stop',
  severity: 'warning',
  title: 'The preStop of a native sidecar ends it too early, or takes all the time there is',
  why: 'At the end of a pod the preStop hooks of all containers run at once, but sidecars are ended after the application. A hook that ends the process makes the kubelet start it again, again and again; one that waits as long as the grace period leaves no time for anything else.',
  mend: 'Remove the hook: the kubelet ends native sidecars in the right order by itself.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - name: istio-proxy
      image: istio/proxyv2:1.25.0
      restartPolicy: Always
      lifecycle:
        preStop: { exec: { command: [sh, -c, "curl -X POST localhost:15020/quitquitquit"] } }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: istio-proxy, image: istio/proxyv2:1.25.0, restartPolicy: Always }
  containers:
    - { name: web, image: mycompany/web:2.1 }
`,
  *pod({ template, sidecars, path }) {
    const given = at(template, ['spec', 'terminationGracePeriodSeconds'])
    const graceSeconds = typeof given === 'number' ? given : DEFAULT_GRACE_SECONDS
    for (const { name, role, container, path: place } of sidecars) {
      const hook = path(...place, 'lifecycle', 'preStop')
      const seconds = sleepSeconds(container)
      if (seconds >= graceSeconds)
        yield {
          path: hook,
          message: `the preStop of ${name} waits ${seconds} s, and the pod has ${graceSeconds} s to end: it is killed`,
          hint: 'wait for less, or raise terminationGracePeriodSeconds',
        }
      else if (role === 'sidecar' && EXITING.test(textOf(container)))
        yield {
          path: hook,
          message: `the preStop of ${name} seems to end it: the kubelet starts it again until the application has ended`,
          hint: 'remove the hook: native sidecars are ended after the application by themselves',
          fix: [{ op: 'remove', path: hook }],
        }
    }
  },
}

/** How long a preStop sleeps, by its own handler or by a command; 0: it does not. */
export function sleepSeconds(container: JsonObject): number {
  const seconds = at(container, ['lifecycle', 'preStop', 'sleep', 'seconds'])
  if (typeof seconds === 'number') return seconds
  const found = /\bsleep[\s,"']+(\d+(?:\.\d+)?)(m?)/.exec(textOf(container))
  return found === null ? 0 : Number(found[1]) * (found[2] === 'm' ? 60 : 1)
}

function textOf(container: JsonObject): string {
  const hook = at(container, ['lifecycle', 'preStop'])
  const command = at(hook, ['exec', 'command'])
  if (Array.isArray(command)) return command.join(' ')
  const http = at(hook, ['httpGet', 'path'])
  return typeof http === 'string' ? http : ''
}
