import type { Finding } from '../../manifests/finding.ts'
import { at, isObject, type Json, type JsonObject, type Path } from '../../manifests/json.ts'
import { difference } from '../../wire/json-patch/difference.ts'
import { equal } from '../../wire/json-patch/patch.ts'
import type { Catalogue, Facts } from '../catalogue/catalogue.ts'
import { resolveParameters } from '../catalogue/parameters.ts'
import { type Rendered, render } from '../catalogue/render.ts'
import { TooLarge } from '../catalogue/values.ts'
import { type Chosen, choose } from '../kubernetes/choose.ts'
import { fail, Refusal, skip, type Tell } from '../kubernetes/refusal.ts'
import { DOMAIN, finding, misspelt } from '../kubernetes/vocabulary.ts'
import { asksOf, readWish, skipOf, type Wish } from '../kubernetes/wish.ts'
import { Draft } from './draft.ts'
import type { ComposeContext, ComposeInjected, ComposeInjection } from './injection.ts'
import { type NetworkMode, PAUSE_IMAGE } from './network.ts'
import { effectiveService, portsOf, replicasOf, servicesOf } from './project.ts'
import { withoutAdded } from './removal.ts'
import { addSidecar, orderStart, pauseNetwork } from './sidecar.ts'
import { type ComposeStatus, readStatus, STATUS_KEY } from './status.ts'
import {
  EXTENSION,
  modeFor,
  refuseVariables,
  type Words,
  withoutModes,
  wordsOf,
  wordsOfFile,
} from './words.ts'

/** More than any file that is used; beyond it a file is refused before time is spent on it. */
const MAX_SERVICES = 1000

/**
 * Works out what the services of a Compose file get: a patch for the whole file, all that is to be told, and what came of
 * each service. What was injected before is worked out anew, so that applying the patch and asking again gives no
 * operations, and a changed wish gives the file that it would have given at first. A service that fails, or asks for
 * nothing any more, keeps what it has. Never throws for what a document says.
 */
export function injectCompose(
  document: Json,
  catalogue: Catalogue,
  context: ComposeContext = {},
): ComposeInjection {
  const services = servicesOf(document)
  if (!isObject(document) || Object.keys(services).length === 0)
    return { patch: [], findings: [], status: [] }
  const reading = readStatus(document)
  if (reading.kind === 'unreadable')
    return refused(
      'unreadable_status',
      [STATUS_KEY],
      `the status cannot be read: ${reading.message}`,
      'remove it, and the services that were injected; only the injector writes it',
    )
  const status = reading.kind === 'status' ? reading.status : undefined
  const own = Object.values(status?.services ?? {}).flatMap(each => each.services)
  if (Object.keys(services).length - own.length > MAX_SERVICES)
    return refused('invalid-compose', ['services'], `the file has more than ${MAX_SERVICES} services`)
  const project: Project = {
    document,
    status,
    catalogue,
    context,
    file: wordsOfFile(document),
    heirs: heirsIn(document),
  }
  const kept = new Map<string, One>()
  for (;;) {
    const { target, results } = injectAll(project, kept)
    const lost = [...results].filter(
      ([name, { result }]) =>
        noLonger(result) && !kept.has(name) && at(document, [STATUS_KEY, 'services', name]) !== undefined,
    )
    for (const [name, one] of lost) kept.set(name, one)
    if (lost.length > 0) continue
    const all = [...results.values()]
    const injected = all.map(({ result }) => settled(result, document, target))
    return {
      patch: difference(document, target),
      findings: [...aboutFile(project, injected), ...all.flatMap(({ findings }) => findings)],
      status: injected,
    }
  }
}

/** It asks for sidecars that it cannot get. */
function noLonger({ outcome, reason }: ComposeInjected): boolean {
  return outcome === 'failed' || reason === 'container_exists' || reason === 'extended_service'
}

/** What came of one service. */
interface One {
  readonly result: ComposeInjected
  readonly findings: readonly Finding[]
}

function refused(code: string, path: Path, message: string, hint?: string): ComposeInjection {
  return { patch: [], findings: [finding(code, 'error', path, message, hint)], status: [] }
}

interface Project {
  readonly document: JsonObject
  readonly status: ComposeStatus | undefined
  readonly catalogue: Catalogue
  readonly context: ComposeContext
  /** Words of the file's `x-outrigger`. */
  readonly file: Readonly<Record<string, string>>
  readonly heirs: ReadonlyMap<string, string>
}

/** `kept` are services that have failed, and so keep what they have. */
function injectAll(
  project: Project,
  kept: ReadonlyMap<string, One>,
): { target: Json; results: ReadonlyMap<string, One> } {
  const { document, status } = project
  const own = new Set(Object.values(status?.services ?? {}).flatMap(each => each.services))
  const names = Object.keys(servicesOf(document)).filter(name => !own.has(name))
  const renewed = new Set(names.filter(name => !kept.has(name) && wants(project, name)))
  const draft = new Draft(
    status ? withoutAdded(document, status, name => renewed.has(name)) : document,
    project.context.tags,
  )
  const results = new Map(names.map(name => [name, kept.get(name) ?? injectOne(project, draft, name)]))
  return { target: draft.finish(), results }
}

/** It asks for sidecars, or says that it wants none. */
function wants({ document, context, file }: Project, name: string): boolean {
  try {
    const { annotations } = wordsOf(document, name)
    return (
      skipOf(annotations, withFile(context, file)) !== undefined ||
      asksOf(annotations, withFile(context, file), undefined).length > 0
    )
  } catch (error) {
    if (error instanceof Refusal) return true
    throw error
  }
}

/** The file is to its services what a namespace is to pods. */
function withFile(context: ComposeContext, file: Readonly<Record<string, string>>) {
  return { ...context, namespace: { name: '', annotations: file } }
}

function injectOne(project: Project, draft: Draft, name: string): One {
  const { catalogue, context, file } = project
  const findings: Finding[] = []
  const path: Path = ['services', name]
  const of = { path, workload: { kind: 'Service', name } } as const
  const words = wordsOf(draft.document, name)
  const about = misspelt(withoutModes(words.annotations), ['metadata', 'annotations'], catalogue)
  findings.push(...about.map(each => ({ ...each, path: placeOf(each.path, words, name) })))
  const tell: Tell = (severity, code, where, message, hint) => {
    findings.push(finding(code, severity, placeOf(where, words, name), message, hint))
  }
  const before = findings.length
  try {
    const all = withFile(context, file)
    const asked = asksOf(words.annotations, all, undefined)
    const skipped = skipOf(words.annotations, all)
    if (skipped !== undefined && asked.length > 0) {
      tell(
        'info',
        'skip_annotation',
        path,
        `${name} wants no sidecars${skipped === '' ? '' : `: ${skipped.slice(0, 200)}`}`,
      )
      return { result: { ...of, outcome: 'skipped', reason: 'skip_annotation' }, findings }
    }
    if (asked.length === 0) return { result: { ...of, outcome: 'unchanged', reason: 'not_asked' }, findings }
    refuseVariables(words)
    const settings = withoutModes(context.settings ?? {})
    const wish = readWish(
      withoutModes(words.annotations),
      catalogue,
      { ...all, settings, namespace: { name: '', annotations: withoutModes(file) } },
      asked,
      undefined,
    )
    const chosen = choose(asked, catalogue, tell)
    draft.attempt(name, () => addAll(project, draft, name, words, wish, chosen, tell))
    const entries = draft.statusOf(name)?.entries ?? []
    return { result: { ...of, outcome: 'injected', entries }, findings }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    // What was told of sidecars that now do not come would only confuse.
    findings.length = before
    const severity = error.outcome === 'failed' ? 'error' : 'warning'
    findings.push(
      finding(error.reason, severity, placeOf(error.path, words, name), error.message, error.hint),
    )
    return { result: { ...of, outcome: error.outcome, reason: error.reason }, findings }
  }
}

function addAll(
  { context, file, document, heirs }: Project,
  draft: Draft,
  name: string,
  words: Words,
  wish: Wish,
  chosen: readonly Chosen[],
  tell: Tell,
): void {
  const { service, unseen } = effectiveService(draft.document, name)
  const heir = heirs.get(name)
  if (heir !== undefined)
    skip(
      'extended_service',
      ['services', heir, 'extends'],
      `${heir} extends ${name}, and would get the sidecars of ${name} instead of its own`,
      `move what both have in common to a service that asks for nothing, or let ${heir} ask alone`,
    )
  if (service['provider'] !== undefined)
    fail(
      'invalid_pod',
      ['services', name, 'provider'],
      `${name} has a provider, and no container that a sidecar could stand beside`,
    )
  refuseOddShapes(draft.document, name)
  if (unseen)
    tell(
      'info',
      'extends-unseen',
      ['services', name, 'extends'],
      `what ${name} takes from another file is not seen`,
    )
  const facts: Facts = factsOf(document, name, service)
  const planned = chosen.map(each => {
    const { entry, asked } = each
    const wanted = modeFor([...new Set([asked.name, entry.name])], words, context.settings ?? {}, file)
    const rendered = renderedFor(each, wish, wanted, facts)
    return { entry, rendered, mode: modeOf(rendered.compose?.mode, wanted, name, tell) }
  })
  if (planned.some(({ mode }) => mode === 'pause')) pauseNetwork(draft, name, tell)
  for (const { entry, rendered, mode } of planned) {
    addSidecar(draft, name, entry, rendered, mode, tell)
    tellOfReplicas(service, name, `${name}-${entry.name}`, mode, tell)
  }
  const added = draft.statusOf(name)?.entries.map(each => each.service) ?? []
  orderStart(draft, name, added, tell)
}

/** By a service the one that extends it: who takes over everything of it takes over, too, what is added to it. */
function heirsIn(document: Json): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(servicesOf(document)).flatMap(([heir, { extends: base }]) => {
      const from = isObject(base) ? (base['file'] === undefined ? base['service'] : undefined) : base
      return typeof from === 'string' && from !== heir ? [[from, heir] as const] : []
    }),
  )
}

/** What is added to must be what Compose takes there. */
function refuseOddShapes(document: Json, name: string): void {
  const service: Path = ['services', name]
  const mapping = [['volumes'], ['configs'], ['services']]
  const list = [
    [...service, 'volumes'],
    [...service, 'ports'],
  ]
  const either = [
    [...service, 'environment'],
    [...service, 'depends_on'],
  ]
  const refuse = (paths: readonly Path[], expected: string, is: (value: Json) => boolean): void => {
    for (const path of paths) {
      const value = at(document, path)
      if (value !== undefined && value !== null && !is(value))
        fail('invalid_pod', path, `expected ${expected}`)
    }
  }
  refuse(mapping, 'a mapping', isObject)
  refuse(list, 'a list', Array.isArray)
  refuse(either, 'a mapping or a list', value => typeof value === 'object')
}

function renderedFor(
  { entry, set }: Chosen,
  wish: Wish,
  mode: NetworkMode | undefined,
  facts: Facts,
): Rendered {
  const given = [...(wish.settings.get(entry.name) ?? [])].map(([parameter, { value, path }]) => ({
    name: parameter,
    text: value,
    from: path,
  }))
  const knowsMode = mode !== undefined && Object.hasOwn(entry.parameters, 'compose.mode')
  if (knowsMode) given.push({ name: 'compose.mode', text: mode, from: [] })
  const { values, problems } = resolveParameters(entry, set, given, facts)
  const problem = problems[0]
  if (problem !== undefined)
    fail(
      'invalid_parameter',
      problem.from ?? [],
      `${entry.name}: ${problem.parameter}: ${problem.message}`,
      problem.hint,
    )
  try {
    return render(entry, values, facts)
  } catch (error) {
    if (error instanceof TooLarge) return fail('invalid_parameter', [], `${entry.name}: ${error.message}`)
    throw error
  }
}

function factsOf(document: Json, name: string, service: JsonObject): Facts {
  const ports = portsOf(service)
  const project = at(document, ['name'])
  return {
    app: { container: name, ports, ...(ports[0] !== undefined && { port: ports[0] }) },
    workload: { kind: 'Service', name },
    namespace: typeof project === 'string' ? project : '',
    target: 'compose',
  }
}

/** A service in between takes fields of the user's away, and so comes only when the user asks for it. */
function modeOf(
  ofEntry: NetworkMode | undefined,
  asked: NetworkMode | undefined,
  name: string,
  tell: Tell,
): NetworkMode {
  if (asked !== undefined) return asked
  if (ofEntry !== 'pause') return ofEntry ?? 'none'
  tell(
    'info',
    'pause-not-asked',
    ['services', name],
    `the sidecar joins the network of ${name}, although its entry wants a holder (${PAUSE_IMAGE}) for it`,
    `${DOMAIN}compose.mode: pause moves the ports and networks of ${name} there`,
  )
  return 'network'
}

function tellOfReplicas(
  service: JsonObject,
  name: string,
  sidecar: string,
  mode: NetworkMode,
  tell: Tell,
): void {
  const replicas = replicasOf(service)
  if (replicas <= 1) return
  const message =
    mode === 'none'
      ? `${sidecar} serves all ${replicas} containers of ${name} together`
      : `${sidecar} shares the network of one of the ${replicas} containers of ${name}; the others have no sidecar`
  const hint = mode === 'none' ? undefined : 'make a service for each, or choose compose.mode none'
  tell(mode === 'none' ? 'info' : 'warning', 'replicas', ['services', name], message, hint)
}

/** From paths of a pod template to those of a Compose file. */
function placeOf(path: Path, { paths }: Words, name: string): Path {
  if (path[0] !== 'metadata') return path.length === 0 ? ['services', name] : path
  return paths.get(String(path[2])) ?? (path.length > 2 ? ['services', name] : [EXTENSION])
}

/** A service whose sidecars are as they were is unchanged. */
function settled(result: ComposeInjected, before: Json, after: Json): ComposeInjected {
  if (result.outcome !== 'injected') return result
  const { name } = result.workload
  const [was, is] = [before, after].map(document => at(document, [STATUS_KEY, 'services', name]))
  const same = (key: string) => equal(at(before, ['services', key]), at(after, ['services', key]))
  const all = [name, ...(result.entries ?? []).map(({ service }) => service)]
  return equal(was, is) && all.every(same)
    ? { ...result, outcome: 'unchanged', reason: 'already_injected' }
    : result
}

function aboutFile({ document, file, context }: Project, results: readonly ComposeInjected[]): Finding[] {
  const forAll = context.inject !== undefined || file[`${DOMAIN}inject`] !== undefined
  if (at(document, ['include']) === undefined) return []
  if (!forAll && results.every(({ outcome }) => outcome !== 'injected')) return []
  return [
    finding(
      'include-unseen',
      'info',
      ['include'],
      'services of included files are not seen, and get no sidecars',
      'inject into those files by themselves',
    ),
  ]
}
