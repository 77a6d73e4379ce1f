import { isObject, type Json, type JsonObject } from '../../manifests/json.ts'
import { writeYaml } from '../../wire/yaml/write.ts'
import type { Facts } from './catalogue.ts'
import type {
  ApplicationChange,
  ComposeForm,
  ContainerTemplate,
  Entry,
  GeneratedFile,
  PodChange,
} from './entry.ts'
import { factScope } from './facts.ts'
import type { Values } from './parameters.ts'
import { fill } from './values.ts'

/** An entry with all values filled in: plain JSON, nothing left to decide. */
export interface Rendered {
  readonly entry: Pick<Entry, 'name' | 'version' | 'hash' | 'order' | 'required' | 'replaces' | 'conflicts'>
  readonly containers: readonly ContainerTemplate[]
  readonly initContainers: readonly ContainerTemplate[]
  readonly volumes: readonly JsonObject[]
  readonly shared: readonly RenderedFolder[]
  readonly files: readonly RenderedFile[]
  readonly application: readonly ApplicationChange[]
  readonly pod: PodChange
  readonly compose?: ComposeForm
}

export interface RenderedFolder {
  readonly name: string
  readonly path: string
  readonly sidecarPath: string
  readonly sidecar: 'read' | 'write'
  readonly application: 'read' | 'write'
  readonly sizeLimit: string
  readonly medium?: 'Memory'
}

export interface RenderedFile {
  /** Unique among the entry's: the last part of its path. */
  readonly name: string
  readonly path: string
  readonly text: string
  /** Which of the entry's containers see it; undefined: all. */
  readonly containers?: readonly string[]
}

/**
 * The entry for one pod. `values` are those of resolveParameters without problems. Throws TooLarge (values.ts) when
 * hostile values would make it larger than a pod may be.
 */
export function render(entry: Entry, values: Values, facts: Facts): Rendered {
  const key = JSON.stringify([values, facts])
  let known = RENDERED.get(entry)
  if (known === undefined) RENDERED.set(entry, (known = new Map()))
  let rendered = known.get(key)
  if (rendered === undefined) {
    rendered = renderAnew(entry, values, facts)
    if (known.size >= MAX_RENDERED) known.delete(known.keys().next().value!)
    known.set(key, rendered)
  }
  return rendered
}

/** Pods come in replicas: the last ones of each entry, which nobody changes. */
const RENDERED = new WeakMap<Entry, Map<string, Rendered>>()
const MAX_RENDERED = 64

function renderAnew(entry: Entry, values: Values, facts: Facts): Rendered {
  const ask = factScope(facts)
  const scope = (name: string) => (Object.hasOwn(values, name) ? values[name] : ask(name))
  const list = <T>(template: unknown): T[] => (fill(template as Json, scope) ?? []) as T[]
  const { name, version, hash, order, required, replaces, conflicts } = entry
  const compose = entry.compose && fill(entry.compose as unknown as Json, scope)
  return {
    entry: { name, version, hash, order, required, replaces, conflicts },
    containers: list<ContainerTemplate>(entry.containers),
    initContainers: list<ContainerTemplate>(entry.initContainers),
    volumes: list<JsonObject>(entry.volumes),
    shared: list<RenderedFolder>(entry.shared).map(folder => ({
      ...folder,
      sidecarPath: folder.sidecarPath ?? folder.path,
    })),
    files: list<GeneratedFile>(entry.files).map(renderedFile),
    application: list<Partial<ApplicationChange>>(entry.application).map(change => ({
      containers: change.containers ?? 'all',
      env: change.env ?? [],
      volumeMounts: change.volumeMounts ?? [],
    })),
    pod: (fill(entry.pod as Json, scope) ?? {}) as PodChange,
    ...(isObject(compose) && { compose: compose as unknown as ComposeForm }),
  }
}

function renderedFile({ path, format, content, containers }: GeneratedFile): RenderedFile {
  return { name: nameOf(path), path, text: written(format, content), ...(containers && { containers }) }
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function written(format: GeneratedFile['format'], content: Json): string {
  if (format === 'json') return `${JSON.stringify(content, null, 2)}\n`
  if (format === 'text') return Array.isArray(content) ? `${content.join('\n')}\n` : String(content)
  return writeYaml(content)
}
