// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of Compose
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { graceMsOf } from './grace.ts'
import { mountAt, mountedAt, mountsOf } from './mounts.ts'
import {
  effectiveService,
  escapeDollars,
  hasVariable,
  pairsOf,
  plain,
  portsOf,
  replicasOf,
} from './project.ts'
import { circles, edgesFrom, startOrder, wayBetween } from './start-order.ts'

describe('a service with extends', () => {
  const services = {
    base: {
      image: 'a',
      labels: { x: '1', y: '1' },
      volumes: ['v:/v'],
      depends_on: ['db'],
      restart: 'always',
    },
    web: {
      extends: 'base',
      labels: ['x=2'],
      volumes: ['w:/w'],
      depends_on: { cache: { condition: 'service_healthy' } },
    },
    circle: { extends: { service: 'circle' } },
    far: { extends: { file: 'other.yaml', service: 'base' }, image: 'b' },
  }

  it('has what it takes from services of the same file', () => {
    const { service, unseen } = effectiveService({ services }, 'web')
    assert.equal(unseen, false)
    assert.deepEqual(service['volumes'], ['v:/v', 'w:/w'])
    assert.deepEqual(service['labels'], { x: '2', y: '1' })
    assert.deepEqual(Object.keys(service['depends_on'] as object), ['db', 'cache'])
    assert.equal(service['restart'], 'always')
  })

  for (const name of ['far', 'circle'])
    it(`is not wholly seen when it takes from ${name === 'far' ? 'another file' : 'itself'}`, () => {
      assert.equal(effectiveService({ services }, name).unseen, true)
    })
})

describe('mounts', () => {
  const table: readonly (readonly [
    written: unknown,
    kind: string,
    source: string | undefined,
    target: string,
    readOnly: boolean,
  ])[] = [
    ['logs:/var/log', 'volume', 'logs', '/var/log', false],
    ['logs:/var/log/:ro', 'volume', 'logs', '/var/log', true],
    ['./logs:/var//log:z,ro', 'bind', './logs', '/var/log', true],
    ['~/logs:/l', 'bind', '~/logs', '/l', false],
    ['/var/log', 'anonymous', undefined, '/var/log', false],
    ['${LOGS:-/var/log}:/l:ro', 'volume', '${LOGS:-/var/log}', '/l', true],
    ['C:\\logs:/l', 'bind', 'C:\\logs', '/l', false],
    [{ type: 'volume', source: 'a', target: '/a', read_only: true }, 'volume', 'a', '/a', true],
    [{ type: 'volume', target: '/a' }, 'anonymous', undefined, '/a', false],
    [{ type: 'tmpfs', target: '/a' }, 'tmpfs', undefined, '/a', false],
    [{ type: 'npipe', source: 'p', target: '/a' }, 'other', 'p', '/a', false],
  ]
  for (const [written, kind, source, target, readOnly] of table)
    it(`reads ${JSON.stringify(written)}`, () => {
      const [mount] = mountsOf({ volumes: [written as string] })
      assert.deepEqual(
        [mount?.kind, mount?.source, mount?.target, mount?.readOnly],
        [kind, source, target, readOnly],
      )
    })

  it('finds the nearest mount above a path', () => {
    const mounts = mountsOf({ volumes: ['va:/var', 'vb:/var/log', 'vc:/var/logs'], tmpfs: '/tmp:size=1m' })
    assert.equal(mountAt(mounts, '/var/log/app')?.source, 'vb')
    assert.equal(mountAt(mounts, '/var/log')?.source, 'vb')
    assert.equal(mountAt(mounts, '/tmp/x')?.kind, 'tmpfs')
    assert.equal(mountAt(mounts, '/varnish'), undefined)
  })

  it('are repeated read-only, and a volume without filling it from the image of the reader', () => {
    const [bind, volume, long] = mountsOf({
      volumes: [
        './logs:/l:z',
        'logs:/m',
        { type: 'bind', source: '/s', target: '/n', bind: { propagation: 'rslave' } },
      ],
    })
    assert.equal(mountedAt(bind!, '/l', true), './logs:/l:ro,z')
    assert.deepEqual(mountedAt(volume!, '/m', true), {
      type: 'volume',
      source: 'logs',
      target: '/m',
      read_only: true,
      volume: { nocopy: true },
    })
    assert.deepEqual(mountedAt(long!, '/x', true), {
      type: 'bind',
      source: '/s',
      target: '/x',
      bind: { propagation: 'rslave' },
      read_only: true,
    })
  })
})

describe('values of Compose', () => {
  it('labels are a mapping or a list', () => {
    assert.deepEqual(pairsOf(['a=1', 'b', 'c=d=e']), { a: '1', b: null, c: 'd=e' })
    assert.deepEqual(pairsOf({ a: 1 }), { a: 1 })
    assert.deepEqual(pairsOf(null), {})
  })

  it('dollars are doubled so that Compose gives them back', () => {
    assert.deepEqual(escapeDollars({ a: ['$HOME ${X} $$'] }), { a: ['$$HOME $${X} $$$$'] })
    assert.equal(plain('$$HOME'), '$HOME')
    assert.deepEqual(['$$HOME', '$HOME', '${X}', 'x', '$$$X'].map(hasVariable), [
      false,
      true,
      true,
      false,
      true,
    ])
  })

  it('ports in every form', () => {
    const ports = [
      '8080:80',
      '127.0.0.1:8001:8001/tcp',
      '3000-3005',
      9000,
      { target: 53 },
      '${P}:443',
      '${P}',
    ]
    assert.deepEqual(portsOf({ ports, expose: ['80', 81] }), [80, 8001, 3000, 9000, 53, 443, 81])
  })

  it('replicas by scale and deploy, one where it cannot be known', () => {
    assert.deepEqual(
      [{}, { scale: 2 }, { deploy: { replicas: 3 } }, { scale: '${N}' }, { deploy: { replicas: 0 } }].map(
        replicasOf,
      ),
      [1, 2, 3, 1, 0],
    )
  })

  it('grace periods', () => {
    const times = [undefined, '1m30s', '500ms', '${G}', '1.5s', 10].map(value =>
      graceMsOf(value === undefined ? {} : { stop_grace_period: value }),
    )
    assert.deepEqual(times, [10_000, 90_000, 500, undefined, 1500, undefined])
  })
})

describe('the start order', () => {
  const document = {
    services: {
      web: { depends_on: ['db'], volumes_from: ['base:ro', 'container:x'], links: ['db:database'] },
      proxy: { network_mode: 'service:web', pid: 'service:web' },
      db: {},
      base: { depends_on: { proxy: { condition: 'service_healthy' } } },
    },
  }

  it('comes from depends_on, namespaces, volumes_from and links', () => {
    assert.deepEqual(
      startOrder(document).map(({ from, to, key, path }) => [from, to, key, path.slice(2).join('.')]),
      [
        ['web', 'db', 'depends_on', 'depends_on.0'],
        ['web', 'base', 'volumes_from', 'volumes_from.0'],
        ['web', 'db', 'links', 'links.0'],
        ['proxy', 'web', 'network_mode', 'network_mode'],
        ['proxy', 'web', 'pid', 'pid'],
        ['base', 'proxy', 'depends_on', 'depends_on.proxy'],
      ],
    )
  })

  it('has a shortest way between two services, or none', () => {
    const edges = (name: string) => edgesFrom(document, name)
    assert.deepEqual(
      wayBetween(edges, 'proxy', 'db')?.map(({ to }) => to),
      ['web', 'db'],
    )
    assert.deepEqual(wayBetween(edges, 'web', 'web'), [])
    assert.equal(wayBetween(edges, 'db', 'web'), undefined)
  })

  it('has each circle once', () => {
    assert.deepEqual(
      circles(startOrder(document)).map(circle => circle.map(({ from }) => from)),
      [['web', 'base', 'proxy']],
    )
  })
})
