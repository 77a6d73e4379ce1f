import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { cannotHaveNamespaces, joinPods, Namespace } from './namespace.ts'

const OUTRIGGER = join(import.meta.dirname, '..', '..', 'bin', 'outrigger.js')
const SIDECAR_UID = 1337
const APPLICATION_UID = 1000
const NAME = 'services'

/** Each port says its own number: 900x with the first byte that it hears, 540x at once, 800x over HTTP. */
const SERVERS = `
  const net = require('node:net')
  for (const port of [9001, 9002, 5401, 5402])
    net.createServer(socket => {
      socket.on('error', () => {})
      if (port > 9000) socket.once('data', first => socket.end(port + ' ' + first[0]))
      else socket.end('port ' + port)
    }).listen(port, '::')
  for (const port of [8001, 8002])
    require('node:http').createServer((request, response) => response.end('http ' + port)).listen(port, '::')
  console.log('ready')
`

/** Prints what it hears until the other side closes. */
const CLIENT = `
  const [, host, port, servername] = process.argv
  const socket = require('node:net').connect({ host, port: Number(port) })
  if (servername) {
    // Its answer is no TLS: it is read as it comes.
    const [near, far] = require('node:stream').duplexPair()
    require('node:tls').connect({ socket: near, servername }).on('error', () => {})
    far.on('data', chunk => socket.write(chunk))
  }
  let heard = ''
  socket.on('data', chunk => { heard += chunk })
  socket.on('close', () => console.log(heard || 'closed'))
  socket.on('error', () => {})
`

const end = (port: number) => ({ endpoints: [{ address: `10.79.0.2:${port}` }] })
const route = (kind: string, name: string, backend: string, more: object = {}) => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind,
  metadata: { name },
  spec: {
    parentRefs: [{ kind: 'Service', name }],
    ...more,
    rules: [{ backendRefs: [{ kind: 'Cluster', name: backend }] }],
  },
})
const VAULT = ['vault', 'vault.shop', 'vault.shop.svc', 'vault.shop.svc.cluster.local']
const configuration = {
  admin: { listen: '127.0.0.1:19000' },
  proxy: {
    namespace: 'shop',
    listeners: [{ name: 'outbound', listen: '[::]:15001', outbound: {} }],
    upstreams: {
      'vault-next': end(9002),
      'db-next': end(5402),
      'web-next': end(8002),
      plain: end(8001),
      'db:5401': { ...end(5401), clusterIPs: ['10.96.0.5', 'fd96::5'] },
      'queue:5401': { ...end(5402), clusterIPs: ['10.96.0.6'] },
      'web:8001': { ...end(8001), clusterIPs: ['10.96.0.7'] },
    },
    routes: [
      route('TLSRoute', 'vault', 'vault-next', { hostnames: VAULT }),
      route('TCPRoute', 'db', 'db-next'),
      route('HTTPRoute', 'web', 'web-next'),
    ],
  },
}

describe('captured connections to Services', {
  skip: cannotHaveNamespaces('nft', 'setpriv', 'curl'),
}, () => {
  const stack = new AsyncDisposableStack()
  let pod: Namespace
  let file = ''

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-services-'))
    stack.defer(() => rm(folder, { recursive: true, maxRetries: 9 }))
    await chmod(folder, 0o755)
    file = join(folder, 'outrigger.yaml')
    await writeFile(file, JSON.stringify(configuration))
    pod = stack.use(await Namespace.create(NAME))
    const outside = stack.use(await Namespace.create(`${NAME}-outside`))
    await joinPods(pod, outside, { four: '10.79.0', six: 'fd79' })
    await pod.run('ip', 'route', 'add', '10.96.0.0/16', 'via', '10.79.0.2')
    await pod.run('ip', '-6', 'route', 'add', 'fd96::/16', 'via', 'fd79::2')
    await pod.run(process.execPath, OUTRIGGER, 'capture', 'apply', '--backend', 'nft')
    await outside.started(APPLICATION_UID, /ready/, process.execPath, '-e', SERVERS)
    await pod.started(SIDECAR_UID, /ready/, process.execPath, OUTRIGGER, 'run', '-c', file)
  })
  after(() => stack.disposeAsync())

  const asked = (...command: string[]) =>
    pod.run('setpriv', `--reuid=${APPLICATION_UID}`, '--clear-groups', ...command)
  const talk = async (host: string, port: number, ...serverName: string[]) =>
    (await asked(process.execPath, '-e', CLIENT, host, String(port), ...serverName)).trim()

  const web = async (host: string) =>
    asked('curl', '-sS', '--max-time', '10', '-H', `Host: ${host}`, 'http://10.96.0.7:8001/')
  const told = (line: string) =>
    pod.run(process.execPath, OUTRIGGER, 'proxy', 'explain', '--live', '-c', file, line)

  for (const name of VAULT)
    test(`TLS for ${name} goes by the TLSRoute of the Service that it names`, async () => {
      assert.equal(await talk('10.79.0.2', 9001, name), '9002 22')
      assert.match(await told(`tls://${name}:9001`), /^rule TLSRoute\/shop\/vault\/0$/m)
    })

  test('TLS for another name goes to where it was sent', async () => {
    assert.equal(await talk('10.79.0.2', 9001, 'example.com'), '9001 22')
  })

  for (const address of ['10.96.0.5', 'fd96::5'])
    test(`opaque TCP to ${address} goes by the TCPRoute of the Service that has this cluster IP`, async () => {
      assert.equal(await talk(address, 5401), 'port 5402')
      const place = address.includes(':') ? `[${address}]` : address
      assert.match(await told(`tcp://${place}:5401`), /^rule TCPRoute\/shop\/db\/0$/m)
    })

  test('opaque TCP to a cluster IP without a route goes to the upstream of its Service', async () => {
    assert.equal(await talk('10.96.0.6', 5401), 'port 5402')
    assert.match(await told('tcp://10.96.0.6:5401'), /the upstream that it names/)
  })

  test('opaque TCP to another address goes to where it was sent', async () => {
    assert.equal(await talk('10.79.0.2', 5401), 'port 5401')
  })

  test('HTTP goes by its host, and by the cluster IP where the host names nothing', async () => {
    assert.equal(await web('web:8001'), 'http 8002')
    assert.equal(await web('example.com'), 'http 8002')
    assert.equal(await web('plain'), 'http 8001')
    assert.match(await told('GET http://10.96.0.7:8001/'), /^rule HTTPRoute\/shop\/web\/0$/m)
  })
})
