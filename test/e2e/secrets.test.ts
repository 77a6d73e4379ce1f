/** Secrets of a real OpenBao server, delivered by a real sidecar. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { freePort } from '../fakes/free-port.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'

const skip = missing('bao')
const launcher = join(import.meta.dirname, '../../bin/outrigger.js')

async function startSidecar(
  t: TestContext,
  configuration: string,
  application?: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const sidecar = await spawnSidecar(configuration, {
    env,
    ...(application !== undefined && { application }),
  })
  t.after(() => sidecar[Symbol.asyncDispose]())
  return sidecar
}

async function server(t: TestContext): Promise<OpenBao> {
  const bao = await startOpenBao()
  t.after(() => bao.stop())
  return bao
}

const source = (bao: OpenBao) => `
    - vault: { address: '${bao.url}', interval: 1s, auth: { token: { token: ${bao.rootToken} } } }`

const text = (path: string) => readFile(path, 'utf8').catch(() => '')

test('an entry, a whole secret and several files that change together reach their places, and follow the server', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'first-of-all', user: 'joe' } })
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
  deliveries:
    - file: { path: '@FOLDER@/out/password', secret: 'secret/app#password' }
    - file: { path: '@FOLDER@/out/app.json', secret: secret/app, mode: '0640' }
    - folder:
        path: '@FOLDER@/both'
        files:
          - { name: password, secret: 'secret/app#password' }
          - { name: app.env, secret: secret/app, format: env }
`,
  )
  const path = (name: string) => join(sidecar.folder, name)
  await sidecar.until('the sidecar', () => sidecar.output().includes('"event":"ready"'))
  assert.equal(await text(path('out/password')), 'first-of-all')
  assert.equal((await stat(path('out/password'))).mode & 0o777, 0o600)
  assert.equal((await stat(path('out/app.json'))).mode & 0o777, 0o640)
  assert.deepEqual(JSON.parse(await text(path('out/app.json'))), { password: 'first-of-all', user: 'joe' })
  assert.equal(await text(path('both/app.env')), 'password=first-of-all\nuser=joe\n')

  await bao.request('POST', 'secret/data/app', { data: { password: 'second-of-all', user: 'joe' } })
  await sidecar.until('the new password', async () => (await text(path('both/password'))) === 'second-of-all')
  assert.equal(await text(path('both/app.env')), 'password=second-of-all\nuser=joe\n')
  await sidecar.until('its file', async () => (await text(path('out/password'))) === 'second-of-all')
  assert.equal(await sidecar.end(), 0)
  assert.ok(!/(first|second)-of-all/.test(sidecar.output()), 'the log holds no secret')
})

test('the application starts with the secrets in its environment, and is restarted with others', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'one' } })
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
  deliveries:
    - environment:
        variables: { DB_PASSWORD: { secret: 'secret/app#password' } }
        onChange: [restart: {}]
        pace: { debounce: 50ms, interval: 100ms }
`,
    ['/bin/sh', '-c', 'echo "application has $DB_PASSWORD"; while :; do sleep 0.05; done'],
  )
  await sidecar.until('the application', () => sidecar.output().includes('application has one'))
  await bao.request('POST', 'secret/data/app', { data: { password: 'two' } })
  await sidecar.until('its restart', () => sidecar.output().includes('application has two'))
  await sidecar.end()
})

test('a signal tells the application of a new file, and not of the one that it has started with', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'one' } })
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
  deliveries:
    - file:
        path: '@FOLDER@/password'
        secret: 'secret/app#password'
        onChange: [signal: { name: HUP }, command: { run: [sh, -c, 'echo "$OUTRIGGER_CHANGED" >> changes'] }]
        pace: { debounce: 50ms, interval: 100ms }
`,
    [
      '/bin/sh',
      '-c',
      'trap "echo hung up; cat password; echo" HUP; echo started; while :; do sleep 0.05; done',
    ],
  )
  await sidecar.until('the application', () => sidecar.output().includes('started'))
  await sidecar.until(
    'the first command',
    async () => (await text(join(sidecar.folder, 'changes'))) === 'file\n',
  )
  await bao.request('POST', 'secret/data/app', { data: { password: 'two' } })
  await sidecar.until('the signal', () => sidecar.output().includes('hung up\ntwo'))
  assert.equal(sidecar.output().split('hung up').length, 2)
  await sidecar.end()
})

test('without the server the application waits; it starts once the server is there, and no restart of the sidecar is needed', {
  skip,
}, async t => {
  const bao = await startOpenBao()
  const port = Number(new URL(bao.url).port)
  await bao.kill()
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources:
    - vault:
        address: '${bao.url}'
        interval: 1s
        loginBackoff: { min: 100ms, max: 1s }
        auth: { token: { token: ${bao.rootToken} } }
  deliveries:
    - file: { path: '@FOLDER@/password', secret: 'secret/app#password' }
`,
    ['/bin/sh', '-c', 'echo "application has $(cat password)"; while :; do sleep 0.05; done'],
  )
  await sidecar.until(
    'the reason',
    () => sidecar.output().includes('nothing listens at') || sidecar.output().includes('refused'),
  )
  assert.ok(!sidecar.output().includes('application has'))
  const again = await startOpenBao({ port })
  t.after(() => again.stop())
  await again.request('POST', 'secret/data/app', { data: { password: 'late' } })
  await sidecar.until('the application', () => sidecar.output().includes('application has late'))
  await sidecar.end()
})

test('a path that is forbidden, and one that is not there, are named with what to do, and disturb no other delivery', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'here' } })
  await bao.request('PUT', 'sys/policies/acl/app', {
    policy:
      'path "secret/data/app" { capabilities = ["read"] }\npath "secret/data/none" { capabilities = ["read"] }',
  })
  const { auth } = await bao.request('POST', 'auth/token/create', { policies: ['app'] })
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources:
    - vault: { address: '${bao.url}', auth: { token: { token: ${auth.client_token} } } }
  deliveries:
    - file: { path: '@FOLDER@/good', secret: 'secret/app#password' }
    - file: { path: '@FOLDER@/forbidden', secret: 'secret/other#password' }
    - file: { path: '@FOLDER@/missing', secret: 'secret/none#password' }
    - file: { path: '@FOLDER@/entry', secret: 'secret/app#nothing' }
`,
  )
  await sidecar.until('the good one', async () => (await text(join(sidecar.folder, 'good'))) === 'here')
  for (const words of [
    'vault:secret/other: GET secret/data/other: permission denied (403): the policies of our token do not allow',
    'vault:secret/none: GET secret/data/none: status 404: there is no such secret',
  ])
    await sidecar.until(words, () => sidecar.output().includes(words))
  assert.ok(!sidecar.output().includes(auth.client_token), 'the log holds no token')
  await sidecar.end()
})

test('another module takes a secret by a reference, starts once it is there, and is the only one that a new value touches', {
  skip,
}, async t => {
  const bao = await server(t)
  const got: string[] = []
  const receiver = createServer((request, response) => {
    got.push(String(request.headers['authorization']))
    request.resume().on('end', () => response.end())
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  t.after(() => receiver.close())
  const { port } = receiver.address() as AddressInfo
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
logs:
  inputs: [dummy: { record: '{"a":1}', interval: 50ms }]
  outputs:
    - http: { url: 'http://127.0.0.1:${port}/', auth: { bearer: '\${secret:secret/receiver#token}' } }
metrics:
  outputs: [prometheus: { listen: '127.0.0.1:0' }]
`,
  )
  await sidecar.until('the reason', () =>
    sidecar.output().includes('vault:secret/receiver: GET secret/data/receiver'),
  )
  assert.equal(got.length, 0)
  await bao.request('POST', 'secret/data/receiver', { data: { token: 'first-token' } })
  await sidecar.until('the first token', () => got.includes('Bearer first-token'))
  await bao.request('POST', 'secret/data/receiver', { data: { token: 'second-token' } })
  await sidecar.until('the second token', () => got.includes('Bearer second-token'))
  const reloads = sidecar
    .output()
    .split('\n')
    .filter(line => line.includes('"event":"reload_applied"'))
    .map(line => JSON.parse(line))
  assert.deepEqual(
    reloads.map(({ trigger, started, replaced, updated }) => ({
      trigger,
      started,
      touched: [...replaced, ...updated],
    })),
    [
      { trigger: 'secret', started: ['logs'], touched: [] },
      { trigger: 'secret', started: [], touched: ['logs'] },
    ],
  )
  assert.equal(await sidecar.end(), 0)
  assert.ok(!/(first|second)-token/.test(sidecar.output()))
})

test('people see what has become of their secrets, and what would be written, without a value', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'value-of-the-test' } })
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
  deliveries:
    - file: { name: good, path: '@FOLDER@/good', template: '{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}' }
    - file: { name: waiting, path: '@FOLDER@/waiting', secret: 'secret/none#password' }
`,
  )
  await sidecar.until(
    'the good one',
    async () => (await text(join(sidecar.folder, 'good'))) === 'value-of-the-test',
  )
  const outrigger = async (...args: string[]) => {
    const run = promisify(execFile)(process.execPath, [launcher, 'secrets', ...args], { cwd: sidecar.folder })
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      error => error as { stdout: string; code: number },
    )
    return { stdout, code }
  }
  const status = await outrigger('status')
  assert.equal(status.code, 1)
  assert.match(status.stdout, /^vault:secret\/app +fresh +- +[\d.]+ s$/m)
  assert.match(status.stdout, /^vault:secret\/none +waiting .*there is no such secret/ms)
  assert.match(status.stdout, /^good +\S+good +ok +1$/m)
  assert.equal(JSON.parse((await outrigger('status', '--json')).stdout).secrets[0].usedBy[0], 'good')
  const explained = await outrigger('explain', 'waiting')
  assert.match(explained.stdout, /There was no value yet; what needs it waits/)
  assert.match(explained.stdout, /The next try is in/)
  const rendered = await outrigger('render', '--dry-run', '--timeout', '2s')
  assert.equal(rendered.code, 1)
  assert.match(rendered.stdout, /^good +\S+good +17 bytes +stay as it is +vault:secret\/app$/m)
  assert.match(rendered.stdout, /^waiting .*cannot be made: vault:secret\/none:/m)
  for (const { stdout } of [status, explained, rendered]) assert.ok(!stdout.includes('value-of-the-test'))
  const revealed = await outrigger('render', '--dry-run', '--reveal', '--timeout', '2s')
  assert.match(revealed.stdout, /### \S+good\nvalue-of-the-test\n/)
})

test('the application asks Vault’s API on this machine: with the sidecar’s token, or of any source as a KV engine', {
  skip,
}, async t => {
  const bao = await server(t)
  await bao.request('POST', 'secret/data/app', { data: { password: 'of-the-server' } })
  const [gatewayPort, apiPort] = [await freePort(), await freePort()]
  const sidecar = await startSidecar(
    t,
    `secrets:
  sources: ${source(bao)}
    - environment: { prefix: E2E_ }
  deliveries:
    - gateway: { listen: '127.0.0.1:${gatewayPort}' }
    - api: { listen: '127.0.0.1:${apiPort}', source: environment, token: token-of-the-application }
`,
    undefined,
    { E2E_APP_PASSWORD: 'of-the-environment' },
  )
  await sidecar.until('the sidecar', () => sidecar.output().includes('"event":"ready"'))
  const ask = async (port: number, headers: Record<string, string>) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/secret/data/app`, { headers })
    return [
      answer.status,
      ((await answer.json()) as { data?: { data?: { password?: string } } }).data?.data?.password,
    ]
  }
  assert.deepEqual(await ask(gatewayPort, { 'x-vault-request': 'true' }), [200, 'of-the-server'])
  assert.deepEqual(await ask(gatewayPort, {}), [412, undefined])
  assert.deepEqual(await ask(apiPort, { 'x-vault-token': 'token-of-the-application' }), [
    200,
    'of-the-environment',
  ])
  assert.deepEqual(await ask(apiPort, { 'x-vault-token': 'another' }), [403, undefined])
  assert.equal(await sidecar.end(), 0)
})
