// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are variables of Compose
import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/manifests/json.ts'

/** What a service may have besides what injection touches: as it is before, it must be after. */
const OTHERS: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  command: fc.constantFrom<Json>(null, 'run --fast', ['sh', '-c', 'echo $$HOME'], '${COMMAND:-run}'),
  restart: fc.constantFrom('no', 'always', 'on-failure:3', 'unless-stopped'),
  stop_grace_period: fc.constantFrom('1m30s', '500ms', '${GRACE:-5s}', '20s'),
  user: fc.constantFrom('1000', '1000:1000'),
  cap_add: fc.constantFrom<Json>(['NET_BIND_SERVICE']),
  ulimits: fc.constantFrom<Json>({ nofile: { soft: 1, hard: 2 }, nproc: 9 }),
  logging: fc.constantFrom<Json>({ driver: 'json-file', options: { 'max-size': '1m' } }),
  deploy: fc.constantFrom<Json>(
    { resources: { limits: { memory: '64M' } } },
    { replicas: 2, labels: { a: 'b' } },
    null,
  ),
  secrets: fc.constantFrom<Json>(['token'], [{ source: 'token', target: '/t', mode: 292 }]),
  annotations: fc.constantFrom<Json>({ team: 'shop' }, ['team=shop']),
  gpus: fc.constant<Json>('all'),
  post_start: fc.constantFrom<Json>([{ command: ['true'], user: 'root' }]),
  healthcheck: fc.constantFrom<Json>(
    { test: ['CMD', 'true'], start_interval: '1s' },
    { disable: true },
    { test: 'exit 0', retries: 3 },
  ),
  'x-team': fc.jsonValue({ maxDepth: 1 }).map(value => JSON.parse(JSON.stringify(value).replaceAll('$', ''))),
  init: fc.constant(true),
  env_file: fc.constantFrom<Json>([{ path: 'a.env', required: false }]),
  pull_policy: fc.constantFrom('always', 'daily'),
}

/** What belongs to the network, and what injection may add to. */
const NETWORK: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  ports: fc.constantFrom<Json>(
    ['8080:80'],
    [{ target: 80, published: '8080', protocol: 'tcp' }, '127.0.0.1:53:53/udp'],
    ['${PORT:-8081}:81'],
  ),
  expose: fc.constantFrom<Json>(['3000'], [3000, '3001']),
  networks: fc.constantFrom<Json>(['front'], { front: { aliases: ['www'] }, back: null }, null as never),
  hostname: fc.constant('host'),
  extra_hosts: fc.constantFrom<Json>(['a:10.0.0.1'], { a: '10.0.0.1' }),
  dns: fc.constantFrom<Json>('1.1.1.1', ['1.1.1.1']),
}

const CHANGED: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  environment: fc.constantFrom<Json>(
    ['A=1', 'B'],
    { A: 1, B: null, HTTP_PROXY: 'http://mine' },
    { URL: '${URL:-http://x}' },
  ),
  volumes: fc.constantFrom<Json>(
    ['logs:/var/log/app'],
    ['./var:/var:z', 'data:/data'],
    [{ type: 'volume', source: 'logs', target: '/var/log', volume: { nocopy: true } }],
    ['/var/log/app'],
    [{ type: 'bind', source: '/srv', target: '/srv', read_only: true, bind: { propagation: 'rslave' } }],
    ['logs:/var/log/app', 'data:/var/log/app/more:ro'],
    ['${LOGS:-./logs}:/var/log/app'],
    [{ type: 'tmpfs', target: '/var/log/app', tmpfs: { size: 1000 } }],
  ),
  tmpfs: fc.constantFrom<Json>('/tmp', ['/var/log/app/tmp:size=1m']),
}

const WORDS = fc.record(
  {
    inject: fc.constantFrom(
      'logs',
      'proxy',
      'logs,proxy',
      'writer',
      'mesh,logs',
      'agent,writer,proxy',
      'nothing',
      'bare',
    ),
    'compose.mode': fc.constantFrom('network', 'pause', 'none'),
    'proxy.compose.mode': fc.constantFrom('network', 'pause', 'none', 'host'),
    'agent.logs.path': fc.constantFrom('/logs', '/var/log', '/'),
    'agent.logs.text': fc.constantFrom('a "b": $HOME', '}{', '${X}'.replace('$', '$$')),
    skip: fc.constantFrom('no', ''),
    'lint-ignore.SC104': fc.constant('why'),
    injct: fc.constant('logs'),
  },
  { requiredKeys: [] },
)

const words = fc.oneof(
  { weight: 1, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: WORDS.map(({ skip, injct: _, ...rest }) => (skip === undefined ? rest : { ...rest })),
  },
  { weight: 1, arbitrary: WORDS },
) as fc.Arbitrary<Readonly<Record<string, string>>>

const NAMES = ['web', 'api', 'db', '1', 'a.b', 'cache_2']

/** Files that Compose takes: names that are used are there, and nothing waits in a circle. */
export function composeFiles(): fc.Arbitrary<JsonObject> {
  return fc
    .record({
      count: fc.integer({ min: 1, max: 5 }),
      order: fc.shuffledSubarray(NAMES, { minLength: NAMES.length }),
      makes: fc.array(serviceMaker(), { minLength: 5, maxLength: 5 }),
      top: fc.record(
        {
          name: fc.constant('shop'),
          'x-outrigger': words,
          'x-other': fc.constantFrom<Json>({ a: [1, null] }, 'text'),
          models: fc.constantFrom<Json>({ m: { model: 'ai/m' } }),
        },
        { requiredKeys: [] },
      ),
      configs: fc.oneof(
        { weight: 5, arbitrary: fc.constant(undefined) },
        { weight: 4, arbitrary: fc.constant<Json>({ own: { content: 'a: $$b' } }) },
        { weight: 1, arbitrary: fc.constant<Json>(null) },
      ),
      volumesNull: fc.integer({ min: 0, max: 19 }).map(n => n === 0),
    })
    .map(({ count, order, makes, top, configs, volumesNull }) => {
      const names = order.slice(0, count)
      const services = Object.fromEntries(
        names.map((name, index) => [name, makes[index]!(names.slice(0, index))]),
      )
      const used = JSON.stringify(services)
      const volumes = ['logs', 'data'].filter(name => new RegExp(`"${name}[:"]`).test(used))
      const networks = ['front', 'back'].filter(name => used.includes(`"${name}"`))
      return {
        ...top,
        services,
        ...(volumes.length > 0 && { volumes: Object.fromEntries(volumes.map(name => [name, null])) }),
        ...(volumes.length === 0 && volumesNull && { volumes: null }),
        ...(networks.length > 0 && { networks: Object.fromEntries(networks.map(name => [name, {}])) }),
        ...(used.includes('"token"') && { secrets: { token: { file: './token' } } }),
        ...(configs !== undefined && { configs }),
      } as JsonObject
    })
}

type Maker = (earlier: readonly string[]) => JsonObject

function serviceMaker(): fc.Arbitrary<Maker> {
  return fc
    .record({
      others: some(OTHERS, 3),
      network: some(NETWORK, 2),
      changed: some(CHANGED, 2),
      words,
      place: fc.constantFrom('labels', 'labelList', 'x-outrigger'),
      dependsOn: fc.constantFrom('none', 'list', 'map', 'empty', 'null'),
      joins: fc.constantFrom('', '', '', 'service', 'host', 'container', 'bridge', 'volumes', 'extends'),
      profiles: fc.boolean(),
    })
    .map(
      ({ others, network, changed, words, place, dependsOn, joins, profiles }): Maker =>
        earlier => {
          const other = earlier.at(-1)
          const own = Object.entries(words).map(([key, value]) => [`outrigger.dev/${key}`, value])
          const asks: JsonObject =
            place === 'x-outrigger'
              ? { 'x-outrigger': words }
              : {
                  labels:
                    place === 'labels'
                      ? Object.fromEntries(own)
                      : [...new Set(own.map(pair => pair.join('=')))],
                }
          const joined =
            joins === 'host' || joins === 'container' || joins === 'bridge' || (joins === 'service' && other)
          const volumes = { ...changed }
          if (profiles) volumes['profiles'] = ['some']
          return {
            image: 'example/app:1',
            ...others,
            ...(joined ? { network_mode: modeOf(joins, other) } : network),
            ...volumes,
            ...asks,
            ...dependencies(dependsOn, earlier),
            ...(joins === 'volumes' && other !== undefined && { volumes_from: [`${other}:ro`] }),
            ...(joins === 'extends' && other !== undefined && !joined && { extends: { service: other } }),
          }
        },
    )
}

function modeOf(joins: string, other: string | undefined): string {
  if (joins === 'service') return `service:${other}`
  return joins === 'container' ? 'container:elsewhere' : joins
}

function dependencies(how: string, earlier: readonly string[]): JsonObject {
  if (how === 'list' && earlier.length > 0) return { depends_on: [...earlier] }
  if (how === 'map' && earlier.length > 0)
    return {
      depends_on: Object.fromEntries(
        earlier.map(name => [name, { condition: 'service_started', restart: true, 'x-why': 1 }]),
      ),
    }
  return how === 'empty' ? { depends_on: [] } : {}
}

function some(
  from: Readonly<Record<string, fc.Arbitrary<Json>>>,
  most: number,
): fc.Arbitrary<Record<string, Json>> {
  return fc
    .subarray(Object.keys(from), { maxLength: most })
    .chain(keys => fc.record(Object.fromEntries(keys.map(key => [key, from[key]!]))))
    .map(record => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)))
}
