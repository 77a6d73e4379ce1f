import { at, type Json, type JsonObject } from '../../manifests/json.ts'
import type { Facts } from './catalogue.ts'
import type { Entry } from './entry.ts'
import { expectedOf } from './parameter-schema.ts'
import { resolveParameters, writtenValue } from './parameters.ts'
import { type Rendered, render } from './render.ts'

/** A pod that asks for nothing special, for what an entry is by its defaults. */
const ANY_POD: Facts = {
  app: { container: 'app', port: 8080, ports: [8080] },
  workload: { kind: 'Deployment', name: 'app' },
  namespace: 'default',
  target: 'kubernetes',
}

/** What it takes of a node, by its defaults. */
export interface ContainerOutline {
  readonly name: string
  readonly kind: string
  readonly image: string
  readonly cpu: string
  readonly memory: string
}

export interface ParameterOutline {
  readonly name: string
  readonly expected: string
  readonly default: string
  readonly about: string
}

/** An entry with its default values, as far as they go without a pod's own. */
export function withDefaults(entry: Entry): Rendered {
  return render(entry, resolveParameters(entry, {}, [], ANY_POD).values, ANY_POD)
}

export function containersOutlined(rendered: Rendered): ContainerOutline[] {
  const outline =
    (kind: (form: string) => string) => (template: { form: string; container: JsonObject }) => ({
      name: String(template.container['name']),
      kind: kind(template.form),
      image: String(template.container['image']),
      cpu: range(template.container, 'cpu'),
      memory: range(template.container, 'memory'),
    })
  return [
    ...rendered.initContainers.map(outline(() => 'init')),
    ...rendered.containers.map(outline(form => (form === 'auto' ? 'sidecar' : form))),
  ]
}

function range(container: JsonObject, name: string): string {
  const part = (kind: string) => String(at(container, ['resources', kind, name]) ?? '?')
  return `${part('requests')}–${part('limits')}`
}

export function parametersOutlined(entry: Entry): ParameterOutline[] {
  return Object.entries(entry.parameters).map(([name, schema]) => ({
    name,
    expected: plain(expectedOf(schema)),
    default: defaultOf(schema),
    about: String(schema['description'] ?? ''),
  }))
}

/** A pattern tells nobody more than its description does. */
function plain(expected: string): string {
  return expected.replace(/text that matches \^.*$/s, 'text')
}

function defaultOf({ default: given, required }: JsonObject): string {
  if (given !== undefined) return writtenValue(given as Json) || '(empty)'
  return required === true ? 'required' : typeof required === 'string' ? `required if ${required}` : '-'
}
