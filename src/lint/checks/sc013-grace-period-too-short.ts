import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { sleepSeconds } from './sc012-exiting-pre-stop.ts'

const DEFAULT_GRACE_SECONDS = 30
const DRAIN = /(?:drain|graceful|shutdown)[\w-]*[= ](\d+)(ms|s|m)?\b/i
const DRAIN_VARIABLE = /DRAIN|GRACEFUL|SHUTDOWN/

export const check: Check = {
  id: 'SC013',
  name: 'grace-period-too-short',
  severity: 'warning',
  title: 'What the application waits and what its sidecar drains is longer than the pod has to end',
  why: 'The grace period (terminationGracePeriodSeconds) counts from the start of the end: the preStop of the application, its own end, then the drain of the native sidecars, one after the other. What is not done by then is killed, with what was not yet shipped or answered.',
  mend: 'Raise terminationGracePeriodSeconds above the sum, or shorten the drain.',
  bad: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, args: [--drain-time-s, "20"] }
  containers:
    - { name: web, image: mycompany/web:2.1, lifecycle: { preStop: { sleep: { seconds: 15 } } } }
`,
  good: `apiVersion: v1
kind: Pod
metadata: { name: web }
spec:
  terminationGracePeriodSeconds: 60
  initContainers:
    - { name: envoy, image: envoyproxy/envoy:v1.34.1, restartPolicy: Always, args: [--drain-time-s, "20"] }
  containers:
    - { name: web, image: mycompany/web:2.1, lifecycle: { preStop: { sleep: { seconds: 15 } } } }
`,
  *pod({ template, apps, sidecars, path }) {
    const given = at(template, ['spec', 'terminationGracePeriodSeconds'])
    const graceSeconds = typeof given === 'number' ? given : DEFAULT_GRACE_SECONDS
    const waits = Math.max(0, ...apps.map(({ container }) => sleepSeconds(container)))
    const native = sidecars.filter(({ role }) => role === 'sidecar')
    const drains = native.reduce((sum, { container }) => sum + drainSeconds(container), 0)
    // One that is longer by itself is told by SC012.
    if (drains === 0 || waits >= graceSeconds || waits + drains <= graceSeconds) return
    yield {
      path: given === undefined ? path('spec') : path('spec', 'terminationGracePeriodSeconds'),
      message: `the application waits ${waits} s before it ends and its sidecars drain for ${drains} s, but the pod has ${graceSeconds} s`,
      hint: `set terminationGracePeriodSeconds to ${waits + drains + 5} or more`,
    }
  },
}

/** As its arguments or its environment say. */
function drainSeconds(container: JsonObject): number {
  const words = ['command', 'args'].flatMap(key => strings(container[key])).join(' ')
  const [, number, unit] = DRAIN.exec(words) ?? []
  if (number !== undefined) return Number(number) * (unit === 'm' ? 60 : unit === 'ms' ? 0.001 : 1)
  const env = container['env']
  const set = Array.isArray(env)
    ? env.find(
        (each: Json) =>
          DRAIN_VARIABLE.test(String(at(each, ['name']))) && /^\d+s?$/.test(String(at(each, ['value']))),
      )
    : undefined
  return set === undefined ? 0 : Number.parseInt(String(at(set, ['value'])), 10)
}

function strings(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
