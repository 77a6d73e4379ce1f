/** What goes wrong with secrets, each by its name: a clear message, and the last good file stays. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Authority } from '../fakes/certificates.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { spawnSidecar } from '../fakes/sidecar.ts'

const skip = missing('bao')

async function world(t: TestContext): Promise<OpenBao> {
  const bao = await startOpenBao()
  t.after(() => bao.stop())
  return bao
}

const put = (bao: OpenBao, data: object) => bao.request('POST', 'secret/data/app', { data })
const text = (path: string) => readFile(path, 'utf8').catch(() => '')

function configurationOf(bao: OpenBao, delivery: string, more = ''): string {
  return `secrets:
  sources:
    - vault: { address: '${bao.url}', interval: 1s, auth: { token: { token: ${bao.rootToken} } } ${more} }
  deliveries:
    - ${delivery}
`
}

/** Starts with a good value, then breaks something: the words must come, and the file must stay. */
async function breaks(
  t: TestContext,
  given: {
    readonly delivery: string
    readonly break: (bao: OpenBao, folder: string) => Promise<unknown>
    readonly words: RegExp
    readonly first?: object
  },
) {
  const bao = await world(t)
  await put(bao, given.first ?? { password: 'good-value' })
  await using sidecar = await spawnSidecar(configurationOf(bao, given.delivery))
  const file = join(sidecar.folder, 'file')
  await sidecar.until('the good file', async () => (await text(file)).includes('good-value'))
  await given.break(bao, sidecar.folder)
  const status = async () => (await admin(sidecar.folder)) + sidecar.output()
  await sidecar.until(String(given.words), async () => given.words.test(await status()))
  assert.match(await text(file), /good-value/)
  assert.ok(!(await status()).includes('good-value'))
}

/** What the admin API says of the module. */
async function admin(folder: string): Promise<string> {
  const { request } = await import('node:http')
  return new Promise(resolve => {
    const asked = request({
      socketPath: join(folder, 'admin.sock'),
      path: '/secrets',
      headers: { host: 'localhost' },
    })
    asked.on('response', response => {
      let body = ''
      response.setEncoding('utf8').on('data', more => (body += more))
      response.on('end', () => resolve(body))
    })
    asked.on('error', () => resolve(''))
    asked.end()
  })
}

const secret = `file: { path: '@FOLDER@/file', secret: 'secret/app#password' }`
const template = (body: string) => `file: { path: '@FOLDER@/file', template: '${body}' }`

test('a secret that is deleted is missing, and its last good value stays', { skip }, t =>
  breaks(t, {
    delivery: secret,
    break: bao => bao.request('DELETE', 'secret/data/app'),
    words: /this version was deleted/,
  }),
)

test('an entry that is gone is named with those that are there', { skip }, t =>
  breaks(t, {
    delivery: secret,
    break: bao => put(bao, { user: 'joe', pass: 'x' }),
    words: /there is no entry \\?"password\\?"; it has pass, user/,
  }),
)

test('a template that fails with the value in its words does not show it', { skip }, t =>
  breaks(t, {
    delivery: template(
      '{{ with secret "secret/app" }}{{ with .Data.data }}{{ if .broken }}{{ sprig_fail (printf "no %s here" .password) }}{{ end }}{{ .password }}{{ end }}{{ end }}',
    ),
    first: { password: 'good-value', broken: '' },
    break: bao => put(bao, { password: 'good-value', broken: 'yes' }),
    words: /error calling sprig_fail: no \[redacted\] here/,
  }),
)

test('a key that a template misses is named with its place', { skip }, t =>
  breaks(t, {
    delivery: template('{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}'),
    break: bao => put(bao, { other: 'x' }),
    words: /template: file:1:\d+: executing .* map has no entry for key .*password/,
  }),
)

test('a path that has become forbidden is told with the policy that would allow it', { skip }, async t => {
  const bao = await world(t)
  await put(bao, { password: 'good-value' })
  await bao.request('PUT', 'sys/policies/acl/app', {
    policy: 'path "secret/data/app" { capabilities = ["read"] }',
  })
  const { auth } = await bao.request('POST', 'auth/token/create', { policies: ['app'] })
  const configuration = configurationOf({ ...bao, rootToken: auth.client_token }, secret)
  await using sidecar = await spawnSidecar(configuration)
  const file = join(sidecar.folder, 'file')
  await sidecar.until('the good file', async () => (await text(file)) === 'good-value')
  await bao.request('PUT', 'sys/policies/acl/app', {
    policy: 'path "secret/data/nothing" { capabilities = ["read"] }',
  })
  const words = /permission denied.*path \\?"secret\/data\/app\\?" \{ capabilities = \[\\?"read\\?"\] \}/
  await sidecar.until(String(words), () => words.test(sidecar.output()))
  assert.equal(await text(file), 'good-value')
})

test('a sealed server is told as sealed, and nothing is lost', { skip }, t =>
  breaks(t, {
    delivery: secret,
    break: bao => bao.request('PUT', 'sys/seal'),
    words: /is sealed/,
  }),
)

test('a server that is gone is told by its address', { skip }, t =>
  breaks(t, {
    delivery: secret,
    break: async bao => {
      // `stop` of the test finds it ended.
      await bao.kill().catch(() => {})
    },
    words: /refused the connection: nothing listens there/,
  }),
)

test('a secret that is larger than the file may be is not written', { skip }, t =>
  breaks(t, {
    delivery: `file: { path: '@FOLDER@/file', maxSize: 1KiB, template: '{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}' }`,
    break: bao => put(bao, { password: 'x'.repeat(100_000) }),
    words: /makes more than 1024 characters/,
  }),
)

test('a secret without a template is held to the same size, and the log says so', { skip }, t =>
  breaks(t, {
    delivery: `file: { path: '@FOLDER@/file', maxSize: 1KiB, secret: 'secret/app#password' }`,
    break: bao => put(bao, { password: 'x'.repeat(100_000) }),
    words: /secret_not_rendered.*has 100000 bytes, and maxSize is 1024/,
  }),
)

test('a template that loops is ended, and the sidecar goes on', { skip }, t =>
  breaks(t, {
    delivery: template(
      '{{ with secret "secret/app" }}{{ .Data.data.password }}{{ range loop (parseInt .Data.data.turns) }}{{ range loop 1000000 }}{{ end }}{{ end }}{{ end }}',
    ),
    first: { password: 'good-value', turns: '0' },
    break: bao => put(bao, { password: 'other', turns: '1000' }),
    words: /takes more than \d+ steps; does it loop\?/,
  }),
)

test('a variable cannot hold a zero byte, which is told', { skip }, async t => {
  const bao = await world(t)
  await put(bao, { password: 'a\u0000b' })
  await using sidecar = await spawnSidecar(
    configurationOf(bao, `environment: { variables: { PASSWORD: { secret: 'secret/app#password' } } }`),
    { application: ['/bin/sh', '-c', 'echo started'] },
  )
  const words = /PASSWORD: a variable cannot hold a zero byte/
  await sidecar.until(String(words), async () => words.test(await admin(sidecar.folder)))
  assert.ok(!sidecar.output().includes('started'))
})

test('a binary secret reaches its file byte for byte', { skip }, async t => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n))
  const bao = await world(t)
  await put(bao, { password: bytes.toString('base64') })
  await using sidecar = await spawnSidecar(`secrets:
  sources: [kubernetes: { path: '@FOLDER@/mounted' }]
  deliveries: [file: { path: '@FOLDER@/file', secret: 'all#binary' }]
`)
  const { mkdir } = await import('node:fs/promises')
  await mkdir(join(sidecar.folder, 'mounted'), { recursive: true })
  await writeFile(join(sidecar.folder, 'mounted/binary'), bytes)
  await sidecar.until('the file', async () =>
    (await readFile(join(sidecar.folder, 'file')).catch(() => Buffer.alloc(0))).equals(bytes),
  )
})

for (const [what, template, words] of [
  [
    'an action that is not closed',
    '{{ with secret "secret/app" }}\n{{ .Data',
    /all\.tpl:2:\d+: unclosed action/,
  ],
  [
    'a function that there is none of',
    'line one\n  {{ sekret "x" }}',
    /all\.tpl:2:6: function "sekret" not defined/,
  ],
  ['an end without a beginning', '{{ end }}', /all\.tpl:1:\d+: unexpected \{\{end\}\}/],
] as const)
  test(`a template with ${what} is refused at the start, with its file and line`, { skip }, async t => {
    const bao = await world(t)
    const folder = await mkdtemp(join(tmpdir(), 'outrigger-bad-template-'))
    t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
    await writeFile(join(folder, 'all.tpl'), template)
    await using sidecar = await spawnSidecar(
      configurationOf(bao, `file: { path: '@FOLDER@/file', templateFile: '${folder}/all.tpl' }`),
    )
    assert.equal(await sidecar.exited, 2)
    assert.match(sidecar.output(), words)
  })

/** A server in front of nothing, which answers every request like this. */
async function answering(
  t: TestContext,
  answer: { readonly status: number; readonly headers: Record<string, string>; readonly body: string },
  identity?: { readonly cert: string; readonly key: string },
): Promise<string> {
  const handle = (_: unknown, response: ServerResponse) => {
    response.sendDate = false
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }
  const server = identity === undefined ? createHttpServer(handle) : createHttpsServer(identity, handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `${identity === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a server whose certificate has expired is told as that', async t => {
  const authority = new Authority()
  const url = await answering(
    t,
    { status: 200, headers: {}, body: '{}' },
    authority.issue('vault', ['127.0.0.1'], -0.1),
  )
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-expired-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(folder, 'ca.pem'), authority.cert)
  await using sidecar = await spawnSidecar(`secrets:
  sources: [vault: { address: '${url}', tls: { ca: '${folder}/ca.pem' }, auth: { token: { token: x } } }]
  deliveries: [${secret}]
`)
  await sidecar.until('the reason', () =>
    /login by token: .*certificate.*(expired|not valid)/i.test(sidecar.output()),
  )
})

test('a clock that differs from the server’s is told beside its refusal', async t => {
  const url = await answering(t, {
    status: 403,
    headers: { date: new Date(Date.now() + 7_200_000).toUTCString(), 'content-type': 'application/json' },
    body: '{"errors":["token is not yet valid"]}',
  })
  await using sidecar = await spawnSidecar(`secrets:
  sources: [vault: { address: '${url}', auth: { token: { token: x } } }]
  deliveries: [${secret}]
`)
  const words = /login by token: .*not yet valid.*its clock is 7\d{3} s ahead of ours/
  await sidecar.until(String(words), () => words.test(sidecar.output()))
})
