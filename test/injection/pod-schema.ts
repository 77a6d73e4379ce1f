// What an API server would say of a pod template: the fields and types of Kubernetes' own model
// (scripts/kubernetes-schema.ts), strictly, and the rules of its validation that an injector could break.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

type Types = Readonly<Record<string, Readonly<Record<string, string>> | string>>
type Mapping = Readonly<Record<string, unknown>>

const types = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/kubernetes/pod-schema.json'), 'utf8'),
) as Types

/** Everything wrong with a pod template, or a pod's metadata and spec; none: it would be taken. */
export function podProblems(template: unknown): string[] {
  const problems = typeProblems(template, 'PodTemplateSpec', '')
  return problems.length > 0 ? problems : rules(template as Mapping)
}

function typeProblems(value: unknown, type: string, path: string): string[] {
  // A null is how a manifest leaves a field out.
  if (value === null || value === undefined) return []
  const wrong = (expected: string) => [
    `${path}: expected ${expected}, got ${JSON.stringify(value)?.slice(0, 80)}`,
  ]
  if (type.endsWith('[]')) {
    if (!Array.isArray(value)) return wrong('a list')
    return value.flatMap((item, index) =>
      item === null ? [`${path}/${index}: null`] : typeProblems(item, type.slice(0, -2), `${path}/${index}`),
    )
  }
  if (type.startsWith('{}')) {
    if (!isMapping(value)) return wrong('a mapping')
    return Object.entries(value).flatMap(([key, item]) => typeProblems(item, type.slice(2), `${path}/${key}`))
  }
  if (type.includes("'")) {
    const values = type.split('|').map(each => each.slice(1, -1))
    return typeof value === 'string' && values.includes(value) ? [] : wrong(type)
  }
  const declared = types[type]
  if (typeof declared === 'string' || declared === undefined) {
    const names = (declared ?? type).split('|')
    return names.includes(typeof value) ? [] : wrong(names.join(' or '))
  }
  if (!isMapping(value)) return wrong(type)
  const problems: string[] = []
  for (const [field, item] of Object.entries(value)) {
    const of = declared[field] ?? declared[`${field}!`]
    if (of === undefined || !(Object.hasOwn(declared, field) || Object.hasOwn(declared, `${field}!`)))
      problems.push(`${path}/${field}: unknown field of ${type}`)
    else problems.push(...typeProblems(item, of, `${path}/${field}`))
  }
  for (const field of Object.keys(declared))
    if (field.endsWith('!') && (value[field.slice(0, -1)] ?? null) === null)
      problems.push(`${path}: ${type} needs ${field.slice(0, -1)}`)
  return problems
}

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const KEY = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/

/** Of k8s.io/kubernetes/pkg/apis/core/validation, those that lists made of two parts can come to break. */
function rules(template: Mapping): string[] {
  const problems: string[] = []
  const spec = mapping(template['spec'])
  const volumes = list(spec['volumes'])
  const names = new Set<unknown>()
  for (const { name } of volumes) {
    if (names.has(name)) problems.push(`two volumes are named ${name}`)
    if (!DNS_LABEL.test(String(name)) || String(name).length > 63) problems.push(`volume name ${name}`)
    names.add(name)
  }
  for (const volume of volumes)
    if (Object.keys(volume).filter(key => volume[key] !== null).length > 2)
      problems.push(`volume ${volume['name']}: two sources`)
  const containers = new Set<unknown>()
  for (const key of ['initContainers', 'containers'] as const)
    for (const container of list(spec[key])) {
      const { name } = container
      const staying = container['restartPolicy'] === 'Always'
      if (containers.has(name)) problems.push(`two containers are named ${name}`)
      if (!DNS_LABEL.test(String(name)) || String(name).length > 63) problems.push(`container name ${name}`)
      containers.add(name)
      if (key === 'containers' && staying)
        problems.push(`${name}: restartPolicy on a container of the application`)
      if (key === 'initContainers' && !staying)
        for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle'])
          if ((container[field] ?? null) !== null)
            problems.push(`${name}: ${field} on an init container without restartPolicy Always`)
      const paths = new Set<unknown>()
      for (const mount of list(container['volumeMounts'])) {
        if (!names.has(mount['name'])) problems.push(`${name}: mounts ${mount['name']}, which is no volume`)
        if (paths.has(mount['mountPath'])) problems.push(`${name}: two mounts at ${mount['mountPath']}`)
        if (String(mount['subPath'] ?? '').startsWith('/')) problems.push(`${name}: absolute subPath`)
        paths.add(mount['mountPath'])
      }
      const ports = new Set<unknown>()
      for (const port of list(container['ports'])) {
        const number = port['containerPort']
        if (typeof number !== 'number' || number < 1 || number > 65535)
          problems.push(`${name}: port ${number}`)
        if (port['name'] !== undefined && ports.has(port['name']))
          problems.push(`${name}: two ports ${port['name']}`)
        ports.add(port['name'])
      }
    }
  const metadata = mapping(template['metadata'])
  for (const kind of ['annotations', 'labels'])
    for (const [key, value] of Object.entries(mapping(metadata[kind]))) {
      if (!KEY.test(key)) problems.push(`${kind}: the key ${key}`)
      if (kind === 'labels' && String(value).length > 63) problems.push(`label value ${value}`)
    }
  const length = JSON.stringify(mapping(metadata['annotations'])).length
  if (length > 262_144 * 1.1) problems.push('the annotations are too large')
  return problems
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function mapping(value: unknown): Mapping {
  return isMapping(value) ? value : {}
}

function list(value: unknown): readonly Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : []
}
