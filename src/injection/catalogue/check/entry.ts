import type { Problem } from '../../../kernel/config/problem.ts'
import { at, isObject, type Json, type JsonObject, type Path } from '../../../manifests/json.ts'
import { parseQuantity } from '../../../manifests/quantity.ts'
import type { Facts } from '../catalogue.ts'
import type { Entry } from '../entry.ts'
import { resolveParameters } from '../parameters.ts'
import { nameOf, render } from '../render.ts'
import { TooLarge } from '../values.ts'
import { containerProblems, LABEL, mountProblems, variableProblems } from './container.ts'
import { fault, isTemplate, mappingsOf, misspelt, twice } from './fault.ts'
import { imageFault } from './image.ts'
import { parameterProblems } from './parameters.ts'
import { referenceProblems } from './references.ts'
import { volumeProblems, Waivers } from './security.ts'

const COMPOSE_KEYS = [
  'image',
  'command',
  'entrypoint',
  'environment',
  'volumes',
  'user',
  'read_only',
  'cap_drop',
  'cap_add',
  'security_opt',
  'healthcheck',
  'deploy',
  'ports',
  'expose',
  'networks',
  'depends_on',
  'stop_grace_period',
  'stop_signal',
  'restart',
  'tmpfs',
  'working_dir',
  'logging',
  'labels',
  'ulimits',
  'init',
  'pids_limit',
  'env_file',
  'configs',
  'secrets',
  'hostname',
  'extra_hosts',
  'dns',
  'sysctls',
  'shm_size',
  'group_add',
  'profiles',
  'pid',
  'ipc',
]
const MAX_ANNOTATION_NAME = 63

/** All that is wrong with an entry by itself; `document` is what it was decoded from, so paths lead into that. */
export function entryProblems(entry: Entry, document: JsonObject): Problem[] {
  const waivers = new Waivers(entry.waivers)
  const volumes = new Set(mappingsOf(document['volumes'], []).map(({ value }) => String(value['name'])))
  const containers = (['containers', 'initContainers'] as const).flatMap(list =>
    mappingsOf(document[list], [list]).map(({ value, path }) => ({ list, value, path })),
  )
  const problems = [
    ...parameterProblems(entry),
    ...referenceProblems(document, entry.parameters),
    ...containers.flatMap(({ list, value, path }) =>
      isObject(value['container'])
        ? containerProblems(value['container'], { list, path: [...path, 'container'], volumes, waivers })
        : [],
    ),
    ...volumeProblems(document['volumes'], waivers),
    ...nameProblems(document, containers),
    ...fileProblems(entry, document),
    ...folderProblems(document, volumes),
    ...applicationProblems(document, volumes),
    ...composeProblems(entry, document),
    ...rangeProblems(entry),
    ...waivers.unused(),
  ]
  if (containers.every(({ list }) => list !== 'containers'))
    problems.push(fault(['containers'], 'there is no sidecar in it'))
  return problems.length > 0 ? problems : defaultsProblems(entry)
}

function nameProblems(
  document: JsonObject,
  containers: readonly { value: JsonObject; path: Path }[],
): Problem[] {
  const named = containers.map(({ value, path }) => ({
    value: {
      name: at(value, ['container', 'name']) ?? '',
      ...(value['$when'] !== undefined && { $when: value['$when'] }),
    },
    path: [...path, 'container'],
  }))
  const volumes = mappingsOf(document['volumes'], ['volumes'])
  const all = [...volumes, ...mappingsOf(document['shared'], ['shared'])]
  const wrong = all.filter(({ value }) => !LABEL.test(String(value['name'])))
  return [
    ...wrong.map(({ path }) =>
      fault([...path, 'name'], 'expected lower-case letters, digits and dashes, at most 63'),
    ),
    ...twice(named, 'name', 'the container'),
    ...twice(all, 'name', 'the volume'),
  ]
}

function fileProblems(entry: Entry, document: JsonObject): Problem[] {
  const names = new Set(
    (['containers', 'initContainers'] as const).flatMap(list =>
      mappingsOf(document[list], []).map(({ value }) => at(value, ['container', 'name'])),
    ),
  )
  const files = mappingsOf(document['files'], ['files'])
  const byName = files.map(({ value, path }) => ({
    value: { name: nameOf(String(value['path'])), $when: value['$when'] ?? null },
    path,
  }))
  const wrong = files.flatMap(({ value, path }): Problem[] => {
    const place = String(value['path'])
    const faults: Problem[] = []
    if (!/^\/(?:[A-Za-z0-9._-]+\/)+[A-Za-z0-9._-]+$/.test(place) || /\/\.\.?(\/|$)/.test(place))
      faults.push(
        fault(
          [...path, 'path'],
          'expected an absolute path in a folder of its own, such as /etc/envoy/envoy.yaml',
        ),
      )
    if (`file.${entry.name}.${nameOf(place)}`.length > MAX_ANNOTATION_NAME)
      faults.push(fault([...path, 'path'], 'the name of the file is too long for an annotation'))
    if (value['format'] === 'text' && !Array.isArray(value['content']))
      faults.push(fault([...path, 'content'], 'expected a list of lines'))
    for (const [i, name] of (Array.isArray(value['containers']) ? value['containers'] : []).entries())
      if (!names.has(name))
        faults.push(
          fault([...path, 'containers', i], `there is no container ${JSON.stringify(name)} in the entry`),
        )
    return faults
  })
  return [...wrong, ...twice(byName, 'name', 'a file named')]
}

function folderProblems(document: JsonObject, volumes: ReadonlySet<string>): Problem[] {
  const folders = mappingsOf(document['shared'], ['shared'])
  const wrong = folders.flatMap(({ value, path }): Problem[] => {
    const faults = (['path', 'sidecarPath'] as const).flatMap((key): Problem[] => {
      const place = value[key]
      const fine =
        place === undefined || (typeof place === 'string' && (place.startsWith('/') || isTemplate(place)))
      return fine ? [] : [fault([...path, key], 'expected an absolute path')]
    })
    const size = value['sizeLimit']
    if (!isTemplate(size) && !((parseQuantity(size) ?? 0) > 0))
      faults.push(fault([...path, 'sizeLimit'], 'expected a quantity such as 256Mi'))
    if (volumes.has(String(value['name'])))
      faults.push(fault([...path, 'name'], 'a shared folder makes its volume itself'))
    return faults
  })
  return [...wrong, ...twice(folders, 'path', 'the folder')]
}

function applicationProblems(document: JsonObject, volumes: ReadonlySet<string>): Problem[] {
  return mappingsOf(document['application'], ['application']).flatMap(({ value, path }) => [
    ...variableProblems(value['env'], [...path, 'env']),
    ...mountProblems(value['volumeMounts'], [...path, 'volumeMounts'], volumes),
  ])
}

function composeProblems(entry: Entry, document: JsonObject): Problem[] {
  const service = at(document, ['compose', 'service'])
  if (!isObject(service)) return []
  const path: Path = ['compose', 'service']
  const image = imageFault(service['image'])
  const images = entry.containers.map(({ container }) => container['image'])
  const faults = misspelt(service, COMPOSE_KEYS, path)
  if (image) faults.push(fault([...path, 'image'], image.message, image.hint))
  else if (!images.includes(service['image']!))
    faults.push(fault([...path, 'image'], 'it is another image than in Kubernetes'))
  if (service['privileged'] === true)
    faults.push(fault([...path, 'privileged'], 'a sidecar needs no privileged container'))
  if (service['container_name'] !== undefined)
    faults.push(
      fault([...path, 'container_name'], 'two applications could not have the sidecar then', 'remove it'),
    )
  const mode = /^\$\{(.+)\}$/.exec(String(at(document, ['compose', 'mode']) ?? ''))?.[1]
  const choices = mode && at(entry.parameters[mode], ['enum'])
  if (
    mode &&
    !(
      Array.isArray(choices) &&
      choices.every((each: Json) => ['network', 'pause', 'none'].includes(String(each)))
    )
  )
    faults.push(
      fault(['compose', 'mode'], `"${mode}" must have the enum [network, pause, none], or some of them`),
    )
  return faults
}

function rangeProblems({ kubernetes = '', containers }: Entry): Problem[] {
  const least = />=1\.(\d+)/.exec(kubernetes)
  const native = containers.some(({ form }) => form === 'native')
  return native && !(least !== null && Number(least[1]) >= 29)
    ? [fault(['kubernetes'], 'a container of form native needs >=1.29', 'or the form auto')]
    : []
}

const SAMPLE: Facts = {
  app: { container: 'app', port: 8080, ports: [8080] },
  workload: { kind: 'Deployment', name: 'app' },
  namespace: 'default',
  target: 'kubernetes',
}

/** With its defaults an entry must already be what Kubernetes takes, but for values that only a pod can give. */
function defaultsProblems(entry: Entry): Problem[] {
  const { values, problems } = resolveParameters(entry, {}, [], SAMPLE)
  const wrong = problems.filter(({ message }) => !message.startsWith('a value is needed'))
  if (wrong.length > 0)
    return wrong.map(({ parameter, message }) => fault(['parameters', parameter], `its default: ${message}`))
  try {
    const rendered = render(entry, values, SAMPLE)
    return (['containers', 'initContainers'] as const).flatMap(list =>
      rendered[list].flatMap(({ container }, i) =>
        resourceFault(container, [list, i, 'container', 'resources']),
      ),
    )
  } catch (error) {
    if (error instanceof TooLarge) return [fault([], error.message)]
    throw error
  }
}

function resourceFault({ resources }: JsonObject, path: Path): Problem[] {
  return ['cpu', 'memory'].flatMap((name): Problem[] => {
    const [request, limit] = ['requests', 'limits'].map(kind => parseQuantity(at(resources, [kind, name])))
    if (request !== undefined && limit !== undefined && request <= limit) return []
    return [
      fault(
        path,
        `with its defaults it has no ${name} request up to a limit`,
        'give the parameters defaults',
      ),
    ]
  })
}
