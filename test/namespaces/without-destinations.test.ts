import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { cannotHaveNamespaces, joinPods, Namespace } from './namespace.ts'

const OUTRIGGER = join(import.meta.dirname, '..', '..', 'bin', 'outrigger.js')
const SIDECAR_UID = 1337
const APPLICATION_UID = 1000
const NAME = 'without-ffi'

/** HTTP on 8080 and 9090; on 5432 and 9000 it speaks first, as databases do, and then echoes. */
const SERVERS = `
  for (const port of [8080, 9090])
    require('node:http').createServer((request, response) => response.end('http ' + port)).listen(port, '::')
  for (const port of [5432, 9000])
    require('node:net').createServer(socket => { socket.write('hello ' + port + '\\n'); socket.pipe(socket) }).listen(port, '::')
  console.log('ready')
`

const CONFIGURATION = `
admin: {listen: "127.0.0.1:19000"}
proxy:
  listeners:
    - name: inbound
      listen: "[::]:15006"
      inbound:
        upstream: application
        ports: [{port: 9090, listenPort: 15090, upstream: second}]
    - name: outbound
      listen: "[::]:15001"
      outbound:
        ports: [{port: 5432, listenPort: 15432, upstream: database}]
  upstreams:
    application: {endpoints: [{address: "127.0.0.1:8080"}]}
    second: {endpoints: [{address: "127.0.0.1:9090"}]}
    database: {endpoints: [{address: "10.78.0.2:5432"}]}
`

/** Prints what it hears, and ends when it has heard its own word again or the other side has closed. */
const CLIENT = `
  const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) })
  socket.on('data', chunk => {
    process.stdout.write(chunk)
    if (String(chunk).startsWith('hello')) socket.write('ping')
    else socket.destroy()
  })
  socket.on('end', () => process.stdout.write('closed'))
  socket.on('error', () => process.stdout.write('closed'))
`

describe('a sidecar that cannot ask for original destinations', {
  skip: cannotHaveNamespaces('nft', 'setpriv', 'curl'),
}, () => {
  const stack = new AsyncDisposableStack()
  let pod: Namespace
  let outside: Namespace

  before(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-ports-'))
    stack.defer(() => rm(folder, { recursive: true, maxRetries: 9 }))
    await chmod(folder, 0o755)
    const file = join(folder, 'outrigger.yaml')
    await writeFile(file, CONFIGURATION)
    pod = stack.use(await Namespace.create(NAME))
    outside = stack.use(await Namespace.create(`${NAME}-outside`))
    await joinPods(pod, outside, { four: '10.78.0', six: 'fd78' })
    const map = ['--inbound-port-map', '9090:15090', '--outbound-port-map', '5432:15432']
    await pod.run(process.execPath, OUTRIGGER, 'capture', 'apply', '--backend', 'nft', ...map)
    for (const place of [pod, outside])
      await place.started(APPLICATION_UID, /ready/, process.execPath, '-e', SERVERS)
    const run = ['--no-experimental-ffi', OUTRIGGER, 'run', '-c', file]
    await pod.started(SIDECAR_UID, /ready/, process.execPath, ...run)
  })
  after(() => stack.disposeAsync())

  const asked = (...command: string[]) =>
    pod.run('setpriv', `--reuid=${APPLICATION_UID}`, '--clear-groups', ...command)
  const talk = (host: string, port: number) => asked(process.execPath, '-e', CLIENT, host, String(port))
  /** Resolves once the metrics match: a connection is counted when both of its sides have ended. */
  const metric = async (pattern: RegExp) => {
    let seen = ''
    for (let round = 0; round < 200 && !pattern.test(seen); round++)
      seen = await pod.run('curl', '-sS', 'http://127.0.0.1:19000/metrics')
    assert.match(seen, pattern)
  }

  for (const host of ['10.78.0.2', 'fd78::2'])
    test(`a server that speaks first is heard through a port of its own, at ${host}`, async () => {
      assert.equal(await talk(host, 5432), 'hello 5432\nping')
    })

  test('what goes there is counted under its upstream', () =>
    metric(/proxy_requests_total\{listener="outbound",[^}]*cluster="database",class="2xx"[^}]*\} 2/))

  test('HTTP goes by its host', async () => {
    assert.equal(await asked('curl', '-sS', '--max-time', '10', 'http://10.78.0.2:8080/'), 'http 8080')
  })

  test('another server that speaks first is not guessed: the connection is closed and counted', async () => {
    assert.equal(await talk('10.78.0.2', 9000), 'closed')
    await metric(/proxy_requests_total\{listener="outbound",[^}]*failure="route_not_found"[^}]*\} 1/)
  })

  for (const port of [8080, 9090])
    test(`a connection from outside to port ${port} comes to that port of the application`, async () => {
      const url = `http://10.78.0.1:${port}/`
      assert.equal(await outside.run('curl', '-sS', '--max-time', '10', url), `http ${port}`)
    })

  test('nobody outside reaches the port for outbound connections', async () => {
    const answer = outside.run('curl', '-sS', '--max-time', '10', 'http://10.78.0.1:15432/')
    await assert.rejects(answer, /reset|Empty reply/)
  })

  test('the metrics say that it cannot ask', () =>
    metric(/original_destinations_known\{listener="outbound"\} 0/))
})
