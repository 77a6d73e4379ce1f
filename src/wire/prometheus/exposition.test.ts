import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openMetricsText, prometheusText } from './exposition.ts'
import type { MetricFamily } from './family.ts'

const families: MetricFamily[] = [
  {
    name: 'outrigger_logs_lines_read',
    type: 'counter',
    help: 'Lines read\nfrom "files" \\ pipes.',
    samples: [
      { suffix: '_total', labels: [['path', 'C:\\a "b"\nc']], value: 1027 },
      { suffix: '_total', labels: [], value: 0 },
    ],
  },
  {
    name: 'outrigger_proxy_latency_seconds',
    type: 'histogram',
    help: 'Latency.',
    samples: [
      {
        suffix: '_bucket',
        labels: [
          ['route', 'a'],
          ['le', '0.5'],
        ],
        value: 1,
      },
      {
        suffix: '_bucket',
        labels: [
          ['route', 'a'],
          ['le', '1'],
        ],
        value: 2,
      },
      {
        suffix: '_bucket',
        labels: [
          ['route', 'a'],
          ['le', '+Inf'],
        ],
        value: 3,
      },
      { suffix: '_sum', labels: [['route', 'a']], value: 12.25 },
      { suffix: '_count', labels: [['route', 'a']], value: 3 },
    ],
  },
  {
    name: 'outrigger_build',
    type: 'info',
    help: 'Build.',
    samples: [{ suffix: '_info', labels: [['version', '1']], value: 1 }],
  },
  {
    name: 'odd',
    type: 'unknown',
    help: '',
    samples: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21, -0.5].map(value => ({
      suffix: '' as const,
      labels: [],
      value,
    })),
  },
]

test('writes the Prometheus text format', () => {
  assert.equal(
    prometheusText(families),
    String.raw`# HELP outrigger_logs_lines_read_total Lines read\nfrom "files" \\ pipes.
# TYPE outrigger_logs_lines_read_total counter
outrigger_logs_lines_read_total{path="C:\\a \"b\"\nc"} 1027
outrigger_logs_lines_read_total 0
# HELP outrigger_proxy_latency_seconds Latency.
# TYPE outrigger_proxy_latency_seconds histogram
outrigger_proxy_latency_seconds_bucket{route="a",le="0.5"} 1
outrigger_proxy_latency_seconds_bucket{route="a",le="1"} 2
outrigger_proxy_latency_seconds_bucket{route="a",le="+Inf"} 3
outrigger_proxy_latency_seconds_sum{route="a"} 12.25
outrigger_proxy_latency_seconds_count{route="a"} 3
# HELP outrigger_build_info Build.
# TYPE outrigger_build_info gauge
outrigger_build_info{version="1"} 1
# HELP odd ${''}
# TYPE odd untyped
odd NaN
odd +Inf
odd -Inf
odd 1e+21
odd -0.5
`,
  )
})

test('writes OpenMetrics, whose counters are named without _total and which ends in # EOF', () => {
  assert.equal(
    openMetricsText(families.slice(0, 3)),
    String.raw`# TYPE outrigger_logs_lines_read counter
# HELP outrigger_logs_lines_read Lines read\nfrom \"files\" \\ pipes.
outrigger_logs_lines_read_total{path="C:\\a \"b\"\nc"} 1027
outrigger_logs_lines_read_total 0
# TYPE outrigger_proxy_latency_seconds histogram
# UNIT outrigger_proxy_latency_seconds seconds
# HELP outrigger_proxy_latency_seconds Latency.
outrigger_proxy_latency_seconds_bucket{route="a",le="0.5"} 1
outrigger_proxy_latency_seconds_bucket{route="a",le="1.0"} 2
outrigger_proxy_latency_seconds_bucket{route="a",le="+Inf"} 3
outrigger_proxy_latency_seconds_sum{route="a"} 12.25
outrigger_proxy_latency_seconds_count{route="a"} 3
# TYPE outrigger_build info
# HELP outrigger_build Build.
outrigger_build_info{version="1"} 1
# EOF
`,
  )
})

/** Reads one sample line back, as the format says a parser must. */
function readSample(line: string): { labels: [string, string][]; value: string } {
  const labels: [string, string][] = []
  const braces = /^[a-z_]+(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\})? (\S+)$/.exec(line)
  assert.ok(braces, `not a sample: ${line}`)
  for (const [, name, value] of (braces[1] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
    labels.push([name!, value!.replaceAll(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))])
  }
  return { labels, value: braces[2]! }
}

for (const [name, encode] of [
  ['text', prometheusText],
  ['OpenMetrics', openMetricsText],
] as const) {
  describe(name, () => {
    test('any label value and help stays on its line and reads back as it was', () => {
      const text = fc.string({
        unit: fc.oneof(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          fc.constantFrom('\\', '"', '\n', 'n', ',', '}'),
        ),
      })
      fc.assert(
        fc.property(text, text, text, (help, a, b) => {
          const samples = [
            {
              suffix: '' as const,
              labels: [
                ['one', a],
                ['two', b],
              ] as [string, string][],
              value: 1,
            },
          ]
          const lines = encode([{ name: 'x', type: 'gauge', help, samples }]).split('\n')
          const found = lines.filter(line => line.startsWith('x{'))
          assert.equal(found.length, 1)
          assert.deepEqual(readSample(found[0]!).labels, [
            ['one', a],
            ['two', b],
          ])
          assert.equal(lines.filter(line => line !== '' && !line.startsWith('#')).length, 1)
        }),
      )
    })

    test('any number reads back as it was', () => {
      fc.assert(
        fc.property(fc.double(), value => {
          const samples = [{ suffix: '' as const, labels: [], value }]
          const line = encode([{ name: 'x', type: 'gauge', help: '', samples }])
            .split('\n')
            .find(line => line.startsWith('x '))!
          const read = readSample(line).value.replace('Inf', 'Infinity')
          assert.ok(Number(read) === value || Number.isNaN(value))
        }),
      )
    })
  })
}

test('a value that knows its time shows it: in milliseconds, and in seconds in OpenMetrics', () => {
  const timed: MetricFamily = {
    name: 'a',
    type: 'gauge',
    help: 'A.',
    samples: [{ suffix: '', labels: [], value: 7, timeMs: 1_700_000_000_123 }],
  }
  assert.match(prometheusText([timed]), /^a 7 1700000000123$/m)
  assert.match(openMetricsText([timed]), /^a 7 1700000000\.123$/m)
})

test('a counter without _total is a counter in the text format, and no kind of its own in OpenMetrics', () => {
  const bare: MetricFamily = {
    name: 'orders',
    type: 'counter',
    help: 'Orders.',
    samples: [{ suffix: '', labels: [], value: 7 }],
  }
  assert.match(prometheusText([bare]), /^# TYPE orders counter\norders 7$/m)
  assert.match(openMetricsText([bare]), /^# TYPE orders unknown$/m)
})
