import type { Cause } from '../failure.ts'
import { copy, type Tree } from '../tree.ts'
import { LABEL } from './metadata.ts'

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc']
const VOLUME_EXTRAS = new Set(['name'])

/** What the API server refuses of a pod's spec. */
export function podSpecCauses(spec: Tree, path: string): Cause[] {
  const causes: Cause[] = []
  const add = (field: string, message: string) => causes.push({ field: `${path}.${field}`, message })
  const volumes = new Set<string>()
  for (const [index, volume] of (spec['volumes'] ?? []).entries()) {
    const place = `volumes[${index}]`
    if (!LABEL.test(volume.name ?? ''))
      add(`${place}.name`, `Invalid value: ${JSON.stringify(volume.name)}: a lowercase RFC 1123 label`)
    if (volumes.has(volume.name)) add(`${place}.name`, `Duplicate value: ${JSON.stringify(volume.name)}`)
    volumes.add(volume.name)
    const sources = Object.keys(volume).filter(key => !VOLUME_EXTRAS.has(key))
    if (sources.length === 0) add(place, 'Required value: must specify a volume type')
    if (sources.length > 1)
      add(`${place}.${sources[1]}`, 'Forbidden: may not specify more than 1 volume type')
  }
  const names = new Set<string>()
  const list = (key: string, isInit: boolean) => {
    for (const [index, container] of (spec[key] ?? []).entries()) {
      const place = `${key}[${index}]`
      if (names.has(container.name))
        add(`${place}.name`, `Duplicate value: ${JSON.stringify(container.name)}`)
      names.add(container.name)
      for (const cause of containerCauses(container, volumes, isInit))
        add(`${place}.${cause.field}`, cause.message)
    }
  }
  list('initContainers', true)
  list('containers', false)
  if ((spec['containers'] ?? []).length === 0) add('containers', 'Required value')
  choice(add, 'restartPolicy', spec['restartPolicy'], ['Always', 'OnFailure', 'Never'])
  choice(add, 'dnsPolicy', spec['dnsPolicy'], ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'])
  if (spec['terminationGracePeriodSeconds'] < 0)
    add(
      'terminationGracePeriodSeconds',
      `Invalid value: ${spec['terminationGracePeriodSeconds']}: must be greater than or equal to 0`,
    )
  if (spec['shareProcessNamespace'] && spec['hostPID'])
    add(
      'shareProcessNamespace',
      'Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    )
  return causes
}

type Add = (field: string, message: string) => void

function choice(add: Add, field: string, value: unknown, values: readonly string[]): void {
  if (value === undefined || values.includes(value as string)) return
  add(
    field,
    `Unsupported value: ${JSON.stringify(value)}: supported values: ${values.map(each => JSON.stringify(each)).join(', ')}`,
  )
}

function containerCauses(container: Tree, volumes: ReadonlySet<string>, isInit: boolean): Cause[] {
  const causes: Cause[] = []
  const add: Add = (field, message) => causes.push({ field, message })
  if (!LABEL.test(container['name'] ?? ''))
    add(
      'name',
      `Invalid value: ${JSON.stringify(container['name'])}: a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'`,
    )
  if (!container['image']) add('image', 'Required value')
  else if (container['image'].trim() !== container['image'])
    add(
      'image',
      `Invalid value: ${JSON.stringify(container['image'])}: must not have leading or trailing whitespace`,
    )
  choice(add, 'imagePullPolicy', container['imagePullPolicy'], ['Always', 'IfNotPresent', 'Never'])
  const restartable = container['restartPolicy'] === 'Always'
  if (isInit) {
    if (container['restartPolicy'] !== undefined)
      choice(add, 'restartPolicy', container['restartPolicy'], ['Always'])
    const refused = [...PROBES, 'lifecycle'].filter(key => container[key] !== undefined && !restartable)
    for (const key of refused)
      add(key, 'Forbidden: may not be set for init containers without restartPolicy=Always')
  } else if (container['restartPolicy'] !== undefined && !container['restartPolicyRules'])
    add('restartPolicy', 'Forbidden: may not be set for non-init containers')
  for (const key of PROBES) if (container[key]) probeCauses(container[key], key, add)
  for (const key of ['postStart', 'preStop'])
    if (container['lifecycle']?.[key])
      handlerCauses(container['lifecycle'][key], `lifecycle.${key}`, [...HANDLERS, 'sleep'], add)
  mountCauses(container, volumes, add)
  portCauses(container, add)
  for (const [index, { name, value, valueFrom }] of (container['env'] ?? []).entries()) {
    if (!name || name.includes('=') || /[^\x20-\x7e]/.test(name))
      add(`env[${index}].name`, `Invalid value: ${JSON.stringify(name)}`)
    if (value && valueFrom)
      add(`env[${index}].valueFrom`, 'Invalid value: "": may not be specified when `value` is not empty')
  }
  resourceCauses(container['resources'] ?? {}, add)
  return causes
}

function probeCauses(probe: Tree, place: string, add: Add): void {
  handlerCauses(probe, place, HANDLERS, add)
  for (const key of [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ])
    if (probe[key] < 0)
      add(`${place}.${key}`, `Invalid value: ${probe[key]}: must be greater than or equal to 0`)
  if (place !== 'readinessProbe' && probe['successThreshold'] > 1)
    add(`${place}.successThreshold`, `Invalid value: ${probe['successThreshold']}: must be 1`)
  if (place === 'readinessProbe' && probe['terminationGracePeriodSeconds'] !== undefined)
    add(`${place}.terminationGracePeriodSeconds`, 'Invalid value: must not be set for readinessProbes')
}

function handlerCauses(value: Tree, place: string, handlers: readonly string[], add: Add): void {
  const given = handlers.filter(key => value[key] !== undefined)
  if (given.length === 0) add(place, 'Required value: must specify a handler type')
  if (given.length > 1) add(`${place}.${given[1]}`, 'Forbidden: may not specify more than 1 handler type')
  const port = value['httpGet']?.port ?? value['tcpSocket']?.port ?? value['grpc']?.port
  if (typeof port === 'number' && (port < 1 || port > 65535))
    add(`${place}.port`, `Invalid value: ${port}: must be between 1 and 65535, inclusive`)
}

function mountCauses(container: Tree, volumes: ReadonlySet<string>, add: Add): void {
  const paths = new Set<string>()
  for (const [index, { name, mountPath }] of (container['volumeMounts'] ?? []).entries()) {
    if (!volumes.has(name)) add(`volumeMounts[${index}].name`, `Not found: ${JSON.stringify(name)}`)
    if (!mountPath) add(`volumeMounts[${index}].mountPath`, 'Required value')
    if (paths.has(mountPath))
      add(`volumeMounts[${index}].mountPath`, `Invalid value: ${JSON.stringify(mountPath)}: must be unique`)
    paths.add(mountPath)
  }
}

function portCauses(container: Tree, add: Add): void {
  const names = new Set<string>()
  for (const [index, { name, containerPort, protocol }] of (container['ports'] ?? []).entries()) {
    if (!(containerPort >= 1 && containerPort <= 65535))
      add(
        `ports[${index}].containerPort`,
        `Invalid value: ${containerPort}: must be between 1 and 65535, inclusive`,
      )
    choice((field, message) => add(`ports[${index}].${field}`, message), 'protocol', protocol, [
      'SCTP',
      'TCP',
      'UDP',
    ])
    if (name === undefined) continue
    if (!/^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/.test(name))
      add(
        `ports[${index}].name`,
        `Invalid value: ${JSON.stringify(name)}: must be no more than 15 characters`,
      )
    if (names.has(name)) add(`ports[${index}].name`, `Duplicate value: ${JSON.stringify(name)}`)
    names.add(name)
  }
}

function resourceCauses({ requests = {}, limits = {} }: Tree, add: Add): void {
  for (const [name, request] of Object.entries(requests as Tree)) {
    if (limits[name] !== undefined && amount(request) > amount(limits[name]))
      add(
        `resources.requests`,
        `Invalid value: ${JSON.stringify(request)}: must be less than or equal to ${name} limit of ${limits[name]}`,
      )
  }
}

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
}

function amount(quantity: unknown): number {
  const [, number, unit = ''] =
    /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([KMGTPE]i|[numkMGTPE])?$/.exec(String(quantity)) ?? []
  return Number(number) * (FACTORS[unit] ?? 1)
}

const UPDATABLE =
  'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

export function podUpdateCauses(pod: Tree, old: Tree): Cause[] {
  const comparable = (object: Tree) => {
    const spec = copy(object['spec'] ?? {})
    for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
      delete container.image
    delete spec.activeDeadlineSeconds
    delete spec.tolerations
    return JSON.stringify(spec)
  }
  return comparable(pod) === comparable(old) ? [] : [{ field: 'spec', message: UPDATABLE }]
}
