import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { fail } from '../kubernetes/refusal.ts'
import { DOMAIN } from '../kubernetes/vocabulary.ts'
import { NETWORK_MODES, type NetworkMode } from './network.ts'
import { effectiveService, hasVariable, pairsOf, pathOfPair, plain } from './project.ts'

/** Of a service, and of the whole file: what stands for annotations, without the domain in front. */
export const EXTENSION = 'x-outrigger'

/** What a service says to us: by its full key (`outrigger.dev/inject`), and where each stands. */
export interface Words {
  readonly annotations: JsonObject
  readonly paths: ReadonlyMap<string, Path>
}

/** Of a service: labels, annotations and `x-outrigger`, of which the latter count more. */
export function wordsOf(document: Json, name: string): Words {
  const { service } = effectiveService(document, name)
  const written = at(document, ['services', name])
  const words: Record<string, Json> = {}
  const paths = new Map<string, Path>()
  for (const key of ['labels', 'annotations', EXTENSION]) {
    const own = at(written, [key])
    const pairs = key === EXTENSION ? inDomain(service[key]) : pairsOf(service[key])
    for (const [word, value] of Object.entries(pairs)) {
      words[word] = read(value)
      const short = key === EXTENSION ? word.slice(DOMAIN.length) : word
      paths.set(
        word,
        own === undefined ? ['services', name] : pathOfPair(own, ['services', name, key], short),
      )
    }
  }
  return { annotations: words, paths }
}

/** Of the file: what holds for all its services that say nothing else. */
export function wordsOfFile(document: Json): Readonly<Record<string, string>> {
  const entries = Object.entries(inDomain(at(document, [EXTENSION])))
  return Object.fromEntries(entries.map(([key, value]) => [key, String(read(value))]))
}

function inDomain(extension: Json | undefined): JsonObject {
  if (!isObject(extension)) return {}
  return Object.fromEntries(
    Object.entries(extension).map(([key, value]) => [key.startsWith(DOMAIN) ? key : DOMAIN + key, value]),
  )
}

/**
 * As an annotation would say it: Compose writes numbers and booleans of labels as text, and takes `$$` for a dollar; lists
 * and mappings, which only an extension can have, are JSON.
 */
function read(value: Json): Json {
  if (value === null) return value
  if (Array.isArray(value) && value.every(item => typeof item === 'string' && !item.includes(',')))
    return read(value.join(','))
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return hasVariable(text) ? text : plain(text)
}

/** Settings go into files that are made now, long before Compose knows what a variable stands for. */
export function refuseVariables({ annotations, paths }: Words): void {
  for (const [key, value] of Object.entries(annotations))
    if (key.startsWith(DOMAIN) && typeof value === 'string' && hasVariable(value))
      fail(
        'invalid_annotation',
        paths.get(key) ?? [],
        `${key} has a variable of Compose in it, which has no value yet`,
        'write the value itself; $$ is a plain dollar',
      )
}

const MODE = /^(?:([a-z0-9][-a-z0-9]*)\.)?compose\.mode$/

/** `compose.mode` and `ENTRY.compose.mode` are words of ours, and no parameters of entries. */
export function isMode(key: string): boolean {
  return MODE.test(key.startsWith(DOMAIN) ? key.slice(DOMAIN.length) : key)
}

export function withoutModes<T>(words: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(words).filter(([key]) => !isMode(key)))
}

/** What is asked for: by the service, else by the caller, else by the file, each for the entry (or an alias) before all. */
export function modeFor(
  names: readonly string[],
  words: Words,
  settings: Readonly<Record<string, string>>,
  file: Readonly<Record<string, string>>,
): NetworkMode | undefined {
  const layers: [Readonly<Record<string, unknown>>, prefix: string][] = [
    [words.annotations, DOMAIN],
    [settings, ''],
    [file, DOMAIN],
  ]
  for (const [layer, prefix] of layers)
    for (const word of [...names.map(name => `${name}.compose.mode`), 'compose.mode']) {
      const key = prefix + word
      if (!Object.hasOwn(layer, key)) continue
      const mode = NETWORK_MODES.find(each => each === layer[key])
      return (
        mode ??
        fail(
          'invalid_parameter',
          words.paths.get(key) ?? [],
          `${word} must be network, pause or none, not ${JSON.stringify(layer[key])?.slice(0, 80)}`,
        )
      )
    }
  return undefined
}
