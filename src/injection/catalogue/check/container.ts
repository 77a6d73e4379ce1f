import type { Problem } from '../../../kernel/config/problem.ts'
import { at, isObject, type Json, type JsonObject, type Path } from '../../../manifests/json.ts'
import { parseQuantity } from '../../../manifests/quantity.ts'
import { usesOf } from '../values.ts'
import { fault, isTemplate, mappingsOf, misspelt, twice } from './fault.ts'
import { imageFault } from './image.ts'
import { securityProblems, type Waivers } from './security.ts'

export const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const PORT_NAME = /^(?=.*[a-z])[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/
const PROBES = ['startupProbe', 'readinessProbe', 'livenessProbe'] as const
const HANDLERS = ['httpGet', 'tcpSocket', 'exec', 'grpc'] as const
/** A hook that makes the process end: a native sidecar is started again until its own SIGTERM. */
const EXITS = /(^|[\s/"'])(p?kill|killall|quit\w*|shutdown|halt|stop|exit)\b/i

/** core/v1 Container of Kubernetes 1.35. */
const KEYS = [
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'ports',
  'envFrom',
  'env',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'volumeMounts',
  'volumeDevices',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
  'stdin',
  'stdinOnce',
  'tty',
]
const SECURITY_KEYS = [
  'capabilities',
  'privileged',
  'seLinuxOptions',
  'windowsOptions',
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'readOnlyRootFilesystem',
  'allowPrivilegeEscalation',
  'procMount',
  'seccompProfile',
  'appArmorProfile',
]
const PROBE_KEYS = [
  ...HANDLERS,
  'terminationGracePeriodSeconds',
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
]

/** Where a container stands in its entry, and what it may name. */
export interface Surroundings {
  readonly list: 'containers' | 'initContainers'
  readonly path: Path
  readonly volumes: ReadonlySet<string>
  readonly waivers: Waivers
}

/** All that is wrong with a container by itself. */
export function containerProblems(container: JsonObject, where: Surroundings): Problem[] {
  const { path, list, waivers } = where
  const name = container['name']
  const of = `${list}[${typeof name === 'string' ? name : ''}]`
  const image = imageFault(container['image'])
  const security = container['securityContext']
  return [
    ...(typeof name === 'string' && LABEL.test(name)
      ? []
      : [fault([...path, 'name'], 'expected a name of lower-case letters, digits and dashes, at most 63')]),
    ...misspelt(container, KEYS, path),
    ...misspelt(security, SECURITY_KEYS, [...path, 'securityContext']),
    ...(image ? [fault([...path, 'image'], image.message, image.hint)] : []),
    ...('restartPolicy' in container
      ? [fault([...path, 'restartPolicy'], '`form` decides about the restartPolicy', 'remove it')]
      : []),
    ...resourceProblems(container['resources'], path),
    ...securityProblems(container, of, path, waivers),
    ...portProblems(container, path),
    ...variableProblems(container['env'], [...path, 'env']),
    ...mountProblems(container['volumeMounts'], [...path, 'volumeMounts'], where.volumes),
    ...(list === 'containers'
      ? sidecarProblems(container, of, path, waivers)
      : initProblems(container, path)),
  ]
}

function resourceProblems(resources: Json | undefined, path: Path): Problem[] {
  const here = [...path, 'resources']
  return (['requests', 'limits'] as const).flatMap(kind =>
    (['cpu', 'memory'] as const).flatMap((name): Problem[] => {
      const value = at(resources, [kind, name])
      const place = [...here, kind, name]
      if (value === undefined)
        return [
          fault(
            place,
            `${kind}.${name} is missing`,
            'quotas and autoscalers need requests and limits of every container',
          ),
        ]
      if (isTemplate(value)) return []
      const quantity = parseQuantity(value)
      if (quantity === undefined || quantity <= 0)
        return [fault(place, `expected a quantity such as ${name === 'cpu' ? '100m' : '64Mi'}`)]
      const limit = parseQuantity(at(resources, ['limits', name]))
      if (kind === 'requests' && limit !== undefined && quantity > limit)
        return [fault(place, `the request is more than the limit (${at(resources, ['limits', name])})`)]
      return []
    }),
  )
}

function portProblems(container: JsonObject, path: Path): Problem[] {
  const ports = mappingsOf(container['ports'], [...path, 'ports'])
  const wrong = ports.flatMap(({ value, path: here }): Problem[] => {
    const { name, containerPort, hostPort } = value
    const faults: Problem[] = []
    if (name !== undefined && !(typeof name === 'string' && PORT_NAME.test(name)))
      faults.push(fault([...here, 'name'], 'expected lower-case letters, digits and dashes, at most 15'))
    if (!isTemplate(containerPort) && !isPort(containerPort))
      faults.push(fault([...here, 'containerPort'], 'expected a port from 1 to 65535'))
    if (hostPort !== undefined)
      faults.push(fault([...here, 'hostPort'], 'Pod Security "restricted" has no hostPort'))
    return faults
  })
  return [...wrong, ...twice(ports, 'name', 'the port'), ...twice(ports, 'containerPort', 'the port')]
}

function isPort(value: Json | undefined): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535
}

export function variableProblems(env: Json | undefined, path: Path): Problem[] {
  const variables = mappingsOf(env, path)
  const wrong = variables.flatMap(({ value, path: here }): Problem[] => {
    const { name } = value
    if (isTemplate(name)) return []
    if (typeof name !== 'string' || !VARIABLE.test(name))
      return [fault([...here, 'name'], 'expected the name of a variable')]
    return typeof value['value'] === 'number' || typeof value['value'] === 'boolean'
      ? [fault([...here, 'value'], 'the value of a variable is text', 'put it in quotes')]
      : []
  })
  return [...wrong, ...twice(variables, 'name', 'the variable')]
}

export function mountProblems(list: Json | undefined, path: Path, volumes: ReadonlySet<string>): Problem[] {
  const mounts = mappingsOf(list, path)
  const wrong = mounts.flatMap(({ value, path: here }): Problem[] => {
    const { name, mountPath } = value
    const faults: Problem[] = []
    if (typeof name !== 'string' || !volumes.has(name))
      faults.push(
        fault(
          [...here, 'name'],
          'there is no such volume in the entry',
          `there are ${[...volumes].join(', ') || 'none'}`,
        ),
      )
    if (
      typeof mountPath !== 'string' ||
      !(mountPath.startsWith('/') || isTemplate(mountPath)) ||
      mountPath.includes(':')
    )
      faults.push(fault([...here, 'mountPath'], 'expected an absolute path without colons'))
    return faults
  })
  return [...wrong, ...twice(mounts, 'mountPath', 'the mount')]
}

function sidecarProblems(container: JsonObject, of: string, path: Path, waivers: Waivers): Problem[] {
  const faults = PROBES.flatMap(probe => probeProblems(container, probe, path))
  if (container['startupProbe'] === undefined && !waivers.covers(of, 'startupProbe'))
    faults.push(
      fault(
        path,
        'startupProbe is missing',
        'by it the application starts only when the sidecar is ready; waive it with a reason where there is nothing to ask',
      ),
    )
  for (const use of usesOf(container['startupProbe'] ?? null, [...path, 'startupProbe']))
    if ('name' in use && use.name.startsWith('app.'))
      faults.push(fault(use.path, 'the application starts after this probe: neither would ever start'))
  const hook = at(container, ['lifecycle', 'preStop'])
  if (EXITS.test(hookText(hook)))
    faults.push(
      fault(
        [...path, 'lifecycle', 'preStop'],
        'a hook that ends a native sidecar makes it start again, over and over',
        'SIGTERM comes by itself, after the application has ended',
      ),
    )
  return faults
}

function hookText(hook: Json | undefined): string {
  const command = at(hook, ['exec', 'command'])
  const path = at(hook, ['httpGet', 'path'])
  return [...(Array.isArray(command) ? command : []), path ?? ''].join(' ')
}

function initProblems(container: JsonObject, path: Path): Problem[] {
  return [...PROBES, 'lifecycle'].flatMap(key =>
    container[key] === undefined
      ? []
      : [fault([...path, key], `an init container that ends has no ${key}: Kubernetes refuses it`)],
  )
}

function probeProblems(container: JsonObject, key: (typeof PROBES)[number], path: Path): Problem[] {
  const probe = container[key]
  if (probe === undefined) return []
  const here = [...path, key]
  if (!isObject(probe)) return [fault(here, 'expected a probe')]
  const handlers = HANDLERS.filter(handler => probe[handler] !== undefined)
  if (handlers.length !== 1 && probe['$value'] === undefined)
    return [fault(here, `expected exactly one of ${HANDLERS.join(', ')}`)]
  const port = at(probe, [handlers[0] ?? '', 'port'])
  const names = mappingsOf(container['ports'], []).map(each => each.value['name'])
  const isKnown = port === undefined || isPort(port) || isTemplate(port) || names.includes(port)
  return [
    ...misspelt(probe, PROBE_KEYS, here),
    ...(isKnown
      ? []
      : [fault([...here, handlers[0]!, 'port'], 'expected a port, or the name of one of the container')]),
  ]
}
