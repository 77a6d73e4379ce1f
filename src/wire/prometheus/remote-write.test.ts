import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeWrite } from '../../../test/fakes/prometheus/decode.ts'
import type { MetricFamily } from './family.ts'
import { seriesLabels, WriteRequest } from './remote-write.ts'

const family = (type: MetricFamily['type'], name = 'a'): MetricFamily => ({
  name,
  type,
  help: `About ${name}.`,
  samples: [],
})

test('labels are sorted, the name is one of them, and empty ones are left out', () => {
  const labels = [
    ['zone', 'b'],
    ['none', ''],
    ['Host', 'ä'],
  ] as const
  assert.deepEqual(seriesLabels(family('counter'), { suffix: '_total', labels, value: 1 }), [
    ['Host', 'ä'],
    ['__name__', 'a_total'],
    ['zone', 'b'],
  ])
})

test('a marker says that nothing comes any more, and is no other NaN', () => {
  const request = new WriteRequest()
  request.series(
    [['__name__', 'a']],
    [
      { value: Number.NaN, timeMs: 1 },
      { value: 'stale', timeMs: 2 },
    ],
  )
  const [{ samples }] = decodeWrite(request.bytes).series
  assert.ok(Number.isNaN(samples[0].value) && samples[0].bits !== samples[1].bits)
  assert.equal(samples[1].bits, 0x7ff0000000000002n)
})

test('metadata tell the kind by its number, and a counter by the name of its samples', () => {
  const request = new WriteRequest()
  for (const type of ['unknown', 'counter', 'gauge', 'histogram', 'info'] as const)
    request.metadata(family(type, `x_${type}`))
  assert.deepEqual(
    decodeWrite(request.bytes).metadata.map(({ type, name }) => [type, name]),
    [
      [0, 'x_unknown'],
      [1, 'x_counter_total'],
      [2, 'x_gauge'],
      [3, 'x_histogram'],
      [6, 'x_info'],
    ],
  )
  assert.equal(decodeWrite(request.bytes).metadata[1].help, 'About x_counter.')
})

test('every series is read as it was written', () => {
  const point = fc.tuple(fc.double(), fc.maxSafeNat()).map(([value, timeMs]) => ({ value, timeMs }))
  const series = fc
    .tuple(
      fc.array(fc.tuple(fc.string(), fc.string({ unit: 'grapheme' })), { maxLength: 5 }),
      fc.array(point, { maxLength: 5 }),
    )
    .map(([labels, points]) => ({ labels, points }))
  fc.assert(
    fc.property(fc.array(series, { maxLength: 20 }), all => {
      const request = new WriteRequest()
      for (const { labels, points } of all) request.series(labels, points)
      const read = decodeWrite(Buffer.from(request.bytes)).series
      assert.deepEqual(
        read.map(({ labels, samples }) => ({
          labels,
          points: samples.map(({ value, timeMs }) => ({ value, timeMs })),
        })),
        all,
      )
    }),
  )
})
