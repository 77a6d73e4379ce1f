// Configurations as Vault's pages and tutorials have them: what is written, what the log says, how it ends, here and there.
import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { eventually, folderOf, startBao, startVault } from './vault-agent-process.ts'

const AGENTS = [
  ['here', startVault],
  ['by the real agent', startBao],
] as const

describe('published configurations of Vault Agent', { skip: missing('bao'), timeout: 300_000 }, () => {
  let server: OpenBao
  const roles = new Map<string, string>()
  before(async () => {
    server = await startOpenBao()
    await server.request('POST', 'sys/auth/approle', { type: 'approle' })
    await server.request('PUT', 'sys/policies/acl/app', {
      policy: 'path "secret/*" { capabilities = ["read"] }',
    })
    for (const [role, ttl] of [
      ['app', '1h'],
      ['short', '4s'],
    ]) {
      await server.request('POST', `auth/approle/role/${role}`, { token_policies: 'app', token_ttl: ttl })
      roles.set(role!, (await server.request('GET', `auth/approle/role/${role}/role-id`)).data.role_id)
    }
    await server.request('POST', 'secret/data/customers/acme', {
      data: { customer_id: 'ABC123', organization: 'ACME' },
    })
  })
  after(() => server?.stop())

  async function prepared(t: TestContext, autoAuth: string, rest = '', role = 'app'): Promise<string> {
    const folder = await folderOf(t)
    const { data } = await server.request('POST', `auth/approle/role/${role}/secret-id`)
    await writeFile(join(folder, 'roleID'), roles.get(role)!)
    await writeFile(join(folder, 'secretID'), data.secret_id)
    await writeFile(
      join(folder, 'agent.hcl'),
      `pid_file = "./pidfile"
       vault {
         address = "${server.url}"
         tls_skip_verify = true
       }
       auto_auth {
         method {
           type = "approle"
           config = {
             role_id_file_path = "roleID"
             secret_id_file_path = "secretID"
             remove_secret_id_file_after_reading = false
           }
         }
         ${autoAuth}
       }
       ${rest}`,
    )
    return folder
  }

  for (const [name, run] of AGENTS)
    test(`the quick start: sinks in a block of their own, a template from a file (${name})`, async t => {
      const folder = await prepared(
        t,
        `sinks {
           sink {
             type = "file"
             config = { path = "sink_file_unwrapped.txt" }
           }
           sink {
             type = "file"
             wrap_ttl = "30m"
             config = { path = "sink_file_wrapped.txt" }
           }
         }`,
        `template {
           source      = "./customer.tmpl"
           destination = "./customer.txt"
         }
         template {
           contents    = "{{ with secret \\"secret/data/customers/acme\\" }}{{ .Data.data.organization }}{{ end }}"
           destination = "organization.txt"
         }`,
      )
      await writeFile(
        join(folder, 'customer.tmpl'),
        '{{ with secret "secret/data/customers/acme" }}{{ .Data.data.customer_id }}{{ end }}\n',
      )
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      await agent.until(
        / \[INFO\] {2}agent: \(runner\) rendered "\.\/customer\.tmpl" => "\.\/customer\.txt"\n/,
      )
      await agent.until(/ \[INFO\] {2}agent: \(runner\) rendered "\(dynamic\)" => "organization\.txt"\n/)
      await agent.until(/agent\.sink\.file: token written: path=sink_file_wrapped\.txt\n/)
      assert.match(await readFile(join(folder, 'sink_file_unwrapped.txt'), 'utf8'), /^s\.\w+$/)
      assert.equal((await stat(join(folder, 'sink_file_unwrapped.txt'))).mode & 0o777, 0o640)
      assert.equal(await readFile(join(folder, 'customer.txt'), 'utf8'), 'ABC123\n')
      assert.equal(await agent.end(), 0)
    })

  for (const [name, run] of AGENTS)
    test(`the log tells of every renewal (${name})`, async t => {
      const folder = await prepared(t, 'sink "file" { config = { path = "token" } }', '', 'short')
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      await agent.until(/ \[INFO\] {2}agent\.auth\.handler: renewed auth token/)
      assert.equal(await agent.end(), 0)
    })

  for (const [name, run] of AGENTS)
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      test(`ends with 0 after ${signal}, whatever the command ends with then (${name})`, async t => {
        const folder = await prepared(
          t,
          '',
          `env_template "CUSTOMER" {
             contents = "{{ with secret \\"secret/data/customers/acme\\" }}{{ .Data.data.customer_id }}{{ end }}"
             error_on_missing_key = true
           }
           exec {
             command = ["./app.sh"]
             restart_on_secret_changes = "always"
             restart_stop_signal = "SIGTERM"
           }`,
        )
        const script = `#!/bin/sh
          trap 'echo ended > ended; exit 143' TERM
          echo "$CUSTOMER" > seen
          while :; do sleep 0.05; done`
        await writeFile(join(folder, 'app.sh'), script, { mode: 0o755 })
        const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
        await eventually(
          async () => (await readFile(join(folder, 'seen'), 'utf8')) === 'ABC123\n' || undefined,
          `the command; ${agent.output()}`,
        )
        assert.match(agent.output(), / \[INFO\] {2}agent\.exec\.server: .*\(child\) spawning: \.\/app\.sh/)
        assert.equal(await agent.end(signal), 0, agent.output())
        assert.equal(await readFile(join(folder, 'ended'), 'utf8'), 'ended\n')
      })

  for (const [name, run] of AGENTS)
    test(`a folder with no configuration in it is a mistake (${name})`, async t => {
      const folder = await folderOf(t)
      await mkdir(join(folder, 'vault.d'))
      await writeFile(join(folder, 'vault.d/agent.hcl.disabled'), 'vault {}')
      const agent = await run(t, ['agent', '-config=vault.d'], { folder })
      assert.equal(await agent.ended(), 1, agent.output())
      assert.match(agent.output(), /no auto_auth, cache, or listener block found in config/)
    })

  for (const [name, run] of AGENTS)
    test(`a sink that can never be written ends it at the start (${name})`, async t => {
      const folder = await prepared(t, 'sink "file" { config = { path = "roleID/below/token" } }')
      const agent = await run(t, ['agent', '-config=agent.hcl'], { folder })
      assert.equal(await agent.ended(), 1, agent.output())
      assert.match(agent.output(), /error creating file sink: .*roleID\/below/)
    })

  test('the error is told apart from warnings', async t => {
    const folder = await prepared(
      t,
      'sink "vile" { config = { path = "token" } }',
      'cache { cache_static_secrets = true } telemetry { stackdriver_location = "here" }',
    )
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    assert.equal(await agent.ended(), 1)
    assert.match(
      agent.output(),
      new RegExp(
        `^agent\\.hcl:\\d+:\\d+  auto_auth\\.sink\\n {4}unknown sink type "vile"\\n {4}hint: there is one type: file\\n${[
          'warning: agent\\.hcl:\\d+:\\d+: cache\\.cache_static_secrets is an option of Vault Proxy, and has no effect on an agent',
          'warning: agent\\.hcl:\\d+:\\d+: telemetry\\.stackdriver_location has no effect',
          '1 error, nothing was started\\.',
        ].join('\\n')}\\n$`,
      ),
    )
  })

  test('a unit of systemd that waits for a notification is told of', async t => {
    const folder = await prepared(t, 'sink "file" { config = { path = "token" } }', 'exit_after_auth = true')
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], {
      folder,
      env: { NOTIFY_SOCKET: join(folder, 'notify') },
    })
    assert.equal(await agent.ended(), 0, agent.output())
    assert.match(
      agent.output(),
      / \[WARN\] {2}agent: NOTIFY_SOCKET: .* \(set Type=exec in the unit, not Type=notify\)\n/,
    )
  })

  test('a template that fails is told by the name of its file', async t => {
    const folder = await prepared(
      t,
      '',
      `template {
         contents = "{{ with secret \\"secret/data/customers/acme\\" }}{{ .Data.data.nothing }}{{ end }}"
         destination = "./nothing.txt"
         error_on_missing_key = true
       }`,
    )
    const agent = await startVault(t, ['agent', '-config=agent.hcl'], { folder })
    await agent.until(
      / \[ERROR\] agent\.template\.server: \.\/nothing\.txt: .*map has no entry for key "nothing"/,
    )
    assert.equal(await agent.end(), 0)
  })
})

describe('the command line of vault', { skip: missing('bao'), timeout: 120_000 }, () => {
  let server: OpenBao
  before(async () => {
    server = await startOpenBao()
  })
  after(() => server?.stop())

  // What goes to which stream (o: standard output, e: standard error), and the code, is the same there.
  for (const [args, expected] of [
    [[], 'e 127 /^Usage: vault <command>/'],
    [['-h'], 'o 0 /^Usage: vault <command>/'],
    [['nonsense'], 'e 127 /Usage: vault <command>/'],
    [['version', '-h'], 'o 0 /^Usage: vault version/'],
    [['status', '-h'], 'o 0 /^Usage: vault status/'],
    [['status', 'more'], 'e 1 /^Too many arguments \\(expected 0, got 1\\)\\n$/'],
    [['token'], 'e 1 /^Usage: vault token/'],
    [['token', '-h'], 'o 0 /^Usage: vault token/'],
    [['token', 'nonsense'], 'e 1 /^Usage: vault token/'],
    [['token', 'lookup', '-help'], 'o 0 /^Usage: vault token/'],
    [['token', 'revoke', '--help'], 'o 0 /^Usage: vault token/'],
    [['token', 'lookup', '-field=ttl'], 'o 0 /^0$/'],
    [['token', 'lookup', '-field=policies'], 'o 0 /^\\[root\\]$/'],
    [['token', 'lookup', '-field=nothing'], 'e 1 /^Field "nothing" not present in secret\\n$/'],
    [['token', 'lookup', '-accessor'], 'e 1 /-accessor/'],
    [['token', 'revoke', '-accessor', 'nobody'], 'o 0 /^Success! Revoked token \\(if it existed\\)\\n$/'],
    [['agent', 'generate-config', '-h'], 'o 0 /^Usage: vault agent generate-config/'],
  ] as const)
    test(`vault ${args.join(' ')}`, async t => {
      const folder = await folderOf(t)
      const { url, rootToken } = server
      const env = { VAULT_ADDR: url, VAULT_TOKEN: rootToken, BAO_ADDR: url, BAO_TOKEN: rootToken }
      const [, stream, code, pattern] = /^(\w) (\d+) \/(.*)\/$/.exec(expected)!
      for (const [name, run] of AGENTS) {
        const command = await run(t, args, { folder, env })
        assert.equal(await command.ended(), Number(code), name)
        const output = command.output().replaceAll('Usage: bao', 'Usage: vault')
        assert.equal(command.stdout() === '' ? 'e' : 'o', stream, name)
        assert.match(output, new RegExp(pattern!), name)
      }
    })

  test('VAULT_FORMAT chooses the format; an accessor finds the token', async t => {
    const folder = await folderOf(t)
    const { auth } = await server.request('POST', 'auth/token/create', { ttl: '1h' })
    const env = { VAULT_ADDR: server.url, VAULT_TOKEN: server.rootToken, VAULT_FORMAT: 'json' }
    const looked = await startVault(t, ['token', 'lookup', '-accessor', auth.accessor], { folder, env })
    assert.equal(await looked.ended(), 0, looked.output())
    assert.equal(JSON.parse(looked.stdout()).data.accessor, auth.accessor)
    const revoked = await startVault(t, ['token', 'revoke', '-accessor', auth.accessor], { folder, env })
    assert.equal(await revoked.ended(), 0, revoked.output())
    await assert.rejects(server.request('POST', 'auth/token/lookup', { token: auth.client_token }))
  })
})
