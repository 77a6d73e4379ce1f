import type { Severity } from '../manifests/finding.ts'
import { at, isObject, type JsonObject, type Path } from '../manifests/json.ts'
import type { ManifestDocument, Manifests } from '../manifests/read.ts'
import { containersOf, type Workload, workloads } from '../manifests/workload.ts'
import { sha256 } from '../wire/sha256/sha256.ts'
import type { Check, ComposeSubject, Found, PodSubject, World } from './check.ts'
import type { LintFinding, Report, WaivedFinding } from './report.ts'
import { sidecarsAmong } from './sidecars.ts'
import { podWaivers, projectWaivers, serviceWaivers, type Waiver } from './waivers.ts'

export interface LintOptions extends Omit<World, 'objects'> {
  /** Those that run. */
  readonly checks: readonly Check[]
  /** Ids of all that there are, where not all run. */
  readonly known?: readonly string[]
}

/** A waiver that waives nothing that there is, or says no reason. */
export const WAIVER_CHECK = { id: 'SC000', name: 'bad-waiver', severity: 'warning' as Severity }

/** Runs every check over every workload and service of Compose in the files. Pure; never throws for what stands in them. */
export function lint(files: readonly Manifests[], options: LintOptions): Report {
  const documents = files.flatMap(({ documents }) =>
    documents.map((document, index) => ({ document, index })),
  )
  const world: World = { ...options, objects: documents.flatMap(({ document }) => objectsOf(document)) }
  const findings: LintFinding[] = []
  const waived: WaivedFinding[] = []
  let subjects = 0
  for (const { document, index } of documents)
    for (const subject of subjectsOf(document, world)) {
      if (subject.isWorkload) subjects++
      const made = options.checks.flatMap(check =>
        [...subject.run(check)].map(found => finding(check, found, document, index, subject.name)),
      )
      const bad = badWaivers(subject.waivers, options.known ?? options.checks.map(({ id }) => id))
      findings.push(...bad.map(found => finding(WAIVER_CHECK, found, document, index, subject.name)))
      for (const each of made) {
        const waiver = [...subject.waivers, ...(subject.inherited ?? [])].find(
          ({ check, reason }) => check === each.check && reason !== '',
        )
        if (waiver === undefined) findings.push(each)
        else waived.push({ ...each, reason: waiver.reason })
      }
    }
  const problems = files.flatMap(file => file.problems)
  const order = new Map(files.map(({ file }, index) => [file, index]))
  const byPlace = (one: LintFinding, other: LintFinding) =>
    order.get(one.file)! - order.get(other.file)! ||
    one.position.line - other.position.line ||
    one.position.column - other.position.column ||
    (one.check < other.check ? -1 : 1)
  return {
    findings: findings.sort(byPlace),
    waived: waived.sort(byPlace),
    problems,
    files: files.length,
    subjects,
  }
}

interface Subject {
  readonly name: string
  /** What stands around the workloads of a file is looked at, too, but is none. */
  readonly isWorkload: boolean
  readonly waivers: readonly Waiver[]
  /** From the whole file; whether they are good is told there. */
  readonly inherited?: readonly Waiver[]
  run(check: Check): Iterable<Found>
}

function subjectsOf(document: ManifestDocument, world: World): Subject[] {
  const { value } = document
  if (!isObject(value)) return []
  if (document.kind === 'compose') return composeSubjects(value, world)
  return workloads(value).map(workload => {
    const subject = podSubject(value, workload, world)
    return {
      name: `${workload.kind} ${workload.namespace === undefined ? '' : `${workload.namespace}/`}${workload.name}`,
      isWorkload: true,
      waivers: podWaivers(value, workload),
      run: check => check.pod?.(subject) ?? [],
    }
  })
}

export function podSubject(document: JsonObject, workload: Workload, world: World): PodSubject {
  const template = at(document, workload.template) as JsonObject
  const containers = containersOf(template)
  const sidecars = sidecarsAmong(containers, world.catalogue)
  return {
    workload,
    document,
    object: at(document, workload.object) as JsonObject,
    template,
    containers,
    sidecars,
    apps: containers.filter(each => each.role === 'app' && !sidecars.includes(each)),
    path: (...steps) => [...workload.template, ...steps],
    world,
  }
}

/** A file of Compose is looked at once; what is found is the service's whose path it has. */
function composeSubjects(document: JsonObject, world: World): Subject[] {
  const listed = document['services']
  const entries = Object.entries(isObject(listed) ? listed : {})
  const services = Object.fromEntries(
    entries.filter((each): each is [string, JsonObject] => isObject(each[1])),
  )
  const subject: ComposeSubject = { document, services, world }
  const found = new Map<Check, readonly Found[]>()
  const run = (check: Check) => {
    const known = found.get(check) ?? [...(check.compose?.(subject) ?? [])]
    found.set(check, known)
    return known
  }
  const isOf = (name: string, { path }: Found) => path[0] === 'services' && path[1] === name
  const inherited = projectWaivers(document)
  const ofServices = Object.keys(services).map(name => ({
    name: `service ${name}`,
    isWorkload: true,
    waivers: serviceWaivers(document, name),
    inherited,
    run: (check: Check) => run(check).filter(each => isOf(name, each)),
  }))
  const ofNone = (each: Found) => !Object.keys(services).some(name => isOf(name, each))
  const rest: Subject = {
    name: 'the project',
    isWorkload: false,
    waivers: inherited,
    run: check => run(check).filter(ofNone),
  }
  return [...ofServices, rest]
}

function finding(
  check: Pick<Check, 'id' | 'name' | 'severity'>,
  found: Found,
  document: ManifestDocument,
  index: number,
  subject: string,
): LintFinding {
  const { path, message, hint, severity = check.severity, fix } = found
  return {
    ...{
      check: check.id,
      name: check.name,
      severity,
      file: document.file,
      document: index,
      subject,
      path,
      message,
    },
    position: document.locate(path, 'key'),
    ...(hint !== undefined && { hint }),
    ...(fix !== undefined && { fix }),
    fingerprint: fingerprintOf(`${check.id} ${severity}`, subject, document.value as JsonObject, path),
  }
}

/** Items of lists by their names: a container that is moved is the same one. */
function fingerprintOf(check: string, subject: string, document: JsonObject, path: Path): string {
  const steps = path.map((step, depth) => {
    if (typeof step !== 'number') return step
    const name = at(document, [...path.slice(0, depth + 1), 'name'])
    return typeof name === 'string' ? name : String(step)
  })
  return sha256(JSON.stringify([check, subject, steps])).slice(0, 32)
}

/** The objects of Kubernetes in a document: a List has several. */
export function objectsOf({ kind, value }: ManifestDocument): JsonObject[] {
  if (kind !== 'kubernetes' || !isObject(value)) return []
  const items = value['items']
  if (String(value['kind']).endsWith('List') && Array.isArray(items)) return items.filter(isObject)
  return [value]
}

function badWaivers(waivers: readonly Waiver[], known: readonly string[]): Found[] {
  return waivers.flatMap(({ check, reason, path }): Found[] => {
    if (!known.includes(check))
      return [
        {
          path,
          message: `${JSON.stringify(check)} is no check`,
          hint: 'outrigger lint --explain lists them',
        },
      ]
    if (reason !== '') return []
    return [
      { path, message: 'the waiver says no reason, so it waives nothing', hint: 'write why as its value' },
    ]
  })
}
