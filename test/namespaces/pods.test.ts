import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { cannotHaveNamespaces, joinPods, Namespace } from './namespace.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..', '..')
const OUTRIGGER = join(ROOT, 'bin', 'outrigger.js')
const SIDECAR_UID = 1337
const APPLICATION_UID = 1000
const APPLICATION_OF_ONE = 'spiffe://example.org/ns/shop/sa/one'

/** Says over HTTP who asks for what; on 9000 it speaks first, as databases do, and then echoes. */
const APPLICATION = `
  require('node:http').createServer((request, response) => {
    const { host, via, 'x-forwarded-for': from, 'x-forwarded-client-cert': certificate } = request.headers
    response.end(JSON.stringify({ host, via: via !== undefined, from, certificate, path: request.url }))
  }).listen(8080, '::')
  require('node:net').createServer(socket => { socket.write('hello\\n'); socket.pipe(socket) }).listen(9000, '::')
  console.log('ready')
`

const configuration = (folder: string, name: string, mutualTls = 'permissive'): string => `
admin: {listen: "127.0.0.1:0"}
proxy:
  identity:
    files: {cert: ${folder}/${name}/tls.crt, key: ${folder}/${name}/tls.key, ca: ${folder}/${name}/ca.crt}
  listeners:
    - name: inbound
      listen: "[::]:15006"
      inbound: {}
      tls: {mode: permissive, forwardClientCert: sanitize_set}
    - {name: outbound, listen: "[::]:15001", outbound: {mutualTls: ${mutualTls}}}
  peers: {list: {file: {path: ${folder}/peers.yaml}}}
  upstreams:
    other:
      endpoints: [{address: "10.77.0.2:8080", identity: "spiffe://example.org/ns/shop/sa/other"}]
`

describe('two pods with a sidecar each', { skip: cannotHaveNamespaces('nft', 'setpriv', 'curl') }, () => {
  const stack = new AsyncDisposableStack()
  let one: Namespace
  let other: Namespace
  let folder = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outrigger-pods-'))
    await chmod(folder, 0o755)
    stack.defer(() => rm(folder, { recursive: true, maxRetries: 9 }))
    await run(process.execPath, [OUTRIGGER, 'ca', 'init', '--trust-domain', 'example.org'], { cwd: folder })
    // Of the ports of the second pod 9000 over IPv6 is the one of which nobody says who is there.
    const identity = 'spiffe://example.org/ns/shop/sa/other'
    const peers = ['[fd77:0::2]:8080', '10.77.0.2:9000'].map(address => ({ address, identity }))
    await writeFile(join(folder, 'peers.yaml'), JSON.stringify({ endpoints: peers }))
    one = stack.use(await Namespace.create('one'))
    other = stack.use(await Namespace.create('other'))
    await joinPods(one, other, { four: '10.77.0', six: 'fd77' })
    for (const [pod, name] of [
      [one, 'one'],
      [other, 'other'],
    ] as const) {
      const issue = ['ca', 'issue', '--ns', 'shop', '--sa', name, '--out', name]
      await run(process.execPath, [OUTRIGGER, ...issue], { cwd: folder })
      await run('chown', ['-R', String(SIDECAR_UID), join(folder, name)])
      const file = join(folder, `${name}.yaml`)
      await writeFile(file, configuration(folder, name))
      await pod.run(process.execPath, OUTRIGGER, 'capture', 'apply', '--backend', 'nft')
      await pod.started(APPLICATION_UID, /ready/, process.execPath, '-e', APPLICATION)
      says.set(pod, await pod.started(SIDECAR_UID, /ready/, process.execPath, OUTRIGGER, 'run', '-c', file))
    }
  })
  after(() => stack.disposeAsync())

  const curl = (...args: string[]) =>
    one.run(
      'setpriv',
      `--reuid=${APPLICATION_UID}`,
      `--regid=${APPLICATION_UID}`,
      '--clear-groups',
      'curl',
      '-sS',
      '--max-time',
      '10',
      ...args,
    )

  for (const [family, address] of [
    ['IPv4', '10.77.0.2'],
    ['IPv6', '[fd77::2]'],
  ] as const) {
    test(`HTTP goes through both sidecars to where it was meant to go, over ${family}`, async () => {
      const answer = JSON.parse(await curl('-H', 'Host: shop.test', `http://${address}:8080/a//b?c`))
      assert.equal(answer.host, 'shop.test')
      assert.equal(answer.via, true)
      assert.match(answer.from, /10\.77\.0\.1|fd77::1/)
      assert.equal(answer.path.replace('/a/b', '/a//b'), '/a//b?c')
    })

    test(`a server that speaks first is heard, over ${family}`, async () => {
      assert.match(await talk(address, 9000, 'ping\n'), /^hello\nping\n$/)
    })
  }

  test('the sidecars know each other by mutual TLS, and the application hears who asks', async () => {
    const answer = JSON.parse(await curl('-H', 'Host: other', 'http://10.77.0.2:8080/known'))
    assert.match(answer.certificate, /URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/one/)
    assert.equal(answer.path, '/known')
  })

  for (const [family, address] of [
    ['IPv4', '10.77.0.2'],
    ['IPv6', '[fd77::2]'],
  ] as const)
    test(`they do so where only the address is known that was meant, over ${family}`, async () => {
      const answer = JSON.parse(await curl('-H', 'Host: shop.test', `http://${address}:8080/`))
      assert.match(answer.certificate, /URI=spiffe:\/\/example\.org\/ns\/shop\/sa\/one/)
      assert.equal(answer.host, 'shop.test')
    })

  test('they do so for a server that speaks first, and count by whom it was called', async () => {
    const before = await calledBy(APPLICATION_OF_ONE)
    assert.match(await talk('10.77.0.2', 9000, 'ping\n'), /^hello\nping\n$/)
    while ((await calledBy(APPLICATION_OF_ONE)) === before);
  })

  test('what the sidecar says of itself shows both directions', async () => {
    assert.match(
      await metrics(one),
      /requests_total\{[^}]*listener="outbound"[^}]*cluster="passthrough"[^}]*\} [1-9]/,
    )
    assert.match(
      await metrics(other),
      /requests_total\{[^}]*listener="inbound"[^}]*cluster="application"[^}]*\} [1-9]/,
    )
  })

  test('a link that is cut is told as such, and used again when it is back', async () => {
    await one.run('ip', 'link', 'set', 'eth0', 'down')
    const cut = await curl('-o', '/dev/null', '-w', '%{http_code}', 'http://10.77.0.2:8080/').catch(String)
    assert.match(cut, /50[234]|Could not connect|Failed to connect|unreachable/)
    await one.run('ip', 'link', 'set', 'eth0', 'up')
    await one.run('ip', '-6', 'addr', 'replace', 'fd77::1/64', 'dev', 'eth0', 'nodad')
    const back = await curl('--retry', '5', '--retry-all-errors', '-f', 'http://10.77.0.2:8080/')
    assert.equal(JSON.parse(back).path, '/')
  })

  test('nobody from outside reaches the sidecar’s own ports through it', async () => {
    const status = (port: number) =>
      other
        .run(
          'setpriv',
          `--reuid=${SIDECAR_UID}`,
          '--clear-groups',
          'curl',
          '-s',
          '-w',
          '%{http_code}',
          '-o',
          '/dev/null',
          '-H',
          'Host: 10.77.0.1:8080',
          `http://10.77.0.1:${port}/`,
        )
        .catch(() => 'no answer')
    assert.equal(await status(8080), '200')
    assert.equal(await status(15_006), '404')
    assert.equal(await status(15_001), 'no answer')
  })

  test('with strict mutual TLS nothing goes to where nobody is known, and the rest goes on', async () => {
    const file = join(folder, 'one.yaml')
    await writeFile(file, configuration(folder, 'one', 'strict'))
    const unknown = () => talk('[fd77::2]', 9000, 'ping\n')
    while ((await unknown()) !== '');
    assert.match(await metrics(one), /requests_total\{[^}]*failure="identity_unknown"[^}]*\} [1-9]/)
    assert.match(await talk('10.77.0.2', 9000, 'ping\n'), /^hello\nping\n$/)
    const answer = JSON.parse(await curl('http://[fd77::2]:8080/'))
    assert.match(answer.certificate, /sa\/one/)
    await writeFile(file, configuration(folder, 'one'))
    while ((await unknown()) === '');
  })

  /** How many TCP connections of this identity the second pod has taken. */
  async function calledBy(identity: string): Promise<number> {
    const lines = (await metrics(other)).split('\n').filter(line => line.includes('requests_total{'))
    const own = lines.filter(
      line => line.includes('listener="inbound"') && line.includes(`source="${identity}"`),
    )
    return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  /** Through the application's side of the first pod. */
  async function talk(host: string, port: number, text: string): Promise<string> {
    const script = `
      const socket = require('node:net').connect({ host: process.argv[1], port: Number(process.argv[2]) })
      let heard = ''
      socket.on('data', chunk => {
        heard += chunk
        if (heard === 'hello\\n') socket.write(process.argv[3])
        if (heard.endsWith(process.argv[3])) { process.stdout.write(heard); socket.destroy() }
      })
      socket.on('error', () => {})
    `
    const plain = host.replace(/[[\]]/g, '')
    return one.run(
      'setpriv',
      `--reuid=${APPLICATION_UID}`,
      '--clear-groups',
      process.execPath,
      '-e',
      script,
      plain,
      String(port),
      text,
    )
  }
})

const says = new Map<Namespace, () => string>()

function metrics(pod: Namespace): Promise<string> {
  const address = /127\.0\.0\.1:(\d{4,5})/.exec(says.get(pod)!())![0]
  return pod.run('curl', '-sS', `http://${address}/metrics`)
}
