import { dependenciesOf } from '../../injection/compose/project.ts'
import { isObject, type JsonObject } from '../../manifests/json.ts'
import type { Check } from '../check.ts'
import { effective } from '../compose-sidecars.ts'
import { imageName } from '../sidecars.ts'

export const check: Check = {
  id: 'SC103',
  name: 'healthy-without-healthcheck',
  severity: 'warning',
  title: 'A service waits for the health of one that has no health check',
  why: 'With `condition: service_healthy` Compose waits for a health check of the other service. Without one, in the file or in the image, it gives up: container has no healthcheck configured.',
  mend: 'Write a `healthcheck`; for an image without shell and curl one of its own program, such as `test: [CMD, outrigger, health]`.',
  bad: `services:
  web:
    image: mycompany/web:2.1
    depends_on:
      outrigger: { condition: service_healthy }
  outrigger:
    image: outrigger/outrigger:0.1.0
`,
  good: `services:
  web:
    image: mycompany/web:2.1
    depends_on:
      outrigger: { condition: service_healthy }
  outrigger:
    image: outrigger/outrigger:0.1.0
    healthcheck: { test: [CMD, outrigger, health], interval: 5s }
`,
  *compose({ document, services }) {
    for (const name of Object.keys(services)) {
      const { depends_on: written } = services[name]!
      for (const [on, condition] of dependenciesOf({ depends_on: written ?? null })) {
        if (condition !== 'service_healthy' || !Object.hasOwn(services, on)) continue
        const target = effective(document, on)
        const state = healthcheckOf(target)
        if (state === 'there') continue
        const ours = imageName(String(target['image'] ?? '')).endsWith('outrigger/outrigger')
        yield {
          path: ['services', name, 'depends_on', on],
          message:
            state === 'off'
              ? `${name} waits until ${on} is healthy, but its health check is turned off`
              : `${name} waits until ${on} is healthy, but ${on} has no health check, unless its image brings one`,
          severity: state === 'off' ? 'error' : 'warning',
          hint: ours
            ? 'test: [CMD, outrigger, health]'
            : `give ${on} a healthcheck, or wait for service_started`,
          ...(ours &&
            state === 'none' && {
              fix: [{ op: 'add', path: ['services', on, 'healthcheck'], value: HEALTHCHECK }] as const,
            }),
        }
      }
    }
  },
}

const HEALTHCHECK = { test: ['CMD', 'outrigger', 'health'], interval: '5s', start_period: '30s' }

function healthcheckOf(service: JsonObject): 'there' | 'none' | 'off' {
  const healthcheck = service['healthcheck']
  if (!isObject(healthcheck)) return 'none'
  const { disable, test } = healthcheck
  if (disable === true || (Array.isArray(test) && test[0] === 'NONE')) return 'off'
  return test === undefined || test === null ? 'none' : 'there'
}
