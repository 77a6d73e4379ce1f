import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sidecars } from '../../../test/injection/sidecars.ts'
import type { Json } from '../../manifests/json.ts'
import { workloads } from '../../manifests/workload.ts'
import { misplaced, misspelt } from './vocabulary.ts'

describe('the vocabulary', () => {
  const known = [
    'outrigger.dev/inject',
    'outrigger.dev/skip',
    'outrigger.dev/app',
    'outrigger.dev/place',
    'outrigger.dev/host-network',
    'outrigger.dev/status',
    'outrigger.dev/file.outrigger.outrigger.yaml',
    'outrigger.dev/lint-ignore.SC005',
    'outrigger.dev/logs.path',
    'outrigger.dev/outrigger.logs.path',
    'outrigger.dev/outrigger.modules',
    'prometheus.io/scrape',
    'constructor',
    '',
  ]
  for (const key of known)
    it(`knows ${JSON.stringify(key)}`, () => assert.deepEqual(misspelt({ [key]: '' }, [], sidecars), []))

  const unknown: readonly (readonly [key: string, hint: RegExp | undefined])[] = [
    ['outrigger.dev/injcet', /did you mean "outrigger.dev\/inject"/],
    ['outrigger.dev/logs.paht', /did you mean "outrigger.dev\/logs.path"/],
    ['outrigger.dev/log.path', /did you mean "outrigger.dev\/logs.path"/],
    ['outrigger.dev/outriger.logs.path', /did you mean "outrigger.dev\/outrigger.logs.path"/],
    ['outrigger.dev/lint-ignore.sc5', /a waiver names one check/],
    ['outrigger.dev/lint-ignore.sc-005', /write lint-ignore.SC005/],
    ['outriger.dev/inject', /write outrigger.dev\/inject/],
    ['outrigger.io/inject', /write outrigger.dev\/inject/],
    ['outrigger.dev/', undefined],
    ['outrigger.dev/constructor', undefined],
    ['outrigger.dev/__proto__.x', undefined],
    [`outrigger.dev/${'x'.repeat(10_000)}`, undefined],
    [`outrigger.dev/logs.${'x'.repeat(10_000)}`, undefined],
  ]
  for (const [key, hint] of unknown)
    it(`does not know ${JSON.stringify(key.slice(0, 60))}`, () => {
      const [found, ...more] = misspelt({ [key]: '' }, ['a'], sidecars)
      assert.equal(more.length, 0)
      assert.deepEqual(found?.path, ['a', key])
      assert.equal(found?.code, 'unknown-annotation')
      assert.ok((found?.message.length ?? 0) < 200)
      if (hint !== undefined) assert.match(found?.hint ?? '', hint)
      else assert.equal(found?.hint, undefined)
    })

  it('is not looked for in what is no mapping', () => {
    for (const value of [undefined, null, 1, 'a', []] as const)
      assert.deepEqual(misspelt(value, [], sidecars), [])
  })
})

describe('a misplaced annotation', () => {
  const wish = { 'outrigger.dev/inject': 'logs' }
  const template = { spec: { containers: [] } }
  const cases: readonly (readonly [what: string, document: Json, hint: RegExp | undefined])[] = [
    [
      'on a Deployment is told',
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { annotations: wish }, spec: { template } },
      /spec\.template\.metadata\.annotations/,
    ],
    [
      'on a CronJob is told',
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: { annotations: wish },
        spec: { jobTemplate: { spec: { template } } },
      },
      /spec\.jobTemplate\.spec\.template\.metadata\.annotations/,
    ],
    [
      'on the jobs of a CronJob is told',
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        spec: { jobTemplate: { metadata: { annotations: wish }, spec: { template } } },
      },
      /pods are made from there/,
    ],
    [
      'among labels is told',
      { apiVersion: 'v1', kind: 'Pod', metadata: { labels: wish }, spec: {} },
      /move it to metadata\.annotations/,
    ],
    [
      'on a Pod is in its place',
      { apiVersion: 'v1', kind: 'Pod', metadata: { annotations: wish }, spec: {} },
      undefined,
    ],
    [
      'that waives a check may stand outside',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { annotations: { 'outrigger.dev/lint-ignore.SC001': 'x' } },
        spec: { template },
      },
      undefined,
    ],
  ]
  for (const [what, document, hint] of cases)
    it(what, () => {
      const found = workloads(document).flatMap(workload => misplaced(document, workload))
      assert.equal(found.length, hint === undefined ? 0 : 1)
      if (hint !== undefined) assert.match(found[0]?.hint ?? '', hint)
    })
})
