// `outrigger as vault` as a real process against a real OpenBao: sinks, exit codes, signals, the agent's own endpoints.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createDecipheriv, createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Authority, type Identity } from '../fakes/certificates.ts'
import { freePort } from '../fakes/free-port.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { eventually, folderOf, startBao, startVault } from './vault-agent-process.ts'

const skip = missing('bao')

/** One connection that is kept. */
function keptAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() })
}

describe('outrigger as vault agent', { skip, timeout: 300_000 }, () => {
  let server: OpenBao
  let roleId: string
  let makerId: string
  before(async () => {
    server = await startOpenBao()
    await server.request('POST', 'sys/auth/approle', { type: 'approle' })
    await server.request('PUT', 'sys/policies/acl/app', {
      policy: 'path "secret/*" { capabilities = ["read", "list"] }',
    })
    await server.request('POST', 'auth/approle/role/app', { token_policies: 'app', token_ttl: '1h' })
    roleId = (await server.request('GET', 'auth/approle/role/app/role-id')).data.role_id
    await server.request('PUT', 'sys/policies/acl/maker', {
      policy: 'path "auth/token/create" { capabilities = ["create", "update"] }',
    })
    await server.request('POST', 'auth/approle/role/maker', { token_policies: 'maker', token_ttl: '1h' })
    makerId = (await server.request('GET', 'auth/approle/role/maker/role-id')).data.role_id
  })
  after(() => server?.stop())

  /** A folder with what a login needs, and a configuration in it. */
  async function prepared(t: TestContext, rest: string, method = ''): Promise<string> {
    const folder = await folderOf(t)
    const { data } = await server.request('POST', 'auth/approle/role/app/secret-id')
    await writeFile(join(folder, 'role-id'), roleId)
    await writeFile(join(folder, 'secret-id'), data.secret_id)
    await writeFile(
      join(folder, 'agent.hcl'),
      `pid_file = "./pid"
       vault { address = "${server.url}" }
       auto_auth {
         method "approle" {
           ${method}
           config = {
             role_id_file_path = "role-id", secret_id_file_path = "secret-id"
             remove_secret_id_file_after_reading = false
           }
         }
         sink "file" { config = { path = "token" } }
       }
       ${rest}`,
    )
    return folder
  }

  const tokenIn = async (folder: string) => {
    const text = await readFile(join(folder, 'token'), 'utf8')
    return text === '' ? undefined : text
  }

  test('logs in, writes the token with mode 0640 and its pid, and ends with 0 at Ctrl-C', async t => {
    const folder = await prepared(t, '')
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await agent.until(/\[INFO\] {2}agent\.sink\.file: token written: path=token/)
    const token = (await tokenIn(folder))!
    const { data } = await server.request('POST', 'auth/token/lookup', { token })
    assert.deepEqual(data.policies, ['app', 'default'])
    assert.equal((await stat(join(folder, 'token'))).mode & 0o777, 0o640)
    assert.equal(await readFile(join(folder, 'pid'), 'utf8'), String(agent.pid))
    assert.equal(agent.output().includes(token), false)
    assert.equal(await agent.end('SIGINT'), 0)
    await assert.rejects(stat(join(folder, 'pid')), /ENOENT/)
  })

  test('ends with 0 after the first login, as an init container does', async t => {
    const folder = await prepared(t, 'exit_after_auth = true')
    // As under a read-only root: its home is all that it can write to.
    const env = { TMPDIR: join(folder, 'read-only') }
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder, env })
    assert.equal(await agent.ended(), 0, agent.output())
    assert.match(await readFile(join(folder, 'token'), 'utf8'), /^s\.\w+$/)
  })

  test('the next one finds its way after kill -9', async t => {
    const folder = await prepared(t, '')
    const first = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await first.until(/token written/)
    const before = await tokenIn(folder)
    await first.end('SIGKILL')
    const second = await startVault(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], { folder })
    assert.equal(await second.ended(), 0, second.output())
    assert.notEqual(await tokenIn(folder), before)
  })

  describe('sinks', () => {
    const reader = generateKeyPairSync('x25519')
    const readerKey = reader.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
    const sinks = `
      sink "file" { wrap_ttl = "5m" config = { path = "wrapped" } }
      sink "file" { dh_type = "curve25519" dh_path = "dh.json" config = { path = "sealed", mode = 0600 } }
      sink "file" { dh_type = "curve25519" dh_path = "dh.json" derive_key = true aad = "app" config = { path = "derived" } }
      sink "file" { wrap_ttl = "5m" dh_type = "curve25519" dh_path = "dh.json" aad_env_var = "AAD" config = { path = "both" } }`

    function opened(text: string, options: { derive?: boolean; aad?: string }): string {
      const { curve25519_public_key: key, nonce, encrypted_payload: payload } = JSON.parse(text)
      const writerKey = Buffer.from(key, 'base64')
      const spki = Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), writerKey])
      const shared = diffieHellman({
        privateKey: reader.privateKey,
        publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }),
      })
      const [salt, info] = [readerKey, writerKey].sort(Buffer.compare)
      const used = options.derive ? Buffer.from(hkdfSync('sha256', shared, salt!, info!, 32)) : shared
      const bytes = Buffer.from(payload, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', used, Buffer.from(nonce, 'base64'))
      decipher.setAuthTag(bytes.subarray(-16))
      if (options.aad !== undefined) decipher.setAAD(Buffer.from(options.aad))
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString()
    }

    /** What all sinks hold, with everything that differs from run to run made the same. */
    async function shapeOf(folder: string) {
      const text = (name: string) => readFile(join(folder, name), 'utf8')
      const token = await text('token')
      const wrapped = await text('wrapped')
      const both = opened(await text('both'), { aad: 'data' })
      assert.equal(opened(await text('sealed'), {}), token)
      assert.equal(opened(await text('derived'), { derive: true, aad: 'app' }), token)
      for (const each of [wrapped, both]) {
        const answer = await fetch(`${server.url}/v1/sys/wrapping/unwrap`, {
          method: 'PUT',
          headers: { 'x-vault-token': JSON.parse(each).token },
        })
        assert.equal(((await answer.json()) as { data: { token: string } }).data.token, token)
      }
      const same = (each: string) =>
        each.replace(
          /"(token|accessor|creation_time|curve25519_public_key|nonce|encrypted_payload)":"[^"]*"/g,
          '"$1":"…"',
        )
      const modes = await Promise.all(
        ['token', 'wrapped', 'sealed', 'derived', 'both'].map(
          async name => (await stat(join(folder, name))).mode & 0o777,
        ),
      )
      return [same(wrapped), same(both), same(await text('sealed')), same(await text('derived')), modes]
    }

    test('hold what those of the real agent hold, in the same form', async t => {
      const shapes: unknown[] = []
      for (const run of [startVault, startBao]) {
        const folder = await prepared(t, '')
        await writeFile(
          join(folder, 'dh.json'),
          JSON.stringify({ curve25519_public_key: readerKey.toString('base64') }),
        )
        const text = await readFile(join(folder, 'agent.hcl'), 'utf8')
        await writeFile(join(folder, 'agent.hcl'), text.replace('sink "file" {', `${sinks}\n sink "file" {`))
        const agent = await run(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], {
          folder,
          env: { AAD: 'data' },
        })
        assert.equal(await agent.ended(), 0, agent.output())
        shapes.push(await shapeOf(folder))
      }
      assert.deepEqual(shapes[0], shapes[1])
    })
  })

  test('quits when its endpoint is asked to, and only where that is allowed', async t => {
    const [quit, plain] = [await freePort(), await freePort()]
    const folder = await prepared(
      t,
      `listener "tcp" { address = "127.0.0.1:${quit}" tls_disable = true require_request_header = true agent_api { enable_quit = true } }
       listener "tcp" { address = "127.0.0.1:${plain}" tls_disable = true role = "metrics_only" }`,
    )
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await agent.until(/token written/)
    const ask = (port: number, path: string, method = 'GET', headers: Record<string, string> = {}) =>
      fetch(`http://127.0.0.1:${port}/agent/v1/${path}`, {
        method,
        headers: { connection: 'close', ...headers },
      })
    const known = { 'x-vault-request': 'true' }
    assert.equal((await ask(quit, 'quit', 'POST')).status, 412)
    assert.equal((await ask(quit, 'quit', 'GET', known)).status, 405)
    assert.equal((await ask(plain, 'quit', 'POST')).status, 404)
    const metrics = await (await ask(plain, 'metrics?format=prometheus')).text()
    assert.match(metrics, /^vault_agent_auth_success 1$/m)
    // biome-ignore lint/suspicious/noExplicitAny: whatever the agent says
    const summary = (await (await ask(plain, 'metrics')).json()) as any
    assert.deepEqual(Object.keys(summary).sort(), ['Counters', 'Gauges', 'Points', 'Samples', 'Timestamp'])
    assert.deepEqual(
      summary.Counters.filter(({ Name }: { Name: string }) => Name === 'vault.agent.auth.success').map(
        ({ Count }: { Count: number }) => Count,
      ),
      [1],
    )
    assert.equal((await ask(quit, 'quit', 'POST', known)).status, 200)
    assert.equal(await agent.ended(), 0, agent.output())
  })

  describe('requests for Vault', () => {
    before(async () => {
      await server.request('PUT', 'sys/policies/acl/all', {
        policy: 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }',
      })
      await server.request('POST', 'auth/approle/role/app', {
        token_policies: ['app', 'all'],
        token_ttl: '1h',
      })
      await server.request('POST', 'sys/mounts/pki', { type: 'pki' })
      await server.request('POST', 'pki/root/generate/internal', {
        common_name: 'ca',
        key_type: 'ec',
        ttl: '48h',
      })
      await server.request('POST', 'pki/roles/web', {
        allow_any_name: true,
        generate_lease: true,
        key_type: 'ec',
        ttl: '1h',
      })
      await server.request('POST', 'secret/data/db', { data: { password: 'secret' } })
    })

    for (const [name, run] of [
      ['here', startVault],
      ['by the real agent', startBao],
    ] as const)
      test(`go on with the agent’s token, and leases are kept until they are revoked, ${name}`, async t => {
        const port = await freePort()
        const folder = await prepared(
          t,
          `api_proxy { use_auto_auth_token = true }
           cache {}
           listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true require_request_header = true }`,
        )
        const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
        await agent.until(/token written/)
        const ask = async (method: string, path: string, body?: object, headers = {}) => {
          const answer = await fetch(`http://127.0.0.1:${port}/${path}`, {
            method,
            headers: { 'x-vault-request': 'true', connection: 'close', ...headers },
            ...(body && { body: JSON.stringify(body) }),
          })
          const text = await answer.text()
          // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
          const json: any = text.trim() === '' ? undefined : JSON.parse(text)
          return { status: answer.status, cache: answer.headers.get('x-cache'), json }
        }
        // A token is the one thing with a lease that needs no other server.
        const create = (meta: string, headers = {}) =>
          ask('POST', 'v1/auth/token/create', { ttl: '1h', meta: { meta } }, headers)
        const tokenIn = (answer: Awaited<ReturnType<typeof ask>>): string => answer.json.auth.client_token

        // The real one's proxy has the token a moment later than its sink.
        const read = await eventually(async () => {
          const answer = await ask('GET', 'v1/secret/data/db')
          return answer.status === 200 ? answer : undefined
        }, 'an answer of Vault')
        assert.equal(read.json.data.data.password, 'secret')
        assert.equal(
          (await ask('GET', 'v1/secret/data/db', undefined, { 'x-vault-token': 'nobody' })).status,
          403,
        )
        assert.equal((await fetch(`http://127.0.0.1:${port}/v1/secret/data/db`)).status, 412)
        assert.equal((await ask('GET', 'v1/secret/data/nothing')).status, 404)

        // The real one may let the later ones pass before the first one's answer is kept.
        const together = await Promise.all((run === startVault ? [1, 2, 3] : [1]).map(() => create('a')))
        const [token, ...others] = new Set(together.map(tokenIn))
        assert.deepEqual(others, [])
        const again = await create('a')
        assert.deepEqual([tokenIn(again), again.cache], [token, 'HIT'])
        assert.notEqual(tokenIn(await create('b')), token)

        const own = { 'x-vault-token': token! }
        const child = tokenIn(await create('a', own))
        assert.notEqual(child, token)
        assert.equal(tokenIn(await create('a', own)), child)
        assert.equal((await ask('PUT', 'v1/auth/token/revoke-self', {}, own)).status, 204)
        // Here at once; the real one forgets a moment later.
        const forgotten = async (look: () => Promise<boolean>, what: string) =>
          run === startVault
            ? assert.ok(await look(), what)
            : eventually(async () => (await look()) || undefined, what)
        await forgotten(async () => (await create('a', own)).status === 403, 'a token that was revoked')
        await forgotten(async () => tokenIn(await create('a')) !== token, 'another token')
        const next = tokenIn(await create('a'))

        // What cannot be renewed is for who has asked for it.
        const issue = () => ask('PUT', 'v1/pki/issue/web', { common_name: 'a' })
        const [one, two] = [await issue(), await issue()]
        assert.equal(one.status, 200)
        assert.notEqual(one.json.lease_id, two.json.lease_id)

        assert.equal((await ask('POST', 'agent/v1/cache-clear', { type: 'nothing' })).status, 400)
        const wish = { type: 'request_path', value: '/v1/auth/token/create' }
        assert.equal((await ask('POST', 'agent/v1/cache-clear', wish)).status, 200)
        await forgotten(async () => tokenIn(await create('a')) !== next, 'another token after cache-clear')
        assert.equal(await agent.end(), 0)
      })
  })

  for (const [name, run] of [
    ['here', startVault],
    ['by the real agent', startBao],
  ] as const)
    test(`requests go on with their own token where the agent has no login, and theirs are kept, ${name}`, async t => {
      const port = await freePort()
      const folder = await folderOf(t)
      await writeFile(
        join(folder, 'agent.hcl'),
        `vault { address = "${server.url}" }
         cache {}
         listener "tcp" { address = "127.0.0.1:${port}" tls_disable = true }`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      const ask = async (method: string, path: string, token?: string, body?: object) => {
        const answer = await fetch(`http://127.0.0.1:${port}/v1/${path}`, {
          method,
          headers: { connection: 'close', ...(token !== undefined && { 'x-vault-token': token }) },
          ...(body && { body: JSON.stringify(body) }),
        })
        // biome-ignore lint/suspicious/noExplicitAny: whatever the server says
        const json = (await answer.json()) as any
        return { status: answer.status, cache: answer.headers.get('x-cache'), json }
      }
      await eventually(
        () =>
          ask('GET', 'sys/health').then(
            ({ status }) => status === 200 || undefined,
            () => undefined,
          ),
        'an answer of Vault',
      )
      assert.ok([400, 403].includes((await ask('GET', 'auth/token/lookup-self')).status))
      assert.equal((await ask('GET', 'auth/token/lookup-self', 'nobody')).status, 403)
      // What somebody logs in for here is kept, and what that token grants.
      const { data } = await server.request('POST', 'auth/approle/role/maker/secret-id')
      const login = { role_id: makerId, secret_id: data.secret_id }
      const maker = (await ask('POST', 'auth/approle/login', undefined, login)).json.auth.client_token
      assert.equal((await ask('GET', 'auth/token/lookup-self', maker)).json.data.id, maker)
      const create = (token: string) => ask('POST', 'auth/token/create', token, { ttl: '1h' })
      const first = await create(maker)
      const again = await create(maker)
      assert.equal(again.json.auth.client_token, first.json.auth.client_token)
      assert.equal(again.cache, 'HIT')
      const stranger = [await create(server.rootToken), await create(server.rootToken)]
      assert.notEqual(stranger[0]!.json.auth.client_token, stranger[1]!.json.auth.client_token)
      assert.equal(await agent.end(), 0)
    })

  for (const [name, run] of [
    ['here', startVault],
    ['by the real agent', startBao],
  ] as const)
    test(`a listener speaks TLS, asks for certificates of clients, and shows another one of its own after SIGHUP, ${name}`, async t => {
      const [port, folder] = [await freePort(), await folderOf(t)]
      const authority = new Authority()
      const put = async (identity: Identity) => {
        await writeFile(join(folder, 'key.pem'), identity.key)
        await writeFile(join(folder, 'cert.pem'), identity.cert)
      }
      await put(authority.issue('first', ['127.0.0.1']))
      await writeFile(join(folder, 'ca.pem'), authority.cert)
      await writeFile(
        join(folder, 'agent.hcl'),
        `vault { address = "${server.url}" }
         listener "tcp" {
           address = "127.0.0.1:${port}"
           tls_cert_file = "cert.pem"
           tls_key_file = "key.pem"
           tls_client_ca_file = "ca.pem"
           tls_require_and_verify_client_cert = true
         }`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      const ask = (given: { identity?: Identity; agent?: Agent }) =>
        new Promise<{ status: number; shown: string }>((resolve, reject) => {
          const asked = request(
            {
              host: '127.0.0.1',
              port,
              path: '/v1/sys/health',
              ca: authority.cert,
              agent: false,
              ...given,
              ...given.identity,
            },
            response => {
              const { CN } = (response.socket as TLSSocket).getPeerCertificate().subject
              response.resume().on('end', () => resolve({ status: response.statusCode!, shown: String(CN) }))
            },
          )
          asked.on('error', reject).end()
        })
      const client = { identity: authority.issue('client') }
      await eventually(() => ask(client).catch(() => undefined), `an answer; ${agent.output()}`)
      await assert.rejects(ask({}), { code: /ECONNRESET|ERR_SSL|EPROTO/ } as object)
      const stranger = new Authority('another').issue('stranger')
      await assert.rejects(ask({ identity: stranger }))
      using kept = keptAgent()
      assert.deepEqual(await ask({ ...client, agent: kept }), { status: 200, shown: 'first' })
      await put(authority.issue('second', ['127.0.0.1']))
      process.kill(agent.pid, 'SIGHUP')
      await eventually(
        async () => ((await ask(client)).shown === 'second' ? true : undefined),
        'the second one',
      )
      assert.deepEqual(await ask({ ...client, agent: kept }), { status: 200, shown: 'first' })
      assert.equal(await agent.end(), 0)
    })

  for (const [name, run] of process.getuid?.() === 0
    ? ([
        ['here', startVault],
        ['by the real agent', startBao],
      ] as const)
    : [])
    test(`a Unix socket has the mode, user and group that are asked for, ${name}`, async t => {
      const folder = await folderOf(t)
      await writeFile(
        join(folder, 'agent.hcl'),
        `vault { address = "${server.url}" }
         listener "unix" {
           address = "agent.sock", tls_disable = true
           socket_mode = "0640", socket_user = "65534", socket_group = "12345"
         }`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      await eventually(async () => {
        const { mode, uid, gid } = await stat(join(folder, 'agent.sock'))
        return (mode & 0o777) === 0o640 && uid === 65_534 && gid === 12_345 ? true : undefined
      }, `the socket; ${agent.output()}`)
      assert.equal(await agent.end(), 0)
    })

  test('a proxy stands on the way to the server where a variable names one', {
    skip: missing('tinyproxy'),
  }, async t => {
    const [port, folder] = [await freePort(), await prepared(t, '')]
    const log = join(folder, 'proxy.log')
    await writeFile(
      join(folder, 'proxy.conf'),
      `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth joe secret-of-the-proxy\nLogFile "${log}"\nLogLevel Connect\nMaxClients 10\n`,
    )
    const proxy = spawn('tinyproxy', ['-d', '-c', join(folder, 'proxy.conf')], { stdio: 'ignore' })
    t.after(() => proxy.kill('SIGKILL'))
    const start = (credentials: string) =>
      startVault(t, ['agent', '-config=agent.hcl'], {
        folder,
        env: { VAULT_PROXY_ADDR: `http://${credentials}@127.0.0.1:${port}` },
      })
    const stranger = await start('joe:wrong-word')
    await stranger.until(/error authenticating: error="login by approle: /)
    await stranger.end()
    assert.equal(stranger.output().includes('wrong-word'), false)
    const agent = await start('joe:secret-of-the-proxy')
    await agent.until(/token written/)
    assert.equal(await agent.end(), 0)
    assert.match(await readFile(log, 'utf8'), /PUT http:\/\/127\.0\.0\.1:\d+\/v1\/auth\/approle\/login/)
    assert.equal(agent.output().includes('secret-of-the-proxy'), false)
  })

  describe('what is wrong is told at the start, and nothing is started', () => {
    for (const [name, change, expected] of [
      [
        'a syntax error',
        (text: string) => `${text}\nauto_auth {`,
        /agent\.hcl:\d+:\d+\n {4}expected a name, got the end of the file/,
      ],
      [
        'an unknown method',
        (text: string) => text.replace('"approle"', '"kerberos"'),
        /auto_auth\.method\n {4}the method kerberos is not supported/,
      ],
      [
        'a missing option',
        (text: string) => text.replace('role_id_file_path = "role-id",', ''),
        /missing 'role_id_file_path' value/,
      ],
      [
        'a listener with TLS that has no certificate',
        (text: string) => `${text}\nlistener "tcp" { address = "127.0.0.1:1" tls_key_file = "b" }`,
        /listener\n {4}TLS needs tls_cert_file and tls_key_file/,
      ],
    ] as const)
      test(name, async t => {
        const folder = await prepared(t, '')
        const path = join(folder, 'agent.hcl')
        await writeFile(path, change(await readFile(path, 'utf8')))
        const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
        assert.equal(await agent.ended(), 1)
        assert.match(agent.output(), expected)
        await assert.rejects(stat(join(folder, 'token')), /ENOENT/)
      })

    for (const [args, expected] of [
      [['agent'], /^Must specify exactly at least one config path using -config\n$/],
      [['agent', '-config=nothing.hcl'], /^nothing\.hcl\n {4}no such file or directory\n/],
      [['agent', '-nothing'], /^flag provided but not defined: -nothing\n$/],
    ] as const)
      test(args.join(' '), async t => {
        const agent = await startVault(t, args, { folder: await folderOf(t) })
        assert.equal(await agent.ended(), 1)
        assert.match(agent.output(), expected)
      })
  })

  test('a login that is refused is tried again, or ends it with 1 when exit_on_err says so', async t => {
    const [patient, strict] = [await prepared(t, ''), await prepared(t, '', 'exit_on_err = true')]
    for (const folder of [patient, strict]) await writeFile(join(folder, 'role-id'), 'nobody')
    const one = await startVault(t, ['agent', '-config=agent.hcl'], { folder: strict })
    assert.equal(await one.ended(), 1, one.output())
    const other = await startVault(t, ['agent', '-config=agent.hcl'], { folder: patient })
    await other.until(/\[ERROR\] agent\.auth\.handler: error authenticating: error="/)
    await writeFile(join(patient, 'role-id'), roleId)
    await other.until(/token written/)
    assert.equal(await other.end(), 0)
  })

  test('SIGHUP takes a changed configuration over; a bad one changes nothing', async t => {
    const folder = await prepared(t, '')
    const path = join(folder, 'agent.hcl')
    const text = await readFile(path, 'utf8')
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await agent.until(/token written/)
    await writeFile(path, `${text}\nauto_auth {`)
    process.kill(agent.pid, 'SIGHUP')
    await agent.until(/expected a name, got the end of the file/)
    await writeFile(path, text.replace('path = "token"', 'path = "elsewhere"'))
    process.kill(agent.pid, 'SIGHUP')
    await eventually(() => readFile(join(folder, 'elsewhere'), 'utf8'), 'the other sink')
    assert.equal(await agent.end(), 0)
  })

  test('the log is JSON, and goes to a file, when flags say so', async t => {
    const folder = await prepared(t, 'log_level = "error"')
    const args = [
      'agent',
      '-config=agent.hcl',
      '-exit-after-auth',
      '-log-format=json',
      '-log-level=info',
      '-log-file=logs/',
    ]
    const agent = await startVault(t, args, { folder })
    assert.equal(await agent.ended(), 0, agent.output())
    const lines = (await readFile(join(folder, 'logs/agent.log'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const written = lines.find(line => line['@message'] === 'token written')
    assert.deepEqual(
      [written['@level'], written['@module'], written.path],
      ['info', 'agent.sink.file', 'token'],
    )
  })
})

describe('other commands of vault', { skip, timeout: 120_000 }, () => {
  let server: OpenBao
  before(async () => {
    server = await startOpenBao()
  })
  after(() => server?.stop())

  test('token lookup, token revoke -self and status print what the real ones print', async t => {
    const folder = await folderOf(t)
    const tokens = await Promise.all(
      [1, 2].map(
        async () =>
          (await server.request('POST', 'auth/token/create', { ttl: '1h', meta: { a: 'b' } })).auth
            .client_token,
      ),
    )
    const token: string = tokens[0]
    const env = { VAULT_ADDR: server.url, VAULT_TOKEN: token, BAO_ADDR: server.url, BAO_TOKEN: token }
    const both = async (...args: string[]) => {
      const [ours, theirs] = [await startVault(t, args, { folder, env }), startBao(t, args, { folder, env })]
      const codes = [await ours.ended(), await theirs.ended()]
      assert.equal(codes[0], codes[1], `${args.join(' ')}: ${ours.output()}`)
      return [ours.stdout(), theirs.stdout()] as const
    }
    const still = (text: string) =>
      text.replace(/^ttl +.*$/m, 'ttl').replace(/"(ttl|request_id)": [^\n]*/g, '')
    const [ours, theirs] = await both('token', 'lookup')
    assert.equal(still(ours), still(theirs))
    const [json, theirJson] = await both('token', 'lookup', '-format=json')
    assert.deepEqual(
      Object.keys(JSON.parse(json).data).sort(),
      Object.keys(JSON.parse(theirJson).data).sort(),
    )
    await both('status', '-format=json')
    // The token of the second revocation is the first one's: it is gone by then.
    const revoked = await startVault(t, ['token', 'revoke', `-address=${server.url}`, '-self'], {
      folder,
      env: { VAULT_TOKEN: token },
    })
    assert.equal(await revoked.ended(), 0)
    assert.equal(revoked.stdout(), 'Success! Revoked token (if it existed)\n')
    await both('token', 'revoke', '-self')
    await both('token', 'lookup')
  })

  test('agent generate-config writes what the real one writes', async t => {
    await server.request('POST', 'secret/data/app/db', { data: { user: 'a', password: 'b' } })
    await server.request('POST', 'secret/data/app/more/api', { data: { key: 'c' } })
    const written: string[] = []
    for (const run of [startVault, startBao]) {
      const folder = await folderOf(t)
      const token = server.rootToken
      const env = { VAULT_ADDR: server.url, BAO_ADDR: server.url, VAULT_TOKEN: token, BAO_TOKEN: token }
      const args = [
        '-type=env-template',
        '-exec=./app from-arg',
        '-path=secret/data/app/db',
        '-path=secret/data/app/*',
        '-path=secret/app/db',
        '-path=secret/app/*',
        '-path=secret/*',
      ]
      const made = await run(t, ['agent', 'generate-config', ...args, 'made.hcl'], { folder, env })
      assert.equal(await made.ended(), 0, made.output())
      assert.equal(made.stdout(), 'Successfully generated "made.hcl" configuration file!\n')
      written.push(
        (await readFile(join(folder, 'made.hcl'), 'utf8')).replace(
          /token_file_path = ".*"/,
          'token_file_path',
        ),
      )
    }
    assert.equal(written[0], written[1])
  })

  test('the token of an earlier login is found at home', async t => {
    const folder = await folderOf(t)
    const { auth } = await server.request('POST', 'auth/token/create', {})
    await writeFile(join(folder, '.vault-token'), auth.client_token)
    const revoked = await startVault(t, ['token', 'revoke', '-self'], {
      folder,
      env: { VAULT_ADDR: server.url },
    })
    assert.equal(await revoked.ended(), 0, revoked.output())
    await assert.rejects(server.request('POST', 'auth/token/lookup', { token: auth.client_token }))
  })

  test('a server that is not there is told, with 1', async t => {
    const env = { VAULT_ADDR: `http://127.0.0.1:${await freePort()}` }
    const status = await startVault(t, ['status'], { folder: await folderOf(t), env })
    assert.equal(await status.ended(), 1)
    assert.match(status.output(), /^Error checking seal status: /)
  })
})
