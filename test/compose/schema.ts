/**
 * What Docker Compose takes, as of its specification of 2026, strict: a key that is not here is refused. Written after the
 * specification's own words; test/compose/loader compares it with what the program says.
 */
export type Shape = (value: unknown, place: string) => string[]

const wrong = (place: string, expected: string): string[] => [`${place}: expected ${expected}`]

const kind =
  (expected: string, is: (value: unknown) => boolean): Shape =>
  (value, place) =>
    is(value) ? [] : wrong(place, expected)

const text = kind('a text', value => typeof value === 'string')
const number = kind('a number', value => typeof value === 'number' || typeof value === 'string')
const whole = kind('a whole number', value => Number.isInteger(value) || typeof value === 'string')
const truth = kind('true or false', value => typeof value === 'boolean' || typeof value === 'string')
const none = kind('nothing', value => value === null)
const scalar = kind('a plain value', value => value === null || typeof value !== 'object')
const anything: Shape = () => []
const oneOf = (...words: string[]) => kind(words.join(' or '), value => words.includes(value as string))
const matching = (pattern: RegExp) =>
  kind(String(pattern), value => typeof value === 'string' && pattern.test(value))

const either =
  (...shapes: Shape[]): Shape =>
  (value, place) => {
    const all = shapes.map(shape => shape(value, place))
    return all.some(violations => violations.length === 0)
      ? []
      : all.reduce((best, each) => (best.length === 0 || each.length < best.length ? each : best))
  }

const list =
  (of: Shape, unique = false): Shape =>
  (value, place) => {
    if (!Array.isArray(value)) return wrong(place, 'a list')
    const repeated = unique && new Set(value.map(item => JSON.stringify(item))).size < value.length
    return [
      ...(repeated ? wrong(place, 'no item twice') : []),
      ...value.flatMap((item, index) => of(item, `${place}/${index}`)),
    ]
  }

const map =
  (of: Shape, names = /^/): Shape =>
  (value, place) => {
    if (!isMapping(value)) return wrong(place, 'a mapping')
    return Object.entries(value).flatMap(([key, item]) =>
      names.test(key) ? of(item, `${place}/${key}`) : wrong(`${place}/${key}`, `a name such as ${names}`),
    )
  }

/** Keys that begin with x- are for whoever wants them. */
const object =
  (properties: Readonly<Record<string, Shape>>, required: readonly string[] = []): Shape =>
  (value, place) => {
    if (!isMapping(value)) return wrong(place, 'a mapping')
    return [
      ...required
        .filter(key => !Object.hasOwn(value, key))
        .flatMap(key => wrong(`${place}/${key}`, 'something')),
      ...Object.entries(value).flatMap(([key, item]) => {
        if (Object.hasOwn(properties, key)) return properties[key]!(item, `${place}/${key}`)
        return key.startsWith('x-') ? [] : wrong(`${place}/${key}`, 'no such key')
      }),
    ]
  }

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const NAME = /^[a-zA-Z0-9._-]+$/
const texts = list(text, true)
const textOrTexts = either(text, texts)
const pairs = either(map(scalar), texts)
const command = either(none, text, list(text))
const hosts = either(map(either(text, list(text))), texts)
const files = list(either(text, object({ source: text, target: text, uid: text, gid: text, mode: number })))
const devices = list(
  object({ capabilities: texts, count: whole, device_ids: texts, driver: text, options: pairs }, [
    'capabilities',
  ]),
)
const limits = object({ cpus: number, memory: text, pids: whole })
const update = object({
  parallelism: whole,
  delay: text,
  failure_action: text,
  monitor: text,
  max_failure_ratio: number,
  order: oneOf('start-first', 'stop-first'),
})
const hook = object({ command, user: text, privileged: truth, working_dir: text, environment: pairs }, [
  'command',
])
const external = either(truth, object({ name: text }))
const options = map(number)

const volume = either(
  text,
  object(
    {
      type: oneOf('bind', 'volume', 'tmpfs', 'cluster', 'npipe', 'image'),
      source: text,
      target: text,
      read_only: truth,
      consistency: text,
      bind: object({ propagation: text, create_host_path: truth, recursive: text, selinux: oneOf('z', 'Z') }),
      volume: object({ labels: pairs, nocopy: truth, subpath: text }),
      tmpfs: object({ size: number, mode: number }),
      image: object({ subpath: text }),
    },
    ['type'],
  ),
)

const SERVICE: Readonly<Record<string, Shape>> = {
  annotations: pairs,
  attach: truth,
  blkio_config: anything,
  build: either(text, map(anything)),
  cap_add: texts,
  cap_drop: texts,
  cgroup: oneOf('host', 'private'),
  cgroup_parent: text,
  command,
  configs: files,
  container_name: matching(/[a-zA-Z0-9][a-zA-Z0-9_.-]+/),
  cpu_count: whole,
  cpu_percent: whole,
  cpu_period: number,
  cpu_quota: number,
  cpu_rt_period: number,
  cpu_rt_runtime: number,
  cpu_shares: number,
  cpus: number,
  cpuset: text,
  credential_spec: object({ config: text, file: text, registry: text }),
  depends_on: either(
    texts,
    map(
      object(
        {
          restart: truth,
          required: kind('true or false', value => typeof value === 'boolean'),
          condition: oneOf('service_started', 'service_healthy', 'service_completed_successfully'),
        },
        ['condition'],
      ),
      NAME,
    ),
  ),
  deploy: either(
    none,
    object({
      mode: text,
      endpoint_mode: text,
      replicas: whole,
      labels: pairs,
      rollback_config: update,
      update_config: update,
      resources: object({
        limits,
        reservations: object({ cpus: number, memory: text, generic_resources: list(anything), devices }),
      }),
      restart_policy: object({ condition: text, delay: text, max_attempts: whole, window: text }),
      placement: anything,
    }),
  ),
  develop: anything,
  device_cgroup_rules: texts,
  devices: list(either(text, object({ source: text, target: text, permissions: text }, ['source']))),
  dns: textOrTexts,
  dns_opt: texts,
  dns_search: textOrTexts,
  domainname: text,
  entrypoint: command,
  env_file: either(text, list(either(text, object({ path: text, format: text, required: truth }, ['path'])))),
  environment: pairs,
  expose: list(number, true),
  extends: either(text, object({ service: text, file: text }, ['service'])),
  external_links: texts,
  extra_hosts: hosts,
  gpus: either(oneOf('all'), devices),
  group_add: list(number, true),
  healthcheck: object({
    disable: truth,
    interval: text,
    retries: number,
    start_interval: text,
    start_period: text,
    test: either(text, list(text)),
    timeout: text,
  }),
  hostname: text,
  image: text,
  init: truth,
  ipc: text,
  isolation: text,
  label_file: textOrTexts,
  labels: pairs,
  links: texts,
  logging: object({ driver: text, options: map(scalar) }),
  mac_address: text,
  mem_limit: number,
  mem_reservation: number,
  mem_swappiness: whole,
  memswap_limit: number,
  models: either(texts, map(either(none, object({ endpoint_var: text, model_var: text })), NAME)),
  network_mode: text,
  networks: either(
    texts,
    map(
      either(
        none,
        object({
          aliases: texts,
          driver_opts: options,
          gw_priority: number,
          interface_name: text,
          ipv4_address: text,
          ipv6_address: text,
          link_local_ips: texts,
          mac_address: text,
          priority: number,
          use_service_name_alias: truth,
        }),
      ),
      NAME,
    ),
  ),
  oom_kill_disable: truth,
  oom_score_adj: whole,
  pid: either(none, text),
  pids_limit: number,
  platform: text,
  ports: list(
    either(
      number,
      object({
        name: text,
        mode: text,
        host_ip: text,
        target: whole,
        published: whole,
        protocol: text,
        app_protocol: text,
      }),
    ),
    true,
  ),
  post_start: list(hook),
  pre_start: list(anything),
  pre_stop: list(hook),
  privileged: truth,
  profiles: texts,
  provider: object({ type: text, options: map(anything) }, ['type']),
  pull_policy: matching(
    /^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$/,
  ),
  pull_refresh_after: text,
  read_only: truth,
  restart: text,
  runtime: text,
  scale: whole,
  secrets: files,
  security_opt: texts,
  shm_size: number,
  stdin_open: truth,
  stop_grace_period: text,
  stop_signal: text,
  storage_opt: map(anything),
  sysctls: pairs,
  tmpfs: textOrTexts,
  tty: truth,
  ulimits: map(either(whole, object({ hard: whole, soft: whole }, ['soft', 'hard'])), /^[a-z]+$/),
  umask: either(none, whole),
  use_api_socket: truth,
  user: text,
  userns_mode: text,
  uts: text,
  volumes: list(volume, true),
  volumes_from: texts,
  working_dir: text,
}

export const SERVICE_KEYS: readonly string[] = Object.keys(SERVICE)

const composeFile = object({
  version: text,
  name: text,
  include: list(either(text, object({ path: textOrTexts, env_file: textOrTexts, project_directory: text }))),
  services: map(object(SERVICE), NAME),
  jobs: map(anything, NAME),
  models: map(anything, NAME),
  networks: map(
    either(
      none,
      object({
        name: text,
        driver: text,
        driver_opts: options,
        ipam: anything,
        external,
        internal: truth,
        enable_ipv4: truth,
        enable_ipv6: truth,
        attachable: truth,
        labels: pairs,
      }),
    ),
    NAME,
  ),
  volumes: map(
    either(none, object({ name: text, driver: text, driver_opts: options, external, labels: pairs })),
    NAME,
  ),
  secrets: map(
    object({
      name: text,
      environment: text,
      file: text,
      external,
      labels: pairs,
      driver: text,
      driver_opts: options,
      template_driver: text,
    }),
    NAME,
  ),
  configs: map(
    object({
      name: text,
      content: text,
      environment: text,
      file: text,
      external,
      labels: pairs,
      template_driver: text,
    }),
    NAME,
  ),
})

/** What Compose would not take, each with its place; nothing for a valid file. */
export function composeViolations(document: unknown): string[] {
  return composeFile(document, '')
}
