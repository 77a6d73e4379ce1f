import { formatDuration, graceMsOf } from '../../injection/compose/grace.ts'
import type { Check } from '../check.ts'
import { effective, sidecarsOf } from '../compose-sidecars.ts'

/** For what the application says last. */
const BEYOND_MS = 5000

export const check: Check = {
  id: 'SC107',
  name: 'sidecar-stops-too-soon',
  severity: 'warning',
  title: 'A sidecar is given less time to stop than its application',
  why: 'When the machine or Docker stops, all containers get SIGTERM at once and are killed when their `stop_grace_period` (10 s if nothing is said) is over. A sidecar that is killed first loses the last logs and breaks the last requests of its application.',
  mend: 'Give the sidecar a longer `stop_grace_period` than the application; one that is done earlier ends earlier.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    stop_grace_period: 1m
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
`,
  good: `services:
  web:
    image: mycompany/web:2.1
    stop_grace_period: 1m
  proxy:
    image: envoyproxy/envoy:v1.34.1
    network_mode: service:web
    stop_grace_period: 65s
`,
  *compose(subject) {
    for (const { name, app } of sidecarsOf(subject)) {
      if (app === undefined) continue
      const [own, ofApp] = [name, app].map(each => graceMsOf(effective(subject.document, each)))
      if (own === undefined || ofApp === undefined || own >= ofApp) continue
      const written = subject.services[name]!['stop_grace_period'] !== undefined
      const path = ['services', name, ...(written ? ['stop_grace_period'] : [])]
      const value = formatDuration(ofApp + BEYOND_MS)
      yield {
        path,
        message: `the sidecar ${name} is killed after ${formatDuration(own)}, its application ${app} after ${formatDuration(ofApp)}`,
        hint: `stop_grace_period: ${value}`,
        fix: [
          {
            op: written ? 'replace' : 'add',
            path: ['services', name, 'stop_grace_period'],
            value,
          },
        ],
      }
    }
  },
}
