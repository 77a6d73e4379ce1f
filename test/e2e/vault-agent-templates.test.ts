// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of the shell
// Templates, variables and the injector's configuration under `outrigger as vault agent`, beside a real agent with the same files.
import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Authority } from '../fakes/certificates.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { eventually, folderOf, startBao, startVault } from './vault-agent-process.ts'

const skip = missing('bao')

/** Both agents, with the same files. */
const AGENTS = [
  ['outrigger', startVault],
  ['the real agent', startBao],
] as const

describe('an agent that renders', { skip, timeout: 300_000 }, () => {
  let server: OpenBao
  let roleId: string
  before(async () => {
    server = await startOpenBao()
    await server.request('POST', 'sys/auth/approle', { type: 'approle' })
    await server.request('PUT', 'sys/policies/acl/app', {
      policy:
        'path "secret/*" { capabilities = ["read", "list"] } path "secret/data/forbidden" { capabilities = ["deny"] } path "pki/*" { capabilities = ["create", "update", "read"] }',
    })
    await server.request('POST', 'auth/approle/role/app', { token_policies: 'app', token_ttl: '1h' })
    roleId = (await server.request('GET', 'auth/approle/role/app/role-id')).data.role_id
    await server.request('POST', 'secret/data/db', {
      data: {
        user: 'app',
        password: 'p"w\\<&>ü',
        port: 5432,
        ratio: 0.1,
        big: 9007199254740991,
        tags: ['a', 'b'],
        nested: { x: true, y: null },
      },
    })
    await server.request('POST', 'secret/data/other', { data: { a: 1 } })
  })
  after(() => server?.stop())

  /** A folder with what a login needs, and a configuration in it. */
  async function prepared(t: TestContext, rest: string): Promise<string> {
    const folder = await folderOf(t)
    const { data } = await server.request('POST', 'auth/approle/role/app/secret-id')
    await writeFile(join(folder, 'role-id'), roleId)
    await writeFile(join(folder, 'secret-id'), data.secret_id)
    await writeFile(
      join(folder, 'agent.hcl'),
      `vault { address = "${server.url}" retry { num_retries = 1 } }
       auto_auth {
         method "approle" { config = { role_id_file_path = "role-id", secret_id_file_path = "secret-id" } }
         sink "file" { config = { path = "token" } }
       }
       ${rest}`,
    )
    return folder
  }

  test('writes what a real agent writes, byte by byte, with the same modes', async t => {
    const templates = `
      template { contents = "{{ with secret \\"secret/data/db\\" }}{{ range $k, $v := .Data }}{{ $k }}: {{ $v }}\\n{{ end }}{{ end }}" destination = "out/map" }
      template { contents = "{{ with secret \\"secret/data/db\\" }}{{ .Data | toJSON }}\\n{{ end }}" destination = "out/json" perms = "0600" }
      template {
        source               = "env.ctmpl"
        destination          = "out/env"
        left_delimiter       = "[["
        right_delimiter      = "]]"
        error_on_missing_key = true
        command              = "echo $0 ran >> out/ran; echo the command says so"
        wait { min = "10m" max = "20m" }
      }
      template {
        contents = <<-EOT
          {{- range secrets "secret/metadata/" }}
          name={{ . }}{{ end }}
          {{ with secret "secret/data/db" -}}
          no={{ .Data.data.nothing }} quoted={{ .Data.data.password | toJSON }} port={{ .Data.data.port }} big={{ .Data.data.big }} ratio={{ .Data.data.ratio }}
          tags={{ .Data.data.tags }} nested={{ .Data.data.nested }} yaml={{ .Data.data.nested | toYAML }}
          base64={{ base64Encode .Data.data.password }} upper={{ .Data.data.user | toUpper }} sum={{ add 1 2 }}
          {{- scratch.Set "a" 1 }} scratch={{ scratch.Get "a" }} version={{ .Data.metadata.version }}
          {{- end }}
          EOT
        destination = "out/many"
        perms       = 0640
      }
      template {
        contents    = <<-EOT
          {{ with secret "secret/data/db" -}}
          {{ plugin "printf" " <%s> " .Data.data.user " two " }} {{ "1" | plugin "echo" }}
          {{ sockaddr "GetAllInterfaces | include \\"name\\" \\"^lo$\\" | sort \\"type\\" | limit 1 | attr \\"string\\"" }} {{ sockaddr "GetPrivateIPs" }}
          {{ .Data.data.tags | spew_sdump }}{{ spew_sprintf "%#v" .Data.data.nested }}
          {{- end }}
          EOT
        destination = "out/machine"
      }
      template {
        contents     = <<-EOT
          {{ with secret "secret/data/db" -}}
          {{ .Data.data.user | writeToFile "out/side" "" "" "0640" -}}
          {{ file "env.ctmpl" | len }} {{ "more" | writeToFile "out/side" "" "" "0600" "append,newline" -}}
          {{ .Data.data.password | writeToFile "out/deep/key" "" "" "400" -}}
          {{ end }}main
          EOT
        destination  = "out/main"
        sandbox_path = "."
      }`
    const written: unknown[] = []
    const ran: boolean[] = []
    for (const [, run] of AGENTS) {
      const folder = await prepared(t, templates)
      await writeFile(
        join(folder, 'env.ctmpl'),
        '[[ with secret "secret/data/db" ]]DB_USER=[[ .Data.data.user ]]\nDB_PORT=[[ .Data.data.port ]]\n[[ end ]]',
      )
      const agent = await run(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], { folder })
      assert.equal(await agent.ended(), 0, agent.output())
      const out = join(folder, 'out')
      // A real agent may have ended before its command has run.
      const names = readdirSync(out, { recursive: true, encoding: 'utf8' })
        .sort()
        .filter(name => name !== 'ran' && name !== 'deep')
      ran.push(existsSync(join(out, 'ran')))
      if (ran.length === 1) assert.match(agent.output(), /^the command says so$/m)
      written.push(
        await Promise.all(
          names.map(async name => {
            const mode = (statSync(join(out, name)).mode & 0o777).toString(8)
            return [name, mode, await readFile(join(out, name), 'utf8')]
          }),
        ),
      )
    }
    assert.deepEqual(written[0], written[1])
    assert.equal((written[0] as unknown[]).length, 8)
    assert.equal(ran[0], true)
  })

  for (const [name, run] of AGENTS)
    test(`gives a command its variables, starts it again when they change, and ends with its code: ${name}`, async t => {
      const path = `secret/data/${name.replaceAll(' ', '-')}`
      await server.request('POST', path, { data: { word: 'one' } })
      const folder = await prepared(
        t,
        `template_config { static_secret_render_interval = "1s" }
         env_template "WORD" {
           contents = "{{ with secret \\"${path}\\" }}{{ .Data.data.word }}{{ end }}"
           error_on_missing_key = true
         }
         env_template "FIXED" { contents = "a b" }
         exec { command = ["sh", "./app.sh", "argument"] restart_stop_signal = "SIGINT" }`,
      )
      await writeFile(
        join(folder, 'app.sh'),
        `echo "$WORD $FIXED $1 $OWN" >> seen
         test "$WORD" = last && exit 7
         trap 'echo stopped >> seen; exit 0' INT
         while :; do sleep 0.05; done`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder, env: { OWN: 'own' } })
      const seen = (text: string) =>
        eventually(
          async () => ((await readFile(join(folder, 'seen'), 'utf8')) === text ? true : undefined),
          `${JSON.stringify(text)} in seen; ${agent.output()}`,
        )
      await seen('one a b argument own\n')
      await server.request('POST', path, { data: { word: 'last' } })
      await seen('one a b argument own\nstopped\nlast a b argument own\n')
      assert.equal(await agent.ended(), 7, agent.output())
    })

  for (const [name, run] of AGENTS)
    test(`the command is asked to end by its own signal when the agent ends (${name})`, async t => {
      const folder = await prepared(
        t,
        `env_template "A" { contents = "a" }
         exec { command = ["sh", "./app.sh"] restart_stop_signal = "SIGUSR1" }`,
      )
      await writeFile(
        join(folder, 'app.sh'),
        `trap 'echo USR1 > stopped; exit 0' USR1
         trap 'echo TERM > stopped; exit 9' TERM
         touch started
         while :; do sleep 0.05; done`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      await eventually(async () => existsSync(join(folder, 'started')) || undefined, 'the command')
      assert.equal(await agent.end('SIGTERM'), 0, agent.output())
      assert.equal(await readFile(join(folder, 'stopped'), 'utf8'), 'USR1\n')
    })

  test('the output of the command goes to files where that is asked for', async t => {
    const folder = await prepared(
      t,
      `env_template "A" { contents = "a" }
       exec {
         command = ["sh", "-c", "echo out $A; echo err >&2; exit 3"]
         child_process_stdout = "out.log"
         child_process_stderr = "err.log"
       }`,
    )
    await writeFile(join(folder, 'out.log'), 'before\n')
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    assert.equal(await agent.ended(), 3, agent.output())
    assert.equal(await readFile(join(folder, 'out.log'), 'utf8'), 'before\nout a\n')
    assert.equal(await readFile(join(folder, 'err.log'), 'utf8'), 'err\n')
  })

  test('one template that can never be rendered does not disturb another', async t => {
    const folder = await prepared(
      t,
      `template { contents = "{{ with secret \\"secret/data/forbidden\\" }}{{ .Data.data.a }}{{ end }}" destination = "never" }
       template { contents = "{{ with secret \\"secret/data/db\\" }}{{ .Data.data.user }}{{ end }}" destination = "fine" }`,
    )
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await agent.until(/rendered "\(dynamic\)" => "fine"/)
    await agent.until(/secret\/data\/forbidden/)
    assert.equal(await readFile(join(folder, 'fine'), 'utf8'), 'app')
    assert.equal(await agent.end('SIGINT'), 0)
  })

  for (const [name, run] of AGENTS)
    test(`ends with 1 when a template fails for too long and exit_on_retry_failure says so: ${name}`, async t => {
      const folder = await prepared(
        t,
        `template_config { exit_on_retry_failure = true }
         template { contents = "{{ with secret \\"secret/data/nothing\\" }}{{ .Data.data.a }}{{ end }}" destination = "never" }`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      assert.equal(await agent.ended(), 1, agent.output())
    })

  test('a mistake in a template is told with its place, and nothing of a secret', async t => {
    const folder = await prepared(
      t,
      'template { contents = "a\\n{{ with secret \\"x\\" }}{{ nofunction . }}{{ end }}" destination = "never" }',
    )
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    assert.equal(await agent.ended(), 1, agent.output())
    assert.match(agent.output(), /^agent\.hcl:6:\d+ {2}.*template:2:25: function "nofunction" not defined$/m)
  })

  test('logs in by the service account of a pod, with a mount path of its own', async t => {
    const user = {
      username: 'system:serviceaccount:shop:web',
      uid: 'uid',
      groups: ['system:serviceaccounts'],
    }
    const apiServer = createServer((request, response) => {
      const isReview = request.url === '/apis/authentication.k8s.io/v1/tokenreviews'
      response.writeHead(isReview ? 201 : 404, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenReview',
          status: { authenticated: true, user, audiences: [] },
        }),
      )
    })
    t.after(() => apiServer.close())
    await new Promise<void>(resolve => apiServer.listen(0, '127.0.0.1', resolve))
    const { port } = apiServer.address() as { port: number }
    await server.request('POST', 'sys/auth/k8s-a', { type: 'kubernetes' })
    await server.request('POST', 'auth/k8s-a/config', {
      kubernetes_host: `http://127.0.0.1:${port}`,
      disable_local_ca_jwt: true,
      // It asks for one, also where there is no TLS.
      kubernetes_ca_cert: new Authority().cert,
    })
    await server.request('POST', 'auth/k8s-a/role/web', {
      bound_service_account_names: 'web',
      bound_service_account_namespaces: 'shop',
      token_policies: ['app'],
    })
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = {
      iss: 'kubernetes/serviceaccount',
      sub: user.username,
      'kubernetes.io/serviceaccount/namespace': 'shop',
      'kubernetes.io/serviceaccount/service-account.name': 'web',
      'kubernetes.io/serviceaccount/service-account.uid': 'uid',
    }
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const head = `${part({ alg: 'ES256' })}.${part(claims)}`
    const signature = sign('sha256', Buffer.from(head), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    const tokens: string[] = []
    for (const [, run] of AGENTS) {
      const folder = await folderOf(t)
      await writeFile(join(folder, 'jwt'), `${head}.${signature.toString('base64url')}`)
      await writeFile(
        join(folder, 'agent.hcl'),
        `vault { address = "${server.url}" }
         auto_auth {
           method "kubernetes" { mount_path = "auth/k8s-a" config = { role = "web", token_path = "jwt" } }
           sink "file" { config = { path = "token" } }
         }`,
      )
      const agent = await run(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], { folder })
      assert.equal(await agent.ended(), 0, agent.output())
      const token = await readFile(join(folder, 'token'), 'utf8')
      const { data } = await server.request('POST', 'auth/token/lookup', { token })
      tokens.push(`${data.path} ${data.meta.service_account_name} ${data.policies}`)
    }
    assert.deepEqual(tokens, Array(2).fill('auth/k8s-a/login web app,default'))
  })

  test('runs what the injector of vault-k8s puts into a pod: an init container, then a sidecar that revokes its token', async t => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    await server.request('POST', 'sys/auth/cluster', { type: 'jwt' })
    await server.request('POST', 'auth/cluster/config', {
      jwt_validation_pubkeys: [key.publicKey.export({ type: 'spki', format: 'pem' })],
    })
    await server.request('POST', 'auth/cluster/role/web', {
      role_type: 'jwt',
      user_claim: 'sub',
      bound_subject: 'system:serviceaccount:shop:web',
      token_policies: ['app'],
      token_ttl: '1h',
    })
    const folder = await folderOf(t)
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const nowSeconds = Math.floor(Date.now() / 1000)
    const head = `${part({ alg: 'ES256' })}.${part({ sub: 'system:serviceaccount:shop:web', iat: nowSeconds, exp: nowSeconds + 3600 })}`
    const signature = sign('sha256', Buffer.from(head), { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
    await writeFile(join(folder, 'jwt'), `${head}.${signature.toString('base64url')}`)
    await symlink(join(import.meta.dirname, '../../bin/outrigger.js'), join(folder, 'vault'))
    const configuration = (isInit: boolean) => ({
      auto_auth: {
        method: {
          type: 'jwt',
          mount_path: 'auth/cluster',
          config: { role: 'web', path: join(folder, 'jwt'), remove_jwt_after_reading: 'false' },
        },
        sink: [{ type: 'file', config: { path: join(folder, '.vault-token') } }],
      },
      exit_after_auth: isInit,
      pid_file: join(folder, '.pid'),
      vault: { address: server.url },
      template: [
        {
          destination: join(folder, 'secrets/db'),
          contents:
            '{{ with secret "secret/data/db" }}{{ range $k, $v := .Data.data }}{{ $k }}: {{ $v }}\n{{ end }}{{ end }}',
          left_delimiter: '{{',
          right_delimiter: '}}',
        },
      ],
      template_config: { exit_on_retry_failure: true },
    })
    const { spawn } = await import('node:child_process')
    const container = (isInit: boolean) =>
      spawn(
        'sh',
        [
          '-ec',
          'echo ${VAULT_CONFIG?} | base64 -d > "$HOME/config.json" && exec vault agent -config="$HOME/config.json"',
        ],
        {
          cwd: folder,
          stdio: 'ignore',
          env: {
            PATH: `${folder}:${join(process.execPath, '..')}:${process.env['PATH']}`,
            HOME: folder,
            VAULT_LOG_LEVEL: 'info',
            VAULT_LOG_FORMAT: 'standard',
            VAULT_CONFIG: Buffer.from(JSON.stringify(configuration(isInit))).toString('base64'),
          },
        },
      )
    const secret = () => readFile(join(folder, 'secrets/db'), 'utf8')
    const init = container(true)
    t.after(() => init.kill('SIGKILL'))
    const code = await new Promise(resolve => init.once('exit', resolve))
    assert.equal(code, 0)
    assert.match(await secret(), /^big: 9007199254740991\nnested: .*\npassword: p"w\\<&>ü\n/m)
    const before = await readFile(join(folder, '.vault-token'), 'utf8')
    const sidecar = container(false)
    t.after(() => sidecar.kill('SIGKILL'))
    const token = await eventually(async () => {
      const now = await readFile(join(folder, '.vault-token'), 'utf8')
      return now === before ? undefined : now
    }, 'a token of the sidecar')
    const revoked = await startVault(t, ['token', 'revoke', `-address=${server.url}`, '-self'], { folder })
    assert.equal(await revoked.ended(), 0, revoked.output())
    await assert.rejects(server.request('POST', 'auth/token/lookup', { token }))
    sidecar.kill('SIGTERM')
    assert.equal(await new Promise(resolve => sidecar.once('exit', resolve)), 0)
  })
})
