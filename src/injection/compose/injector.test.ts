// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of Compose
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import { readManifests } from '../../manifests/read.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import { fakeCatalogue } from './catalogue-fake.ts'
import type { ComposeContext } from './injection.ts'
import { injectCompose } from './injector.ts'
import { circles, startOrder } from './start-order.ts'
import { STATUS_KEY, statusOfCompose } from './status.ts'
import { tagsOf } from './tags.ts'
import { uninjectCompose } from './uninject.ts'

const catalogue = fakeCatalogue()

function injected(text: string, context: ComposeContext = {}) {
  const document = parse(text, { merge: true }) as Json
  const result = injectCompose(document, catalogue, context)
  const after = applyPatch(document, result.patch) as JsonObject
  return {
    ...result,
    document,
    after,
    service: (name: string) => at(after, ['services', name]) as JsonObject,
    codes: result.findings.map(({ code }) => code),
    outcome: (name: string) => {
      const found = result.status.find(({ workload }) => workload.name === name)
      return found?.reason ?? found?.outcome
    },
  }
}

const WEB = `
services:
  web:
    image: shop/web:1
    labels: { outrigger.dev/inject: logs }
`

describe('a service that asks for a sidecar', () => {
  it('gets it as a service beside it, with its files, volumes and limits, and waits for it', () => {
    const { service, after, codes, outcome } = injected(WEB)
    assert.equal(outcome('web'), 'injected')
    assert.deepEqual(service('web'), {
      image: 'shop/web:1',
      labels: { 'outrigger.dev/inject': 'logs' },
      volumes: ['web-agent-logs:/var/log/app'],
      depends_on: { 'web-agent': { condition: 'service_healthy' } },
    })
    assert.deepEqual(service('web-agent'), {
      image: 'example/agent:1',
      command: ['run', '--var', '$${HOME}'],
      healthcheck: { test: ['CMD', 'agent', 'health'], interval: '5s' },
      volumes: [
        'web-agent-data:/var/lib/agent',
        '/tmp',
        {
          type: 'volume',
          source: 'web-agent-logs',
          target: '/var/log/app',
          read_only: true,
          volume: { nocopy: true },
        },
      ],
      configs: [{ source: 'web-agent-agent.yaml', target: '/etc/agent/agent.yaml' }],
      deploy: {
        resources: { limits: { cpus: '0.5', memory: '64M' }, reservations: { cpus: '0.025', memory: '32M' } },
      },
      restart: 'on-failure',
      stop_grace_period: '15s',
    })
    assert.deepEqual(after['volumes'], { 'web-agent-data': {}, 'web-agent-logs': {} })
    assert.match(
      String(at(after, ['configs', 'web-agent-agent.yaml', 'content'])),
      /home: \$\$\{HOME\}\napp: web/,
    )
    assert.deepEqual(codes, ['container-name'])
  })

  const ways: readonly (readonly [how: string, text: string])[] = [
    ['by a label in a list', 'services: {web: {image: a, labels: ["outrigger.dev/inject=logs"]}}'],
    ['by an annotation', 'services: {web: {image: a, annotations: {outrigger.dev/inject: logs}}}'],
    ['by an extension of its own', 'services: {web: {image: a, x-outrigger: {inject: logs}}}'],
    ['by an extension with quotes', 'services: {web: {image: a, x-outrigger: {"inject": "logs"}}}'],
    ['by an extension with a list', 'services: {web: {image: a, x-outrigger: {inject: [logs]}}}'],
    ['by the whole file', 'x-outrigger: {inject: logs}\nservices: {web: {image: a}}'],
    [
      'by extends',
      'services: {base: {image: a, labels: {outrigger.dev/inject: logs}}, web: {extends: base}}',
    ],
    [
      'by an anchor',
      'x-asks: &asks {labels: {outrigger.dev/inject: logs}}\nservices: {web: {image: a, <<: *asks}}',
    ],
  ]
  for (const [how, text] of ways)
    it(`may ask ${how}`, () => assert.equal(injected(text).outcome('web'), 'injected'))

  it('may be asked for by the caller', () => {
    const { outcome } = injected(
      'services: {web: {image: a}, db: {image: b, x-outrigger: {skip: a database}}}',
      {
        inject: 'logs',
      },
    )
    assert.deepEqual([outcome('web'), outcome('db')], ['injected', 'skip_annotation'])
  })

  it('is heard before the caller, and the caller before the file', () => {
    const text =
      'x-outrigger: {inject: logs, logs.path: /file}\nservices: {a: {image: a}, b: {image: b, x-outrigger: {logs.path: /own}}}'.replaceAll(
        'logs.path',
        'agent.logs.path',
      )
    const { after } = injected(text, { settings: { 'agent.logs.path': '/caller' } })
    const paths = ['a', 'b'].map(name => at(after, ['services', `${name}-agent`, 'volumes', 2, 'target']))
    assert.deepEqual(paths, ['/caller', '/own'])
    assert.equal(at(injected(text).after, ['services', 'a-agent', 'volumes', 2, 'target']), '/file')
  })
})

describe('what an injection cannot do', () => {
  const refused: readonly (readonly [what: string, service: string, reason: string, message: RegExp])[] = [
    [
      'an unknown entry',
      '{image: a, x-outrigger: {inject: nothing}}',
      'unknown_entry',
      /no sidecar "nothing"/,
    ],
    ['an entry without a form', '{image: a, x-outrigger: {inject: bare}}', 'no_compose_form', /no form/],
    ['rivals', '{image: a, x-outrigger: {inject: "proxy,rival"}}', 'conflict', /rival and proxy/],
    [
      'a setting with a variable',
      '{image: a, labels: {outrigger.dev/inject: logs, outrigger.dev/agent.logs.path: "${LOGS}"}}',
      'invalid_annotation',
      /variable of Compose/,
    ],
    [
      'a parameter that there is not',
      '{image: a, x-outrigger: {inject: logs, agent.logs.pth: x}}',
      'invalid_parameter',
      /no parameter/,
    ],
    [
      'an unknown mode',
      '{image: a, x-outrigger: {inject: logs, compose.mode: host}}',
      'invalid_parameter',
      /must be network, pause or none, not "host"/,
    ],
    [
      'a service that runs no container',
      '{provider: {type: x}, x-outrigger: {inject: logs}}',
      'invalid_pod',
      /provider/,
    ],
    [
      'a tmpfs as the shared folder',
      '{image: a, tmpfs: /var/log, x-outrigger: {inject: logs}}',
      'shared_folder',
      /tmpfs/,
    ],
    [
      'one port for both in one network',
      '{image: a, expose: [9901], x-outrigger: {inject: proxy}}',
      'port_collision',
      /port 9901/,
    ],
  ]
  for (const [what, service, reason, message] of refused)
    it(`${what} leaves the file as it was, and is told`, () => {
      const { outcome, patch, findings } = injected(`services: {web: ${service}}`)
      assert.equal(outcome('web'), reason)
      assert.deepEqual(patch, [])
      const told = findings.find(({ code }) => code === reason)
      assert.match(told?.message ?? '', message)
      assert.deepEqual(told?.path.slice(0, 2), ['services', 'web'])
    })

  it('a service of the name that the sidecar would have stays, and the application has none', () => {
    const { outcome, patch } = injected(`${WEB}  web-agent: { image: other }\n`)
    assert.equal(outcome('web'), 'container_exists')
    assert.deepEqual(patch, [])
  })

  it('what others extend gets nothing, since they would get it', () => {
    const { outcome, after } = injected(
      'services: {base: {image: a, x-outrigger: {inject: logs}}, web: {extends: base}}',
    )
    assert.deepEqual([outcome('base'), outcome('web')], ['extended_service', 'injected'])
    assert.deepEqual(Object.keys(after['services'] as object), ['base', 'web', 'web-agent'])
  })

  const tagged: readonly (readonly [what: string, service: string, outcome: string])[] = [
    ['below !reset', '{image: a, volumes: !reset [], x-outrigger: {inject: logs}}', 'tagged_value'],
    [
      'in a list that is !override',
      '{image: a, volumes: !override [], x-outrigger: {inject: logs}}',
      'injected',
    ],
    [
      'for a list that is !override',
      '{image: a, depends_on: !override [b], x-outrigger: {inject: logs}}',
      'tagged_value',
    ],
    [
      'for ports that are !override and have to move',
      '{image: a, ports: !override ["1:1"], x-outrigger: {inject: proxy, compose.mode: pause}}',
      'tagged_value',
    ],
    [
      'beside another value that is !reset',
      '{image: a, command: !reset null, x-outrigger: {inject: logs}}',
      'injected',
    ],
  ]
  for (const [what, service, outcome] of tagged)
    it(`a value ${what} ${outcome === 'injected' ? 'is added' : 'would change what the tag means'}`, () => {
      const { yaml, value } = readManifests('', `services: {b: {image: b}, web: ${service}}`).documents[0]!
      const { status } = injectCompose(value, catalogue, { tags: tagsOf(yaml, value) })
      assert.equal(status[1]?.reason ?? status[1]?.outcome, outcome)
    })

  it('one service does not keep others from theirs', () => {
    const { outcome } = injected(`${WEB}  api: { image: a, x-outrigger: { inject: nothing } }\n`)
    assert.deepEqual([outcome('web'), outcome('api')], ['injected', 'unknown_entry'])
  })

  it('a misspelt word is told with its place', () => {
    const { findings } = injected('services: {web: {image: a, labels: ["outrigger.dev/injct=logs"]}}')
    assert.deepEqual(
      findings.map(({ code, path }) => [code, path]),
      [['unknown-annotation', ['services', 'web', 'labels', 0]]],
    )
  })

  for (const document of [
    null,
    1,
    'a',
    [],
    {},
    { services: null },
    { services: [] },
    { services: { web: null } },
  ])
    it(`${JSON.stringify(document)} gets nothing`, () => {
      assert.deepEqual(injectCompose(document as Json, catalogue, { inject: 'logs' }).patch, [])
    })
})

describe('a shared folder', () => {
  const table: readonly (readonly [what: string, service: string, volumes: Json, more?: Json])[] = [
    ['in a named volume', '{volumes: ["logs:/var/log/app"]}', [named('logs', '/var/log/app')]],
    ['in a folder of the machine', '{volumes: ["./logs:/var/log/app:z"]}', ['./logs:/var/log/app:ro,z']],
    ['below a mount', '{volumes: ["./var:/var"]}', ['./var:/var:ro']],
    [
      'in the long form',
      '{volumes: [{type: bind, source: ./l, target: /var/log/app, bind: {create_host_path: true}}]}',
      [
        {
          type: 'bind',
          source: './l',
          target: '/var/log/app',
          bind: { create_host_path: true },
          read_only: true,
        },
      ],
    ],
    [
      'with another mount within',
      '{volumes: ["logs:/var/log/app", "more:/var/log/app/more"]}',
      [named('logs', '/var/log/app'), named('more', '/var/log/app/more')],
    ],
    ['of a variable', '{volumes: ["${LOGS:-./logs}:/var/log/app"]}', ['${LOGS:-./logs}:/var/log/app:ro']],
  ]
  for (const [what, service, volumes] of table)
    it(`${what} is the same for both, read-only for the reader`, () => {
      const text = `services: {web: {image: a, x-outrigger: {inject: logs}, ...}}`.replace(
        '...',
        service.slice(1, -1),
      )
      const { service: get, document } = injected(text)
      assert.deepEqual((get('web-agent')['volumes'] as Json[]).slice(2), volumes)
      assert.deepEqual(get('web')['volumes'], at(document, ['services', 'web', 'volumes']))
    })

  it('that comes by volumes_from is taken from where it comes from', () => {
    const { service } = injected(
      'services: {web: {image: a, volumes_from: ["base:ro"], x-outrigger: {inject: logs}}, base: {image: b, volumes: ["logs:/var/log"]}}',
    )
    assert.deepEqual(service('web-agent')['volumes'], [
      'web-agent-data:/var/lib/agent',
      '/tmp',
      named('logs', '/var/log'),
    ])
  })

  it('in a volume without a name comes by volumes_from; then the application cannot wait', () => {
    const { service, codes } = injected(
      'services: {web: {image: a, volumes: [/var/log/app], x-outrigger: {inject: logs}}}',
    )
    assert.deepEqual(service('web-agent')['volumes_from'], ['web:ro'])
    assert.equal(service('web')['depends_on'], undefined)
    assert.ok(codes.includes('starts-after-application'))
  })

  it('that the sidecar writes is read-only for the application, and in memory when it asks for that', () => {
    const { service, after, codes } = injected('services: {web: {image: a, x-outrigger: {inject: writer}}}')
    assert.deepEqual(service('web')['volumes'], [
      named('web-writer-secrets', '/run/secrets/app'),
      'web-writer-sockets:/run/sockets',
    ])
    assert.deepEqual(service('web-writer')['volumes'], [
      'web-writer-sockets:/run/sockets',
      { type: 'volume', source: 'web-writer-secrets', target: '/secrets' },
    ])
    assert.deepEqual(at(after, ['volumes', 'web-writer-secrets', 'driver_opts']), {
      type: 'tmpfs',
      device: 'tmpfs',
      o: 'size=16777216',
    })
    assert.ok(codes.includes('variable-left-out'))
  })
})

describe('the network', () => {
  it('of the application is shared; then the sidecar starts after it, and its ports are published there', () => {
    const { service, after, codes } = injected(
      'services: {web: {image: a, ports: ["80:80"], restart: always, x-outrigger: {inject: proxy}}}',
    )
    assert.equal(service('web-proxy')['network_mode'], 'service:web')
    assert.equal(service('web-proxy')['ports'], undefined)
    assert.equal(service('web-proxy')['hostname'], undefined)
    assert.equal(service('web-proxy')['stop_grace_period'], '40s')
    assert.deepEqual(service('web')['ports'], ['80:80', '9901:9901'])
    assert.deepEqual(service('web')['environment'], { HTTP_PROXY: 'http://127.0.0.1:15001/$$' })
    assert.equal(service('web')['depends_on'], undefined)
    assert.deepEqual(circles(startOrder(after)), [])
    assert.deepEqual(codes, ['ports-published', 'starts-after-application', 'network-lost'])
  })

  it('is held by a service in between when that is asked for, and both wait for each other no more', () => {
    const { service, codes } = injected(`
services:
  web:
    image: a
    container_name: shop
    ports: ["80:80"]
    networks: { front: { ipv4_address: 10.0.0.9 }, back: }
    extra_hosts: ["x:10.0.0.1"]
    restart: always
    profiles: [shop]
    x-outrigger: { inject: proxy, compose.mode: pause }
`)
    assert.deepEqual(service('web-network'), {
      image: 'registry.k8s.io/pause:3.10',
      ports: ['80:80', '9901:9901'],
      extra_hosts: ['x:10.0.0.1'],
      networks: {
        front: { ipv4_address: '10.0.0.9', aliases: ['web', 'shop'] },
        back: { aliases: ['web', 'shop'] },
      },
      profiles: ['shop'],
      restart: 'unless-stopped',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      deploy: { resources: { limits: { cpus: '0.05', memory: '16M' }, reservations: { memory: '4M' } } },
    })
    for (const name of ['web', 'web-proxy'])
      assert.equal(service(name)['network_mode'], 'service:web-network')
    assert.equal(service('web')['ports'], undefined)
    assert.deepEqual(service('web')['depends_on'], { 'web-proxy': { condition: 'service_healthy' } })
    assert.deepEqual(service('web-proxy')['profiles'], ['shop'])
    assert.deepEqual(codes, ['network-moved'])
  })

  it('is not taken from the application because an entry wants so', () => {
    const { service, codes } = injected('services: {web: {image: a, x-outrigger: {inject: mesh}}}')
    assert.equal(service('web-network'), undefined)
    assert.equal(service('web-mesh')['network_mode'], 'service:web')
    assert.ok(codes.includes('pause-not-asked'))
  })

  const shared: readonly (readonly [mode: string, more: string])[] = [
    ['host', ''],
    ['service:pod', ', pod: {image: p}'],
    ['container:other', ''],
  ]
  for (const [mode, more] of shared)
    it(`that the application has from elsewhere (${mode}) is joined there, and the application waits`, () => {
      const { service } = injected(
        `services: {web: {image: a, network_mode: "${mode}", x-outrigger: {inject: proxy}}${more}}`,
      )
      assert.equal(service('web-proxy')['network_mode'], mode)
      assert.deepEqual(service('web')['depends_on'], { 'web-proxy': { condition: 'service_healthy' } })
      if (mode === 'service:pod') assert.deepEqual(service('pod')['ports'], ['9901:9901'])
    })

  it('of its own is beside that of the application', () => {
    const { service } = injected(
      'services: {web: {image: a, networks: {front: {aliases: [w]}, back: null}, x-outrigger: {inject: logs}}}',
    )
    assert.deepEqual(service('web-agent')['networks'], ['front', 'back'])
  })

  it('is not moved where others link to the service, or extends brings parts of it', () => {
    for (const text of [
      'services: {web: {image: a, x-outrigger: {inject: proxy, compose.mode: pause}}, b: {image: b, links: [web]}}',
      'services: {web: {extends: b, x-outrigger: {inject: proxy, compose.mode: pause}}, b: {image: b, ports: ["1:1"]}}',
    ])
      assert.equal(injected(text).outcome('web'), 'network_not_movable')
  })
})

describe('the start order', () => {
  it('keeps what the short form of depends_on says', () => {
    const { service, document, after } = injected(
      'services: {web: {image: a, depends_on: [db, "2", "1"], x-outrigger: {inject: logs}}, db: {image: b}, "1": {image: c}, "2": {image: d}}',
    )
    const started = { condition: 'service_started' }
    assert.deepEqual(service('web')['depends_on'], {
      db: started,
      '2': started,
      '1': started,
      'web-agent': { condition: 'service_healthy' },
    })
    assert.deepEqual(applyPatch(after, uninjectCompose(after).patch), document)
  })

  it('makes the short form longer where it has variables, since keys have none', () => {
    const { service, codes } = injected(
      'services: {web: {image: a, depends_on: ["${DB}"], x-outrigger: {inject: logs}}}',
    )
    assert.deepEqual(service('web')['depends_on'], ['${DB}', 'web-agent'])
    assert.ok(codes.includes('start-order'))
  })

  it('of several sidecars is that of their entries', () => {
    const { service, after } = injected(
      'services: {web: {image: a, x-outrigger: {inject: "logs,writer,proxy"}}}',
    )
    assert.deepEqual(service('web-agent')['depends_on'], { 'web-writer': { condition: 'service_started' } })
    assert.deepEqual(service('web')['depends_on'], {
      'web-writer': { condition: 'service_started' },
      'web-agent': { condition: 'service_healthy' },
    })
    assert.deepEqual(circles(startOrder(after)), [])
  })
})

describe('what is told', () => {
  const table: readonly (readonly [what: string, text: string, code: string])[] = [
    ['several containers in one network', '{image: a, scale: 2, x-outrigger: {inject: proxy}}', 'replicas'],
    [
      'one sidecar for several containers',
      '{image: a, deploy: {replicas: 2}, x-outrigger: {inject: logs}}',
      'replicas',
    ],
    [
      'a folder that is read-only',
      '{image: a, volumes: ["logs:/var/log:ro"], x-outrigger: {inject: logs}}',
      'read-only-folder',
    ],
    [
      'a variable of the user',
      '{image: a, environment: ["HTTP_PROXY=x"], x-outrigger: {inject: proxy}}',
      'variable-exists',
    ],
    [
      'a name that leads nowhere',
      '{image: a, x-outrigger: {inject: proxy, compose.mode: none}}',
      'not-on-localhost',
    ],
    [
      'what is not seen',
      '{extends: {file: b.yaml, service: c}, x-outrigger: {inject: logs}}',
      'extends-unseen',
    ],
  ]
  for (const [what, service, code] of table)
    it(what, () => {
      const { codes, outcome } = injected(`services: {web: ${service}}`)
      assert.equal(outcome('web'), 'injected')
      assert.ok(codes.includes(code), codes.join())
    })

  it('services of other files', () => {
    const { findings } = injected(`include: [other.yaml]\n${WEB}`)
    assert.deepEqual(findings[0]?.path, ['include'])
  })
})

describe('a second round', () => {
  it('changes nothing', () => {
    const { after } = injected(WEB)
    const again = injectCompose(after, catalogue)
    assert.deepEqual(again.patch, [])
    assert.deepEqual(
      again.status.map(({ workload, reason }) => [workload.name, reason]),
      [['web', 'already_injected']],
    )
  })

  it('changes nothing in a file of as many services as there may be, and a larger one is refused', () => {
    const services = (count: number): JsonObject =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { image: 'a' }]))
    const document = {
      services: { ...services(999), web: { image: 'b', labels: { 'outrigger.dev/inject': 'logs' } } },
    }
    const first = injectCompose(document, catalogue)
    assert.equal(first.status.at(-1)?.outcome, 'injected')
    assert.deepEqual(injectCompose(applyPatch(document, first.patch) as Json, catalogue).patch, [])
    const larger = injectCompose({ services: services(1001) }, catalogue, { inject: 'logs' })
    assert.deepEqual([larger.patch.length, larger.findings[0]?.code], [0, 'invalid-compose'])
  })

  it('gives what a changed wish would have given at first', () => {
    const { after } = injected(WEB)
    const change = (document: Json) =>
      applyPatch(document, [
        { op: 'add', path: '/services/web/labels/outrigger.dev~1inject', value: 'logs,proxy' },
      ]) as JsonObject
    const again = injectCompose(change(after), catalogue)
    const fresh = change(injected(WEB).document)
    assert.deepEqual(
      applyPatch(change(after), again.patch),
      applyPatch(fresh, injectCompose(fresh, catalogue).patch),
    )
  })

  it('lets a service that fails now, or asks no more, keep what it has', () => {
    const { after } = injected(`${WEB}  api: { image: b, x-outrigger: { inject: proxy } }\n`)
    const asksNoMore = applyPatch(after, [{ op: 'remove', path: '/services/web/labels' }]) as JsonObject
    assert.deepEqual(injectCompose(asksNoMore, catalogue).patch, [])
    const broken = applyPatch(after, [
      { op: 'add', path: '/services/web/labels/outrigger.dev~1inject', value: 'nothing' },
    ]) as JsonObject
    const again = injectCompose(broken, catalogue)
    assert.deepEqual(again.patch, [])
    assert.deepEqual(
      again.status.map(({ reason }) => reason),
      ['unknown_entry', 'already_injected'],
    )
    assert.deepEqual(again.findings.map(({ code }) => code)[0], 'unknown_entry')
  })

  it('takes the sidecars of a service that wants none any more', () => {
    const { after } = injected('services: {web: {image: a, labels: {x: y}}}', { inject: 'logs' })
    const skips = applyPatch(after, [
      { op: 'add', path: '/services/web/labels/outrigger.dev~1skip', value: 'no logs' },
    ]) as JsonObject
    const again = injectCompose(skips, catalogue, { inject: 'logs' })
    assert.deepEqual(applyPatch(skips, again.patch), {
      services: { web: { image: 'a', labels: { x: 'y', 'outrigger.dev/skip': 'no logs' } } },
    })
  })
})

describe('the status', () => {
  it('tells what each service has, and what is missing of it', () => {
    const { after } = injected(WEB)
    const [status] = statusOfCompose(after)
    assert.deepEqual(status?.missing, [])
    assert.deepEqual(
      status?.entries.map(({ name, service }) => [name, service]),
      [['agent', 'web-agent']],
    )
    const half = applyPatch(after, [{ op: 'remove', path: '/services/web-agent' }]) as JsonObject
    assert.deepEqual(statusOfCompose(half)[0]?.missing, ['web-agent'])
  })

  const wrong: readonly (readonly [what: string, status: Json])[] = [
    ['no mapping', 'x'],
    ['another version', { v: 2, services: {} }],
    ['no services', { v: 1 }],
    ['entries of another shape', { v: 1, services: { web: { entries: [1], services: [] } } }],
    ['services of the user', { v: 1, services: { web: { entries: [], services: ['db'] } } }],
    [
      'changes of another shape',
      { v: 1, services: { web: { entries: [], services: [], changes: { web: 1 } } } },
    ],
  ]
  for (const [what, status] of wrong)
    it(`is refused when it is ${what}, and nothing is taken away`, () => {
      const document = { services: { web: { image: 'a' }, db: { image: 'b' } }, [STATUS_KEY]: status }
      for (const { patch, findings } of [
        uninjectCompose(document),
        injectCompose(document, catalogue, { inject: 'logs' }),
      ]) {
        assert.deepEqual(patch, [])
        assert.deepEqual(
          findings.map(({ code }) => code),
          ['unreadable_status'],
        )
      }
      assert.deepEqual(statusOfCompose(document), [])
    })

  it('is understood after Compose has rewritten the file', () => {
    const { after } = injected(
      'services: {web: {image: a, depends_on: [db], environment: [A=1], x-outrigger: {inject: "logs,proxy"}}, db: {image: b}}',
    )
    const services = after['services'] as Record<string, JsonObject>
    const web = services['web']!
    const rewritten = {
      ...after,
      services: {
        ...services,
        web: {
          ...web,
          environment: { A: '1', HTTP_PROXY: 'http://127.0.0.1:15001/$$' },
          depends_on: {
            db: { condition: 'service_started', required: true },
            'web-agent': { condition: 'service_healthy', required: true },
          },
          volumes: [{ type: 'volume', source: 'web-agent-logs', target: '/var/log/app', volume: {} }],
          ports: [{ mode: 'ingress', target: 9901, published: '9901', protocol: 'tcp' }],
        },
      },
    }
    assert.deepEqual(applyPatch(rewritten, uninjectCompose(rewritten).patch), {
      services: {
        web: {
          image: 'a',
          depends_on: ['db'],
          environment: { A: '1' },
          'x-outrigger': { inject: 'logs,proxy' },
        },
        db: { image: 'b' },
      },
    })
  })

  it('is understood where Compose has written down that the application waits for the holder of its network', () => {
    const { document, after } = injected(
      'services: {web: {image: a, depends_on: [db], ports: ["80:80"], x-outrigger: {inject: proxy, compose.mode: pause}}, db: {image: b}}',
    )
    const rewritten = applyPatch(after, [
      {
        op: 'add',
        path: '/services/web/depends_on/web-network',
        value: { condition: 'service_started', restart: true, required: true },
      },
    ]) as JsonObject
    assert.deepEqual(applyPatch(rewritten, uninjectCompose(rewritten).patch), document)
  })
})

function named(source: string, target: string): JsonObject {
  return { type: 'volume', source, target, read_only: true, volume: { nocopy: true } }
}
