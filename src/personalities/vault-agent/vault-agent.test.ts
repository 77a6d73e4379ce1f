// biome-ignore-all lint/suspicious/noExplicitAny: the notation of a configuration
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { parseCommandLine } from './command-line.ts'
import { generatedConfiguration } from './generate.ts'
import { loadVaultAgent } from './load.ts'
import { retriesMs } from './translate.ts'
import { durationText, parseDurationMs } from './values.ts'

const MINIMAL =
  'auto_auth { method "token_file" { config = { token_file_path = "/t" } } sink "file" { config = { path = "/s" } } }'

interface Given {
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly files?: readonly string[]
  readonly existingMode?: string
}

function load({ args = [], env = {}, files = [MINIMAL], existingMode }: Given) {
  const parsed = parseCommandLine(args)
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return loadVaultAgent(
    files.map((text, index) => ({ path: `${index + 1}.hcl`, text })),
    {
      commandLine: parsed.commandLine,
      cwd: '/work',
      environment: name => env[name],
      bundle: given => ('pem' in given ? '/bundle-of-variable' : `/bundle-of${given.folder}`),
      existingMode: () => existingMode,
      templateText: path => (path === '/work/starts.ctmpl' ? '{{ plugin "x" }}' : undefined),
    },
  )
}

const sourceOf = (given: Given): any => (load(given).configuration as any).secrets.sources[0].vault
const told = (given: Given) =>
  load(given).findings.map(({ level, subject, message }) => `${level} ${subject} ${message}`)

describe('sinks', () => {
  const method = 'method "token_file" { config = { token_file_path = "/t" } }'
  const sink = (path: string) => `{ type = "file" config = { path = "${path}" } }`
  for (const [text, paths] of [
    [`sink ${sink('/a')} sink ${sink('/b')}`, ['/a', '/b']],
    [`sinks { sink ${sink('/a')} sink ${sink('/b')} }`, ['/a', '/b']],
    [`sinks { sink "file" { config = { path = "/a" } } }`, ['/a']],
    [`sinks ${sink('/a')}`, ['/a']],
  ] as const)
    test(text, () => {
      const { configuration, findings } = load({ files: [`auto_auth { ${method} ${text} }`] })
      assert.deepEqual(findings, [])
      const { deliveries } = (configuration as any).secrets
      assert.deepEqual(
        deliveries.map((each: any) => each.token.path),
        paths,
      )
    })

  test('in JSON', () => {
    const sinks = [
      { sink: { type: 'file', config: { path: '/a' } } },
      { type: 'file', config: { path: '/b' } },
    ]
    const method = { type: 'token_file', config: { token_file_path: '/t' } }
    const { configuration, findings } = load({ files: [JSON.stringify({ auto_auth: { method, sinks } })] })
    assert.deepEqual(findings, [])
    assert.deepEqual(
      (configuration as any).secrets.deliveries.map((each: any) => each.token.path),
      ['/a', '/b'],
    )
  })

  for (const [mode, message] of [
    ['600', '0600: without the 0 before it, 600 is decimal, and another mode'],
    ['999', 'a file mode such as 0640'],
    ['"rw"', 'a file mode such as 0640'],
  ] as const)
    test(`mode = ${mode} is refused`, () =>
      assert.deepEqual(
        told({
          files: [`auto_auth { ${method} sink "file" { config = { path = "/a" mode = ${mode} } } }`],
        }),
        [`error auto_auth.sink.config.mode expected ${message}`],
      ))

  test('what else stands in sinks is told', () =>
    assert.deepEqual(told({ files: [`auto_auth { ${method} sinks { sink ${sink('/a')} wrap = 1 } }`] }), [
      'warning auto_auth.sinks.wrap is no option of Vault Agent, and has no effect',
    ]))
})

test('no file at all is no configuration', () =>
  assert.deepEqual(told({ files: [] }), ['error  no auto_auth, cache, or listener block found in config']))

describe('the command line', () => {
  for (const args of [
    ['-config=a', '-config', 'b'],
    ['--config=a', '--config', 'b'],
  ])
    test(`${args.join(' ')} names two`, () => {
      const parsed = parseCommandLine(args)
      assert.deepEqual(parsed.ok && parsed.commandLine.configs, ['a', 'b'])
    })

  for (const [args, expected] of [
    [['-exit-after-auth'], true],
    [['-exit-after-auth=true'], true],
    [['-exit-after-auth=0'], false],
    [[], undefined],
  ] as const)
    test(`${args.join(' ') || 'nothing'} means ${expected}`, () => {
      const parsed = parseCommandLine(args)
      assert.equal(parsed.ok && parsed.commandLine.exitAfterAuth, expected)
    })

  for (const [args, message] of [
    [['-nothing'], 'flag provided but not defined: -nothing'],
    [['-constructor=1'], 'flag provided but not defined: -constructor'],
    [['-config'], 'flag needs an argument: -config'],
    [['-log-rotate-bytes=x'], 'invalid value "x" for flag -log-rotate-bytes'],
    [['-log-rotate-duration=1week'], 'invalid value "1week" for flag -log-rotate-duration'],
    [['-exit-after-auth=maybe'], 'invalid value "maybe" for flag -exit-after-auth'],
  ] as const)
    test(`${args.join(' ')} is refused`, () =>
      assert.deepEqual(parseCommandLine(args), { ok: false, message }))

  test('flags of other commands are told to have no effect', () => {
    assert.deepEqual(told({ args: ['-non-interactive', '-wrap-ttl', '5m', '-config=a'] }), [
      'warning  has no effect on an agent',
      'warning  has no effect on an agent',
    ])
  })
})

describe('where the server is', () => {
  const file = `vault { address = "https://file:8200" namespace = "file" } ${MINIMAL}`

  for (const [name, given, address] of [
    ['the default', {}, 'https://127.0.0.1:8200'],
    ['a file', { files: [file] }, 'https://file:8200'],
    [
      'a variable, before a file',
      { files: [file], env: { VAULT_ADDR: 'https://variable:8200' } },
      'https://variable:8200',
    ],
    ['a variable of OpenBao', { files: [file], env: { BAO_ADDR: 'https://bao:8200' } }, 'https://bao:8200'],
    ['no variable that is empty', { files: [file], env: { VAULT_ADDR: '' } }, 'https://file:8200'],
    [
      'a flag, before a variable',
      { args: ['-address=https://flag:8200'], env: { VAULT_ADDR: 'https://v' } },
      'https://flag:8200',
    ],
    ['the last file', { files: [file, 'vault { address = "http://last" }'] }, 'http://last'],
  ] as const)
    test(`says ${name}`, () => assert.equal(sourceOf(given).address, address))

  test('of a block that there can be one of, nothing of an earlier file is left', () => {
    assert.equal(sourceOf({ files: [file, 'vault { address = "http://last" }'] }).namespace, undefined)
  })

  test('certificates in a variable or a folder become one file', () => {
    assert.equal(
      sourceOf({ env: { VAULT_CACERT_BYTES: 'PEM', VAULT_CACERT: '/ca' } }).tls.ca,
      '/bundle-of-variable',
    )
    assert.equal(sourceOf({ env: { VAULT_CAPATH: '/certificates' } }).tls.ca, '/bundle-of/certificates')
    assert.equal(sourceOf({ env: { VAULT_CACERT: 'ca.pem' } }).tls.ca, '/work/ca.pem')
  })

  for (const [env, proxy] of [
    [{ HTTPS_PROXY: 'http://proxy' }, 'http://proxy'],
    [{ https_proxy: 'http://proxy', NO_PROXY: 'other' }, 'http://proxy'],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'a, .example.com' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: 'vault.example.com:8200' }, undefined],
    [{ HTTPS_PROXY: 'http://proxy', NO_PROXY: '*' }, undefined],
    [{ HTTP_PROXY: 'http://proxy' }, undefined],
    [{ HTTPS_PROXY: '' }, undefined],
    [{ VAULT_PROXY_ADDR: 'http://own', HTTPS_PROXY: 'http://proxy', NO_PROXY: '*' }, 'http://own'],
    [{ VAULT_HTTP_PROXY: 'http://own' }, 'http://own'],
  ] as const)
    test(`${JSON.stringify(env)} leads through ${proxy ?? 'no proxy'}`, () =>
      assert.equal(sourceOf({ env: { ...env, VAULT_ADDR: 'https://vault.example.com:8200' } }).proxy, proxy))

  test('a server on this machine is asked without a proxy, unless that is for Vault alone', () => {
    const at = (env: Readonly<Record<string, string>>) =>
      sourceOf({ env: { ...env, VAULT_ADDR: 'http://127.0.0.1:8200' } }).proxy
    assert.equal(at({ HTTP_PROXY: 'http://proxy' }), undefined)
    assert.equal(at({ VAULT_PROXY_ADDR: 'http://own' }), 'http://own')
  })
})

describe('several files', () => {
  test('templates of all of them count, and the last login', () => {
    const { configuration, findings } = load({
      files: [
        `${MINIMAL} template { contents = "a" destination = "/a" }`,
        'auto_auth { method "jwt" { config = { path = "/j" role = "r" } } } template { contents = "b" destination = "b" }',
      ],
    })
    assert.deepEqual(findings, [])
    const { sources, deliveries } = (configuration as any).secrets
    assert.deepEqual(Object.keys(sources[0].vault.auth), ['jwt'])
    assert.deepEqual(
      deliveries.map((each: any) => each.file.path),
      ['/a', '/work/b'],
    )
  })

  test('mistakes of all of them are told, each in its file', () => {
    const { findings } = load({ files: ['a = ', `${MINIMAL}\nlisten = 1`] })
    assert.deepEqual(
      findings.map(({ place, message }) => `${place.file}:${place.line} ${message}`),
      [
        '1.hcl:1 expected a value, got the end of the file',
        '2.hcl:2 is no option of Vault Agent, and has no effect',
      ],
    )
  })

  test('a second block of a kind in one file is an error', () => {
    assert.deepEqual(told({ files: [`vault {} vault {} ${MINIMAL}`] }), [
      'error vault is there a second time',
    ])
  })
})

describe('what Vault Agent does not take as a whole', () => {
  const auth = 'auto_auth { method "token_file" { config = { token_file_path = "/t" } } }'
  const variable = 'env_template "A" { contents = "a" } exec { command = ["app"] }'
  const listener = 'listener "tcp" { address = "127.0.0.1:8200" tls_disable = true }'
  for (const [file, expected] of [
    ['', 'error  no auto_auth, cache, or listener block found in config'],
    [
      auth,
      'error auto_auth auto_auth requires at least one sink or at least one template or api_proxy.use_auto_auth_token=true',
    ],
    ['cache {}', 'error cache enabling the cache requires at least 1 template or 1 listener to be defined'],
    [
      `${MINIMAL} api_proxy {}`,
      'error api_proxy configuring the api_proxy requires at least 1 listener to be defined',
    ],
    [
      `${listener} cache { use_auto_auth_token = true }`,
      'error cache.use_auto_auth_token use_auto_auth_token is true but auto_auth not configured',
    ],
    [
      `${auth} ${listener} api_proxy { use_auto_auth_token = true } cache { use_auto_auth_token = true }`,
      'error cache.use_auto_auth_token use_auto_auth_token defined in both api_proxy and cache config',
    ],
    [
      `${auth} ${variable} ${listener} api_proxy {}`,
      'error api_proxy api_proxy cannot be specified with env_template entries',
    ],
    [
      `${auth} ${variable} template { contents = "a" destination = "/a" }`,
      'error template template cannot be specified with env_template entries',
    ],
    [
      `${MINIMAL} disable_keep_alives = ["auto-auth", "all"]`,
      'error disable_keep_alives unknown disable_keep_alives value: all',
    ],
  ] as const)
    test(file === '' ? 'nothing at all' : file, () => assert.deepEqual(told({ files: [file] }), [expected]))
})

describe('additional data of an encrypted sink', () => {
  const sink = (options: string) =>
    `auto_auth { method "token_file" { config = { token_file_path = "/t" } } sink "file" { dh_type = "curve25519" dh_path = "/k" ${options} config = { path = "/s" } } }`
  for (const [options, env, aad] of [
    ['aad = "file"', {}, 'file'],
    ['aad_env_var = "A"', { A: 'variable' }, 'variable'],
    ['aad = "file" aad_env_var = "A"', { A: 'variable' }, 'variable'],
    ['aad = "file" aad_env_var = "A"', {}, undefined],
  ] as const)
    test(`of ${options}, A being ${env.A ?? 'not set'}, is ${aad}`, () => {
      const { configuration } = load({ files: [sink(options)], env })
      assert.equal((configuration as any).secrets.deliveries[0].token.encrypt.aad, aad)
    })
})

describe('a listener', () => {
  const listenOf = (address: string) =>
    load({
      files: [`${MINIMAL} listener "tcp" { address = "${address}" tls_disable = true }`],
    }).behaviour.listeners.map(({ listen }) => listen)
  for (const [address, listen] of [
    ['127.0.0.1:8100', '127.0.0.1:8100'],
    [':8100', '0.0.0.0:8100'],
    ['[::1]:8100', '[::1]:8100'],
    ['2001:db8::1:8100', '[2001:db8::1]:8100'],
    ['2001:db8:0:1:1:1:1:1:8400', '[2001:db8:0:1:1:1:1:1]:8400'],
  ] as const)
    test(`at ${address} is at ${listen}`, () => assert.deepEqual(listenOf(address), [listen]))

  test('needs no login: requests bring their own token', () => {
    const given = { files: ['listener "tcp" { address = "127.0.0.1:8100" tls_disable = true }'] }
    assert.deepEqual(told(given), [])
    assert.deepEqual(sourceOf(given).auth, { none: {} })
  })
})

describe('templates', () => {
  test('of several waits the last one counts', () => {
    const template = 'template { contents = "a" destination = "/a" wait { min = "5s" } wait { min = "10s" } }'
    assert.deepEqual(told({ files: [`${MINIMAL} ${template}`] }), [
      'warning template.wait is there a second time; this one counts',
      'warning template.wait holds the command back, not the file: files are written at once',
    ])
  })

  const fileOf = (template: string, existingMode?: string) =>
    (
      load({
        files: [`${MINIMAL} template { contents = "a" destination = "/a" ${template} }`],
        ...(existingMode && { existingMode }),
      }).configuration as any
    ).secrets.deliveries[0].file

  for (const [template, existing, mode] of [
    ['', undefined, '0644'],
    ['', '0600', '0600'],
    ['perms = "0640"', '0600', '0640'],
    ['perms = 0640', undefined, '0640'],
    ['perms = "640"', undefined, '0640'],
    ['perms = ""', undefined, '0644'],
  ] as const)
    test(`{ ${template} } over ${existing ?? 'nothing'} has the mode ${mode}`, () =>
      assert.equal(fileOf(template, existing).mode, mode))

  for (const [command, run] of [
    ['command = "nginx -s reload"', ['sh', '-c', 'nginx -s reload']],
    ['command = "/reload"', ['/reload']],
    ['command = ["nginx", "-s", "reload"]', ['nginx', '-s', 'reload']],
    ['exec { command = ["a b"] }', ['sh', '-c', 'a b']],
  ] as const)
    test(`${command} runs ${run.join(' ')}`, () =>
      assert.deepEqual(fileOf(command).onChange[0].command.run, run))
})

describe('how long failures are borne', () => {
  for (const [retries, ms] of [
    [-1, 0],
    [1, 250],
    [3, 1750],
    [12, 303_750],
  ] as const)
    test(`${retries} tries are ${ms} ms`, () => assert.equal(retriesMs(retries), ms))
})

describe('durations', () => {
  for (const [text, ms] of [
    ['30', 30_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['250ms', 250],
    ['1d', 86_400_000],
    ['', undefined],
    ['5 m', undefined],
    ['m', undefined],
  ] as const)
    test(`${text || 'nothing'} is ${ms}`, () => assert.equal(parseDurationMs(text), ms))

  test('what we write is what it was', () => {
    fc.assert(fc.property(fc.nat(10_000_000_000), ms => assert.equal(parseDurationMs(durationText(ms)), ms)))
  })
})

test('a generated configuration is one that runs', () => {
  const variables = [
    { path: 'secret/data/db', key: 'password', isVersioned: true },
    { path: 'kv/odd "name"', key: 'a-b', isVersioned: false },
  ]
  const text = generatedConfiguration({
    address: 'https://v:8200',
    home: '/root',
    command: './app -x',
    variables,
  })
  const { configuration, findings } = load({ files: [text] })
  assert.deepEqual(findings, [])
  const { environment } = (configuration as any).secrets.deliveries[0]
  assert.deepEqual(
    Object.entries(environment.variables).map(([name, { template }]: [string, any]) => `${name} ${template}`),
    [
      'DB_PASSWORD {{ with secret "secret/data/db" }}{{ .Data.data.password }}{{ end }}',
      'ODD__NAME__A_B {{ with secret "kv/odd \\"name\\"" }}{{ index .Data "a-b" }}{{ end }}',
    ],
  )
})

test('whatever a file says, it is read or refused in words', () => {
  const piece = fc.constantFrom(
    ...[
      'vault',
      'auto_auth',
      'method',
      'sink',
      'template',
      'exec',
      'listener',
      'cache',
      'config',
      'env_template',
      'template_config',
    ],
    ...[
      'address',
      'path',
      'mode',
      'perms',
      'wait',
      'command',
      'telemetry',
      'type',
      'retry',
      'constructor',
      '__proto__',
    ],
    ...[
      '"file"',
      '"tcp"',
      '"jwt"',
      '"x"',
      '=',
      '=',
      '{',
      '{',
      '}',
      '}',
      '[',
      ']',
      '1',
      '-5',
      'true',
      '"0644"',
      '\n',
      ',',
    ],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), pieces => {
      for (const { message } of load({ files: [pieces.join(' ')] }).findings) assert.notEqual(message, '')
    }),
    { numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.object({ key: piece.map(key => key.replaceAll('"', '')), maxDepth: 5 }), document => {
      load({ files: [JSON.stringify(document)] })
    }),
    { numRuns: 1000 },
  )
})

describe('logins by clouds and directories', () => {
  const authOf = (type: string, config: string) =>
    sourceOf({
      files: [
        `vault { address = "http://v:8200" } auto_auth { method "${type}" { config = { ${config} } } sink "file" { config = { path = "/t" } } }`,
      ],
    }).auth
  const rows: [string, string, unknown][] = [
    [
      'ldap',
      'username = "joe", password_file_path = "pw"',
      { userpass: { username: 'joe', passwordFile: '/work/pw', removePasswordFile: true, mount: 'ldap' } },
    ],
    [
      'ldap',
      'username = "joe", password_file_path = "/pw", remove_password_after_reading = false',
      { userpass: { username: 'joe', passwordFile: '/pw', mount: 'ldap' } },
    ],
    [
      'azure',
      'role = "app", resource = "https://v", client_id = "c"',
      { azure: { role: 'app', resource: 'https://v', clientId: 'c' } },
    ],
    [
      'azure',
      'role = "app", resource = "https://v", authenticate_from_environment = true, scope = "https://s/.default"',
      { azure: { role: 'app', resource: 'https://s/.default', fromEnvironment: true } },
    ],
    ['gcp', 'type = "gce", role = "app"', { gcp: { role: 'app' } }],
    [
      'gcp',
      'type = "iam", role = "app", credentials = "key.json", jwt_exp = 10',
      { gcp: { role: 'app', credentialsFile: '/work/key.json', lifetime: '10m' } },
    ],
  ]
  for (const [type, config, expected] of rows)
    test(`${type} { ${config} }`, () => assert.deepEqual(authOf(type, config), expected))

  test('gcp of the type iam without credentials says what to do', () => {
    const [message] = told({
      files: [
        'vault { address = "http://v:8200" } auto_auth { method "gcp" { config = { type = "iam", role = "app" } } }',
      ],
    })
    assert.match(message!, /the type iam needs credentials/)
  })
})
