// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of Compose
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stringify } from 'yaml'
import { pointer } from '../../manifests/json.ts'
import { readManifests } from '../../manifests/read.ts'
import { applyPatch, type PatchOperation } from '../../wire/json-patch/patch.ts'
import type { Fix } from '../check.ts'
import { linted } from '../lint-fake.ts'
import { composeChecks } from './of-compose.ts'

const findings = (text: string, id: string) => linted(text).findings.filter(({ check }) => check === id)
const FIXED = ['SC101', 'SC103', 'SC105', 'SC106', 'SC107', 'SC108']

describe('the checks of Compose', () => {
  for (const { id, bad } of composeChecks.filter(({ id }) => FIXED.includes(id)))
    it(`${id} finds nothing any more once its fix is applied`, () => {
      const [found] = findings(bad, id)
      assert.ok(found?.fix !== undefined)
      const document = readManifests('', bad).documents[0]!.value
      const mended = applyPatch(document, found.fix.map(operation))
      assert.deepEqual(findings(stringify(mended), id), [])
    })

  const table: readonly (readonly [what: string, id: string, text: string, messages: readonly RegExp[]])[] = [
    [
      'a circle by volumes_from',
      'SC101',
      'services: {a: {image: x, volumes_from: [b]}, b: {image: x, links: ["c:d"]}, c: {image: x, depends_on: [a]}}',
      [
        /^a → b → c → a: a waits for b \(volumes_from\), b waits for c \(links\), c waits for a \(depends_on\)$/,
      ],
    ],
    ['a service that waits for itself', 'SC101', 'services: {a: {image: x, depends_on: [a]}}', [/^a → a/]],
    [
      'a health check that is turned off',
      'SC103',
      'services: {a: {image: x, depends_on: {b: {condition: service_healthy}}}, b: {image: y, healthcheck: {disable: true}}}',
      [/turned off/],
    ],
    [
      'a health check that comes by extends',
      'SC103',
      'services: {a: {image: x, depends_on: {b: {condition: service_healthy}}}, b: {extends: c}, c: {image: y, healthcheck: {test: [CMD, x]}}}',
      [],
    ],
    [
      'limits in the older form',
      'SC104',
      'services: {a: {image: x}, b: {image: y, network_mode: "service:a", mem_limit: 64m, cpus: 0.5}}',
      [],
    ],
    [
      'a limit of memory alone',
      'SC104',
      'services: {a: {image: x}, b: {image: y, network_mode: "service:a", mem_limit: 64m}}',
      [/no limit of cpus$/],
    ],
    [
      'hostname and networks of a service that joins another',
      'SC105',
      'services: {a: {image: x}, b: {image: y, network_mode: "service:a", hostname: h, networks: [n]}}',
      [/hostname/, /networks/],
    ],
    [
      'an application that is always there and a sidecar that is not',
      'SC106',
      'services: {web: {image: x, depends_on: [envoy]}, envoy: {image: envoyproxy/envoy:v1, profiles: [p]}}',
      [/web needs envoy \(depends_on\), which is not there unless a profile is enabled/],
    ],
    [
      'one of two profiles',
      'SC106',
      'services: {web: {image: x, profiles: [p, q], depends_on: [db]}, db: {image: y, profiles: [p]}}',
      [/only the profile q/],
    ],
    [
      'a dependency that is not required',
      'SC106',
      'services: {web: {image: x, depends_on: {db: {condition: service_started, required: false}}}, db: {image: y, profiles: [p]}}',
      [],
    ],
    [
      'a grace period that is a variable',
      'SC107',
      'services: {a: {image: x, stop_grace_period: "${G}"}, envoy: {image: y, network_mode: "service:a"}}',
      [],
    ],
    [
      'a folder of the machine in both forms',
      'SC108',
      'services: {a: {image: x, volumes: ["./logs:/logs"]}, vector: {image: timberio/vector:1, volumes: [{type: bind, source: ./logs, target: /in}]}}',
      [/vector mounts \.\/logs, where a writes, at \/in/],
    ],
    [
      'a volume that the log shipper has for itself',
      'SC108',
      'services: {a: {image: x}, vector: {image: timberio/vector:1, volumes: ["data:/var/lib/vector"]}}',
      [],
    ],
    [
      'a sidecar with several containers',
      'SC109',
      'services: {a: {image: x}, b: {image: y, network_mode: "service:a", scale: 2}}',
      [/b has 2 containers, which all join/],
    ],
  ]
  for (const [what, id, text, messages] of table)
    it(`${id}: ${what} ${messages.length === 0 ? 'is fine' : 'is found'}`, () => {
      const found = findings(text, id).map(({ message }) => message)
      assert.equal(found.length, messages.length, found.join('\n'))
      for (const [index, message] of messages.entries()) assert.match(found[index]!, message)
    })
})

describe('a waiver of Compose', () => {
  const joined = 'image: y, network_mode: "service:a"'
  const ways = [
    'labels: {outrigger.dev/lint-ignore.SC104: it is small}',
    'labels: ["outrigger.dev/lint-ignore.SC104=it is small"]',
    'annotations: ["outrigger.dev/lint-ignore.SC104=it is small"]',
    'x-outrigger: {lint-ignore.SC104: it is small}',
  ]
  for (const way of ways)
    it(`may be ${way}`, () => {
      const report = linted(`services: {a: {image: x}, b: {${joined}, ${way}}}`)
      assert.deepEqual(
        report.waived.map(({ check, reason }) => `${check}: ${reason}`),
        ['SC104: it is small'],
      )
    })
})

function operation({ op, path, value }: Fix): PatchOperation {
  return (
    op === 'remove' ? { op, path: pointer(path) } : { op, path: pointer(path), value }
  ) as PatchOperation
}
