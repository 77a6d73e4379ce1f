import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fakeIo } from './io-fake.ts'
import { main } from './main.ts'

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 10
  template:
    spec:
      containers:
      - {name: web, image: "shop/web:1", resources: {requests: {cpu: 500m, memory: 512Mi}}}
      - {name: fluent-bit, image: "fluent/fluent-bit:4.0.3", resources: {requests: {cpu: 50m, memory: 64Mi}}}
`
const POD = 'web-5d4f6c8b9d-x2xzq'
const USAGE = {
  items: [
    {
      metadata: { name: POD, namespace: 'shop' },
      containers: [{ name: 'fluent-bit', usage: { cpu: '7m', memory: '21Mi' } }],
    },
  ],
}

let folder: string

async function outrigger(argv: readonly string[], input?: string) {
  const io = fakeIo({ cwd: folder, env: { PATH: `${folder}:${process.env['PATH']}` } })
  if (input !== undefined) io.stdin.end(input)
  const code = await main(['overhead', ...argv], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

const write = (name: string, content: string | object) =>
  writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outrigger-overhead-'))
})
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

describe('outrigger overhead', () => {
  it('reads standard input and prints a table', async () => {
    const { code, out, err } = await outrigger(['-'], DEPLOYMENT)
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /by request +500m +640Mi +\$13\.47\n/)
    assert.match(out, /Deployment shop\/web +fluent-bit +10 /)
  })

  it('writes several forms at once, each whole', async () => {
    await write('a.yaml', DEPLOYMENT)
    const { code, out } = await outrigger(['-f', '.', '-o', 'text', '-o', 'json=a.json', '-o', 'html=a.html'])
    assert.equal(code, 0)
    assert.match(out, /^What the sidecars/)
    const made = JSON.parse(await readFile(join(folder, 'a.json'), 'utf8'))
    assert.equal(made.workloads[0].sidecars[0].program, 'fluent-bit')
    assert.match(await readFile(join(folder, 'a.html'), 'utf8'), /^<!doctype html>.*<\/html>\n$/s)
    assert.deepEqual((await readdir(folder)).toSorted(), ['a.html', 'a.json', 'a.yaml'])
  })

  it('takes prices, pods and nodes as they are given', async () => {
    await write('prices.yaml', 'cpuHour: 1\nmemoryGiBHour: 0\ncurrency: EUR\n')
    const given = ['--prices', 'prices.yaml', '--pods', '100', '--node-cpu', '1', '-o', 'json', '-']
    const { out } = await outrigger(given, DEPLOYMENT)
    const { byRequest, nodes } = JSON.parse(out)
    assert.equal(byRequest.perMonth, 5 * 730)
    assert.deepEqual([nodes.needed, nodes.without], [55, 50])
  })

  it('compares with our own sidecar as the catalogue has it', async () => {
    const { out } = await outrigger(['-o', 'json', '-'], DEPLOYMENT)
    const { exchange } = JSON.parse(out)
    assert.equal(exchange.workloads, 1)
    assert.deepEqual(exchange.instead.amounts, { cpu: 0.25, memory: 10 * 96 * 2 ** 20 })
  })

  it('takes measured usage from a file of the metrics API', async () => {
    await write('usage.json', USAGE)
    const { out } = await outrigger(['--usage', 'usage.json', '-'], DEPLOYMENT)
    assert.match(out, /by usage +70m +210Mi /)
  })

  it('asks Prometheus, also behind a path and a password', async () => {
    const asked: (string | undefined)[] = []
    const server = createServer((request, response) => {
      const query = new URL(request.url!, 'http://localhost').searchParams.get('query')!
      asked.push(request.headers.authorization)
      const value = query.includes('cpu') ? '0.007' : String(21 * 2 ** 20)
      const metric = { namespace: 'shop', pod: POD, container: 'fluent-bit' }
      response.end(JSON.stringify({ status: 'success', data: { result: [{ metric, value: [0, value] }] } }))
      assert.match(request.url!, /^\/prometheus\/api\/v1\/query\?query=/)
    }).listen(0, '127.0.0.1')
    try {
      await new Promise(resolve => server.once('listening', resolve))
      const url = `http://me:secret@127.0.0.1:${(server.address() as AddressInfo).port}/prometheus/`
      const { out, err } = await outrigger(['--prometheus', url, '-'], DEPLOYMENT)
      assert.equal(err, '')
      assert.match(out, /by usage +70m +210Mi /)
      const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`
      assert.deepEqual(asked.splice(0), [basic, basic])
      await write('token', 'abc\n')
      const open = url.replace('me:secret@', '')
      await outrigger(['--prometheus', open, '--prometheus-token-file', 'token', '-'], DEPLOYMENT)
      assert.deepEqual(asked, ['Bearer abc', 'Bearer abc'])
    } finally {
      server.close()
    }
  })

  const wrong: readonly (readonly [argv: string[], message: RegExp])[] = [
    [[], /which files\?/],
    [['--cluster', 'a.yaml'], /files or --cluster, not both/],
    [['-n', 'shop', 'a.yaml'], /--namespace goes with --cluster/],
    [['-o', 'pdf', '-'], /expected text, json, html, got "pdf"/],
    [['--pods', '-1', '-'], /--pods/],
    [['--nodes', 'many', '-'], /--nodes: expected a number from 1 on, got "many"/],
    [['--node-memory', '16GB', '-'], /--node-memory: expected a quantity such as 13Gi, got "16GB"/],
    [['--usage', 'none.json', '-'], /none\.json/],
    [['--usage', 'a.yaml', '-'], /is no JSON/],
    [['--usage', 'a.yaml', '--metrics-api', '-'], /takes one of --usage, --metrics-api/],
    [['--prometheus-token-file', 'a.yaml', '-'], /goes with --prometheus/],
    [['--prometheus', 'http://127.0.0.1:1', '--prometheus-token-file', 'a.yaml', '-'], /holds no token/],
    [['--prometheus', 'prometheus:9090', '-'], /expected a URL such as/],
    [['--prometheus', 'http://127.0.0.1:1', '-'], /Prometheus at 127\.0\.0\.1:1 does not answer/],
    [['--prices', 'a.yaml', '-'], /"apiVersion" is no price/],
    [['none.yaml'], /there is no such file/],
  ]
  for (const [argv, message] of wrong)
    it(`refuses ${JSON.stringify(argv)} and prints nothing`, async () => {
      await write('a.yaml', DEPLOYMENT)
      const { code, out, err } = await outrigger(argv, DEPLOYMENT)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, message)
    })

  it('tells where a manifest cannot be read, and when there is no workload', async () => {
    const bad = await outrigger(['-'], 'kind: Pod\n\tspec: 1\n')
    assert.deepEqual([bad.code, bad.out], [2, ''])
    assert.match(bad.err, /:2:1/)
    const none = await outrigger(['-'], 'kind: Service\n')
    assert.deepEqual(
      [none.code, none.err.split('\n')[0]],
      [2, 'outrigger overhead: there is no workload in what was read'],
    )
  })
})

describe('outrigger overhead --cluster', () => {
  const owner = { kind: 'ReplicaSet', name: 'web-5d4f6c8b9d', controller: true }
  const pod = {
    kind: 'Pod',
    metadata: {
      ...{ name: POD, namespace: 'shop', ownerReferences: [owner] },
      labels: { 'pod-template-hash': '5d4f6c8b9d' },
    },
    spec: {
      containers: [
        { name: 'web', resources: { requests: { cpu: '500m', memory: '512Mi' } } },
        {
          name: 'istio-proxy',
          image: 'istio/proxyv2:1.25.0',
          resources: { requests: { cpu: '100m', memory: '128Mi' } },
        },
      ],
    },
    status: { phase: 'Running' },
  }
  const node = { kind: 'Node', status: { allocatable: { cpu: '2', memory: '8Gi', pods: '30' } } }

  const scaler = {
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'shop' },
    spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 7 },
  }

  /** A kubectl that answers from files, and fails where there is none. */
  async function kubectl(answers: Readonly<Record<string, object>>): Promise<void> {
    for (const [name, answer] of Object.entries(answers)) await write(`${name}.answer`, answer)
    await write(
      'kubectl',
      `#!/bin/sh
printf '%s\\n' "$*" >> "${folder}/asked"
case "$2" in
  pods) answer=pods ;;
  horizontalpodautoscalers.autoscaling) answer=scalers ;;
  nodes) answer=nodes ;;
  --raw) answer=usage ;;
esac
[ -f "${folder}/$answer.answer" ] || { echo "Error from server (Forbidden): no $answer for you" >&2; exit 1; }
exec cat "${folder}/$answer.answer"
`,
    )
    await chmod(join(folder, 'kubectl'), 0o755)
  }

  it('counts the pods that run with what was injected into them, and the nodes there are', async () => {
    const usage = {
      items: [
        {
          metadata: { name: POD, namespace: 'shop' },
          containers: [{ name: 'istio-proxy', usage: { cpu: '12m', memory: '61Mi' } }],
        },
      ],
    }
    await kubectl({
      pods: { items: [pod] },
      scalers: { items: [scaler] },
      nodes: { items: [node, node] },
      usage,
    })
    const { code, out, err } = await outrigger(['--cluster', '-n', 'shop', '--metrics-api', '-o', 'json'])
    assert.deepEqual([code, err], [0, ''])
    const { workloads, nodes, byUsage, atMost } = JSON.parse(out)
    assert.equal(atMost.pods, 7)
    const [{ kind, name, pods, podsFrom, sidecars }] = workloads
    assert.deepEqual(
      [kind, name, pods, podsFrom],
      ['Deployment', 'web', 1, 'running; autoscaled from 1 to 7'],
    )
    assert.equal(sidecars[0].program, 'istio')
    assert.equal(nodes.counted, 2)
    assert.equal(byUsage.amounts.cpu, 0.012)
    assert.equal(
      (await readFile(join(folder, 'asked'), 'utf8')).split('\n')[0],
      'get pods --namespace shop -o json',
    )
  })

  it('does without nodes and autoscalers that may not be read', async () => {
    await kubectl({ pods: { items: [pod] } })
    const { code, out, err } = await outrigger(['--cluster'])
    assert.equal(code, 0)
    assert.match(err, /the autoscalers of the cluster are not known/)
    assert.match(err, /the nodes of the cluster are not known \(.*no nodes for you\)/)
    assert.match(out, /by request +100m +128Mi/)
  })

  it('ends with what kubectl says', async () => {
    await kubectl({})
    const { code, out, err } = await outrigger(['--cluster'])
    assert.deepEqual([code, out], [2, ''])
    assert.match(err, /Forbidden/)
  })
})
