import type { Catalogue } from '../../injection/catalogue/catalogue.ts'
import { isMode } from '../../injection/compose/words.ts'
import type { InjectionContext } from '../../injection/kubernetes/injection.ts'
import { Refusal } from '../../injection/kubernetes/refusal.ts'
import { readSetting } from '../../injection/kubernetes/vocabulary.ts'
import { readInject } from '../../injection/kubernetes/wish.ts'
import { at, isObject, type Json } from '../../manifests/json.ts'
import type { Call } from '../call.ts'
import { openCatalogue } from '../catalogue.ts'
import { readManifestFiles } from '../manifest-files.ts'
import { problemsText } from './report.ts'

/** All that the injection of a call goes by. */
export interface Settings {
  readonly catalogue: Catalogue
  /** With what is known of the namespace, by its name; undefined for objects without one. */
  readonly contextFor: (namespace: string | undefined) => InjectionContext
}

type Context =
  | (Settings & { readonly ok: true })
  | { readonly ok: false; readonly message: string }
  | { readonly ok: false; readonly report: string }

/** From the options of a call; everything that is wrong with them is found before any manifest is read. */
export async function contextOf(call: Call): Promise<Context> {
  const { values, io } = call
  const opened = await openCatalogue(listOf(values['catalog']), io)
  if (!opened.ok) return opened
  const { catalogue } = opened
  const version = versionOf(values['kubernetes-version'])
  if (version === false)
    return { ok: false, message: `--kubernetes-version is like 1.30, not "${values['kubernetes-version']}"` }
  const settings = settingsOf(listOf(values['set']), catalogue)
  if (typeof settings === 'string') return { ok: false, message: settings }
  const wanted = values['inject'] === undefined ? undefined : String(values['inject'])
  const mistake = wanted === undefined ? undefined : injectMistake(wanted, catalogue)
  if (mistake !== undefined) return { ok: false, message: `--inject: ${mistake}` }
  const namespaces = await namespacesOf(listOf(values['namespace-file']), call)
  if (typeof namespaces === 'string') return { ok: false, report: namespaces }
  const base: InjectionContext = {
    ...(version && { kubernetes: version }),
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(wanted !== undefined && { inject: wanted }),
    ...(values['adopt'] === true && { adopt: true }),
    ...(values['openshift'] === true && { openshift: true }),
  }
  const contextFor = (name: string | undefined): InjectionContext => {
    const namespace = namespaces.get(name ?? 'default')
    return namespace === undefined ? base : { ...base, namespace }
  }
  return { ok: true, catalogue, contextFor }
}

function listOf(value: Call['values'][string]): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function versionOf(value: unknown): InjectionContext['kubernetes'] | false {
  if (value === undefined) return undefined
  const match = /^v?(\d{1,2})\.(\d{1,3})(?:[.+-].*)?$/.exec(String(value))
  return match === null ? false : { major: Number(match[1]), minor: Number(match[2]) }
}

/** `--set logs.path=/data`: the same words as behind outrigger.dev/. */
function settingsOf(given: readonly string[], catalogue: Catalogue): Record<string, string> | string {
  const settings = new Map<string, string>()
  for (const each of given) {
    const equals = each.indexOf('=')
    if (equals < 1) return `--set is ENTRY.PARAMETER=VALUE, such as logs.path=/var/log/app, not "${each}"`
    const word = each.slice(0, equals)
    const read = readSetting(word, catalogue)
    if (read.kind === 'unknown' && !isMode(word))
      return `--set: ${read.message}${read.hint === undefined ? '' : `; ${read.hint.replace('outrigger.dev/', '')}`}`
    settings.set(word, each.slice(equals + 1))
  }
  return Object.fromEntries(settings)
}

function injectMistake(value: string, catalogue: Catalogue): string | undefined {
  try {
    for (const { name, version } of readInject(value, [])) {
      const found = catalogue.find(name, version)
      if (!found.ok) return `${found.message}${found.hint === undefined ? '' : `; ${found.hint}`}`
    }
    return undefined
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return `${error.message}${error.hint === undefined ? '' : `; ${error.hint}`}`
  }
}

type Namespaces = ReadonlyMap<string, NonNullable<InjectionContext['namespace']>>

/** Objects of kind Namespace: in files of their own and, so that a folder is enough, among the manifests. */
async function namespacesOf(files: readonly string[], { io }: Call): Promise<Namespaces | string> {
  const read = await readManifestFiles(files, io)
  const problems = [...read.problems, ...read.files.flatMap(file => file.problems)]
  if (problems.length > 0) return problemsText(problems, io)
  const documents = read.files.flatMap(file => file.documents.map(({ value }) => value))
  const found = new Map<string, NonNullable<InjectionContext['namespace']>>()
  for (const object of documents.flatMap(objectsOf)) {
    if (!isObject(object) || object['kind'] !== 'Namespace') continue
    const name = at(object, ['metadata', 'name'])
    if (typeof name !== 'string') continue
    found.set(name, {
      name,
      annotations: textsOf(at(object, ['metadata', 'annotations'])),
      labels: textsOf(at(object, ['metadata', 'labels'])),
    })
  }
  return found
}

function objectsOf(value: Json): readonly Json[] {
  const items = at(value, ['items'])
  return isObject(value) && Array.isArray(items) ? items : [value]
}

function textsOf(value: Json | undefined): Record<string, string> {
  if (!isObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((each): each is [string, string] => typeof each[1] === 'string'),
  )
}
