import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Json, JsonObject } from '../../manifests/json.ts'
import { type EstimateOptions, estimate } from './estimate.ts'
import { bytes, money, processors } from './figures.ts'
import { html } from './html.ts'
import { DEFAULT_PRICES, monthly } from './prices.ts'
import { ofManifests } from './subject.ts'
import { text } from './text.ts'
import { fromMetricsApi, fromPrometheus, usageOf } from './usage.ts'

const resources = (cpu: string, memory: string, limits?: object): Json => ({
  requests: { cpu, memory },
  ...(limits && { limits: limits as JsonObject }),
})
const container = (name: string, image: string, cpu: string, memory: string, more: object = {}): Json =>
  ({ name, image, resources: resources(cpu, memory), ...more }) as Json

const deployment = (name: string, replicas: number, spec: object, kind = 'Deployment'): Json =>
  ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace: 'shop' },
    spec: { replicas, template: { spec } },
  }) as Json

const web = container('web', 'mycompany/web:2.1', '500m', '512Mi')
const fluentBit = container('fluent-bit', 'fluent/fluent-bit:4.0.3', '50m', '64Mi')
const envoy = container('envoy', 'envoyproxy/envoy:v1.34.1', '100m', '128Mi', { restartPolicy: 'Always' })

const options: EstimateOptions = {
  catalogue: { entries: [], find: () => ({ ok: false, message: '' }) },
  prices: DEFAULT_PRICES,
  node: { cpu: 4, memory: 16 * 2 ** 30, maxPods: 110 },
  agent: { cpu: 0.2, memory: 256 * 2 ** 20 },
  consolidated: { cpu: 0.025, memory: 96 * 2 ** 20 },
}
const made = (documents: readonly Json[], more: Partial<EstimateOptions> = {}) =>
  estimate(nodes => ofManifests(documents, documents as JsonObject[], nodes), { ...options, ...more })

describe('what sidecars cost', () => {
  it('by request is what they ask for on all pods', () => {
    const { byRequest, pods } = made([deployment('web', 10, { containers: [web, fluentBit] })])
    assert.equal(pods, 10)
    assert.deepEqual(byRequest.amounts, { cpu: 0.5, memory: 10 * 64 * 2 ** 20 })
    assert.equal(byRequest.perMonth.toFixed(2), (0.5 * 730 * 0.031611 + 0.625 * 730 * 0.004237).toFixed(2))
  })

  it('agrees with the sums that are known: 10,000 pods with the proxy of Istio', () => {
    const istio = container('istio-proxy', 'istio/proxyv2:1.25.0', '100m', '128Mi')
    const { byRequest } = made([deployment('web', 10_000, { containers: [web, istio] })])
    assert.equal(Math.round(monthly({ cpu: byRequest.amounts['cpu']! }, DEFAULT_PRICES)), 23_076)
    assert.equal(Math.round(monthly({ memory: byRequest.amounts['memory']! }, DEFAULT_PRICES)), 3866)
  })

  it('is nothing where an init container reserves as much in any case', () => {
    const migrate = container('migrate', 'mycompany/web:2.1', '2', '4Gi')
    const { byRequest, hidden } = made([
      deployment('web', 1, { initContainers: [migrate], containers: [web, fluentBit] }),
    ])
    assert.deepEqual([byRequest.amounts['cpu'], byRequest.perMonth], [0, 0])
    assert.equal(hidden.amounts['cpu'], 0.05)
  })

  it('is more where an init container comes after a native sidecar', () => {
    const migrate = container('migrate', 'mycompany/web:2.1', '2', '4Gi')
    const first = made([deployment('web', 1, { initContainers: [envoy, migrate], containers: [web] })])
    const last = made([deployment('web', 1, { initContainers: [migrate, envoy], containers: [web] })])
    assert.deepEqual([first.byRequest.amounts['cpu'], last.byRequest.amounts['cpu']], [0.1, 0])
  })

  it('by limit says when there is none', () => {
    const bounded = {
      ...(fluentBit as object),
      resources: resources('50m', '64Mi', { cpu: '200m', memory: '256Mi' }),
    } as Json
    assert.deepEqual(made([deployment('web', 2, { containers: [web, bounded] })]).byLimit.amounts, {
      cpu: 0.4,
      memory: 2 ** 29,
    })
    assert.equal(made([deployment('web', 2, { containers: [web, fluentBit] })]).byLimit.unbounded, 1)
  })

  it('by usage is the average of what was measured, of the pods of that workload', () => {
    const metrics = (pod: string, cpu: string): Json => ({
      metadata: { name: pod, namespace: 'shop' },
      containers: [{ name: 'fluent-bit', usage: { cpu, memory: '32Mi' } }],
    })
    const samples = fromMetricsApi({
      items: [
        metrics('web-5d4f6c8b9d-x2xzq', '10m'),
        metrics('web-5d4f6c8b9d-aaaaa', '30m'),
        metrics('web-admin-5d4f6c8b9d-x2xzq', '500m'),
      ],
    })
    const { byUsage } = made([deployment('web', 2, { containers: [web, fluentBit] })], {
      usage: usageOf(samples),
    })
    assert.deepEqual(byUsage?.amounts, { cpu: 0.04, memory: 64 * 2 ** 20 })
  })

  it('reads the answers of Prometheus', () => {
    const answer = (value: string): Json => ({
      status: 'success',
      data: {
        result: [{ metric: { namespace: 'shop', pod: 'db-0', container: 'fluent-bit' }, value: [0, value] }],
      },
    })
    const samples = fromPrometheus({ cpu: answer('0.02'), memory: answer('33554432') })
    const { byUsage } = made([deployment('db', 1, { containers: [web, fluentBit] }, 'StatefulSet')], {
      usage: usageOf(samples),
    })
    assert.deepEqual(byUsage?.amounts, { cpu: 0.02, memory: 2 ** 25 })
    assert.throws(
      () => fromPrometheus({ cpu: { status: 'error', error: 'bad query' }, memory: answer('1') }),
      /bad query/,
    )
  })

  const counted: readonly (readonly [
    what: string,
    document: Json,
    pods: number,
    more?: Partial<EstimateOptions>,
  ])[] = [
    [
      'one of a Pod',
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec: { containers: [web, fluentBit] } },
      1,
    ],
    ['replicas of a Deployment', deployment('a', 7, { containers: [web] }), 7],
    [
      'one on each node of a DaemonSet',
      deployment('a', 1, { containers: [web, fluentBit] }, 'DaemonSet'),
      12,
      { nodes: 12 },
    ],
    ['as many as are asked for', deployment('a', 7, { containers: [web] }), 1000, { pods: 1000 }],
  ]
  for (const [what, document, pods, more] of counted)
    it(`counts ${what}`, () => assert.equal(made([document], more).pods, pods))

  it('goes by the least of an autoscaler', () => {
    const scaler: Json = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { namespace: 'shop' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 5, maxReplicas: 50 },
    }
    const { workloads } = made([deployment('web', 1, { containers: [web] }), scaler])
    assert.deepEqual([workloads[0]?.pods, workloads[0]?.podsFrom], [5, 'autoscaled from 5 to 50'])
  })

  it('shares pods out without losing one', () => {
    const list = [1, 2, 4].map((replicas, index) => deployment(`w${index}`, replicas, { containers: [web] }))
    for (const pods of [1, 2, 10, 100, 1001]) assert.equal(made(list, { pods }).pods, pods)
  })
})

describe('what else sidecars do', () => {
  const probed = { ...(envoy as object), startupProbe: { periodSeconds: 1, failureThreshold: 60 } } as Json

  it('lengthens the start: native ones come one after the other', () => {
    const second = { ...(probed as object), name: 'second', startupProbe: { initialDelaySeconds: 5 } } as Json
    const { slowestStart } = made([
      deployment('a', 1, { initContainers: [probed], containers: [web] }),
      deployment('b', 1, { initContainers: [probed, second], containers: [web] }),
      deployment('c', 1, { initContainers: [envoy], containers: [web] }),
    ])
    assert.equal(slowestStart?.name, 'b')
    assert.deepEqual(slowestStart.startDelay, { probes: 2, leastSeconds: 5, mostSeconds: 60 + 5 + 30 })
  })

  it('adds to the object of every pod, and images to pull', () => {
    const { bytes: added, images } = made([deployment('a', 10, { containers: [web, fluentBit] })])
    assert.equal(added, 10 * JSON.stringify(fluentBit).length)
    assert.equal(images, 1)
  })

  it('grows with an autoscaler', () => {
    const scaler: Json = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { namespace: 'shop' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, minReplicas: 5, maxReplicas: 50 },
    }
    const { byRequest, atMost } = made([deployment('web', 5, { containers: [web, fluentBit] }), scaler])
    assert.equal(atMost?.pods, 50)
    assert.ok(Math.abs(atMost.perMonth - 10 * byRequest.perMonth) < 1e-9)
    const idle = made([deployment('web', 0, { containers: [web, fluentBit] }), scaler])
    assert.equal(idle.pods, 0, 'an autoscaler leaves alone what is scaled to nothing')
  })

  it('takes nodes', () => {
    const large = container('web', 'mycompany/web:2.1', '1900m', '1Gi')
    const { nodes } = made([deployment('web', 4, { containers: [large, fluentBit, envoy] })])
    assert.deepEqual([nodes.needed, nodes.without], [3, 2])
  })

  it('costs nothing where the resources of the pod as a whole hold it', () => {
    const { byRequest, hidden } = made([
      deployment('web', 1, {
        resources: { requests: { cpu: '1', memory: '1Gi' } },
        containers: [web, fluentBit],
      }),
    ])
    assert.deepEqual([byRequest.perMonth, hidden.amounts['cpu']], [0, 0.05])
  })

  it('is never less by request than what each program is alone, and never more than they ask for', () => {
    const amount = fc.integer({ min: 0, max: 4000 }).map(milli => `${milli}m`)
    const init = fc.tuple(fc.boolean(), amount)
    fc.assert(
      fc.property(fc.array(init, { maxLength: 5 }), amount, amount, (inits, app, classic) => {
        const { workloads } = made([
          deployment('web', 1, {
            initContainers: inits.map(([stays, cpu], index) =>
              container(`i${index}`, 'a/b:1', cpu, '1Mi', stays ? { restartPolicy: 'Always' } : {}),
            ),
            containers: [
              container('web', 'a/web:1', app, '1Mi'),
              container('fluent-bit', 'fluent/fluent-bit:4.0.3', classic, '1Mi'),
            ],
          }),
        ])
        const [{ requests, asked, sidecars, pod }] = workloads as [(typeof workloads)[number]]
        const cpu = requests['cpu']!
        assert.ok(cpu <= asked['cpu']! + 1e-9 && cpu <= pod['cpu']! + 1e-9)
        for (const { effective } of sidecars) assert.ok(effective['cpu']! <= cpu + 1e-9)
      }),
    )
  })
})

describe('what would cost less', () => {
  it('is a DaemonSet from its break-even on, for what can run on the node', () => {
    const { daemonSets } = made(
      [
        deployment('web', 100, { containers: [web, fluentBit] }),
        deployment('b', 5, { initContainers: [envoy], containers: [web] }),
      ],
      { nodes: 10 },
    )
    assert.deepEqual(
      daemonSets.map(({ program, podsPerNode }) => [program, podsPerNode]),
      [['fluent-bit', 10]],
    )
    assert.equal(daemonSets[0]!.breakEvenPodsPerNode, 4)
  })

  it('is one sidecar in place of several, and more where there is one only', () => {
    const { consolidation } = made([
      deployment('web', 10, { initContainers: [envoy], containers: [web, fluentBit] }),
    ])
    assert.deepEqual([consolidation?.now.amounts['cpu'], consolidation?.instead.amounts['cpu']], [1.5, 0.25])
    assert.ok(consolidation!.savedPerMonth > 0)
    assert.equal(made([deployment('web', 10, { containers: [web, fluentBit] })]).consolidation, undefined)
    const dear = made([deployment('web', 1, { initContainers: [envoy], containers: [web, fluentBit] })], {
      consolidated: { cpu: 1, memory: 2 ** 30 },
    })
    assert.ok(dear.consolidation!.savedPerMonth < 0, 'what costs more is told as well')
  })
})

describe('our own sidecar', () => {
  const both = deployment('web', 10, { initContainers: [envoy], containers: [web, fluentBit] })

  it('is compared with nothing where the catalogue has none', () => {
    assert.equal(made([both], { consolidated: undefined }).consolidation, undefined)
  })

  it('comes once: where it is there already, nothing is added', () => {
    const own = container('outrigger', 'outrigger/outrigger:0.1.0', '25m', '96Mi', {
      restartPolicy: 'Always',
    })
    const { exchange } = made([
      deployment('web', 10, { initContainers: [own], containers: [web, fluentBit] }),
    ])
    assert.deepEqual([exchange?.now.amounts['cpu'], exchange?.instead.amounts['cpu']], [0.5, 0])
  })
})

describe('the report', () => {
  it('tells what usage, autoscalers and init containers come to', () => {
    const migrate = container('migrate', 'mycompany/web:2.1', '2', '4Gi')
    const page = text(
      made([
        deployment('web', 10, { initContainers: [envoy], containers: [web, fluentBit] }),
        deployment('db', 1, { initContainers: [migrate], containers: [web, fluentBit] }),
      ]),
    )
    for (const expected of [
      /^What the sidecars of 2 of 2 workloads take, in 11 of 11 pods\n/,
      /\n {2}by request +1\.5 +1\.88Gi +\$40\.41\n/,
      /\n {2}Deployment shop\/web +envoy fluent-bit +10 +150m +192Mi +23% \/ 27% +\$40\.41\n/,
      /Not counted: 50m cpu, 64Mi, \$1\.35 a month/,
      /fluent-bit as a DaemonSet: \$16\.17 instead of \$13\.47, costs \$2\.69 more a month\. They cost the same at 4\.4 such pods on a node, and agents less above that; there are 3\.7\./,
      /outrigger in place of several sidecars \(1 workload, 10 pods\): 250m cpu, 960Mi instead of 1\.5 cpu, 1\.88Gi, saves/,
      /outrigger in place of a single sidecar/,
      /Prices: \$23\.08 for a processor and \$3\.09 for a GiB a month; defaults of OpenCost/,
    ])
      assert.match(page, expected)
  })

  it('survives no sidecars and no workloads', () => {
    for (const documents of [
      [],
      [deployment('web', 1, { containers: [web] })],
      [{}],
      [deployment('web', 0, {})],
    ]) {
      text(made(documents))
      html(made(documents), '0.1.0')
    }
  })

  it('shows hostile names as text', () => {
    const hostile = deployment('<script>alert(1)</script>"\'&', 1, {
      containers: [web, { ...(fluentBit as object), name: 'fluent-bit' } as Json],
    })
    const page = html(made([hostile]), '0.1.0')
    assert.ok(!page.includes('<script'), page)
    assert.ok(page.includes('&lt;script&gt;'))
  })

  it('hands nothing to a terminal that would steer it', () => {
    const written = text(made([deployment('web\u001b[2J\nx', 1, { containers: [web, fluentBit] })]))
    assert.ok(!written.includes('\u001b') && !/^x/m.test(written), written)
  })

  it('needs nothing from elsewhere', () => {
    assert.doesNotMatch(
      html(made([deployment('web', 1, { containers: [web, fluentBit] })]), '0.1.0'),
      /https?:|url\(|<link|<img|@import/,
    )
  })

  const figures: readonly (readonly [text: string, wanted: string])[] = [
    [money(1234.5, DEFAULT_PRICES), '$1,235'],
    [money(-3.5, DEFAULT_PRICES), '-$3.50'],
    [money(3.5, { ...DEFAULT_PRICES, currency: 'EUR' }), '3.50 EUR'],
    [processors(0.25), '250m'],
    [processors(1.5), '1.5'],
    [bytes(64 * 2 ** 20), '64Mi'],
    [bytes(1.5 * 2 ** 30), '1.5Gi'],
  ]
  for (const [written, wanted] of figures) it(`writes ${wanted}`, () => assert.equal(written, wanted))
})
