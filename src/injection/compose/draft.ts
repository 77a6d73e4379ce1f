import { at, isObject, type Json, type JsonObject, type Path, pointer } from '../../manifests/json.ts'
import { applyPatch } from '../../wire/json-patch/patch.ts'
import { fail } from '../kubernetes/refusal.ts'
import { hasVariable, pairsOf } from './project.ts'
import {
  type Change,
  type ComposeStatus,
  type EntryOfStatus,
  readStatus,
  type ServiceStatus,
  STATUS_KEY,
} from './status.ts'
import type { Tagged } from './tags.ts'

const KINDS: readonly string[] = ['services', 'volumes', 'configs']

type Lists = 'dependsOn' | 'mounts' | 'environment' | 'ports'

/** A Compose file while sidecars are added to it; each addition is written down for the way back. */
export class Draft {
  /** Its first two levels are copies that change in place: a large file is not copied for each addition. */
  readonly document: JsonObject
  /** What each write of an attempt has replaced. */
  #undo: (() => void)[] = []
  readonly #own: Set<string>
  readonly #tags: ReadonlyMap<string, Tagged['tag']>
  readonly #made: string[]
  readonly #nulls: string[]
  readonly #services: Map<string, ServiceStatus>

  /** What the file's status tells of already goes on to be told. */
  constructor(document: JsonObject, tags: readonly Tagged[] = []) {
    this.#tags = new Map(tags.map(({ path, tag }) => [path.join('/'), tag]))
    this.document = Object.fromEntries(
      Object.entries(document).map(([key, value]) => [
        key,
        KINDS.includes(key) && isObject(value) ? { ...value } : value,
      ]),
    )
    const reading = readStatus(document)
    const status = reading.kind === 'status' ? reading.status : undefined
    this.#made = [...(status?.made ?? [])]
    this.#nulls = [...(status?.nulls ?? [])]
    this.#services = new Map(Object.entries(status?.services ?? {}))
    this.#own = new Set([...this.#services.values()].flatMap(({ services }) => services))
  }

  /** For one service; whatever is added from here on is its own. Nothing stays when `work` throws. */
  attempt(name: string, work: () => void): void {
    const [made, nulls] = [this.#made.length, this.#nulls.length]
    this.#undo = []
    this.#services.set(name, { entries: [], services: [] })
    try {
      work()
    } catch (error) {
      for (const undo of this.#undo.toReversed()) undo()
      this.#made.length = made
      this.#nulls.length = nulls
      for (const own of this.#services.get(name)!.services) this.#own.delete(own)
      this.#services.delete(name)
      throw error
    }
  }

  addEntry(app: string, entry: EntryOfStatus): void {
    const status = this.#services.get(app)!
    this.#services.set(app, { ...status, entries: [...status.entries, entry] })
  }

  /** A service, volume or config of our own. */
  add(app: string, kind: 'services' | 'volumes' | 'configs', name: string, value: JsonObject): void {
    this.#ensure([kind], {})
    this.#set([kind, name], value)
    if (kind === 'services') this.#own.add(name)
    const status = this.#services.get(app)!
    this.#services.set(app, { ...status, [kind]: [...(status[kind] ?? []), name] })
  }

  has(kind: 'services' | 'volumes' | 'configs', name: string): boolean {
    return at(this.document, [kind, name]) !== undefined
  }

  /** In `service`, for the sake of `app`. */
  mount(app: string, service: string, target: string, mount: Json): void {
    this.#append(service, 'volumes', mount)
    this.#note(app, service, 'mounts', target)
  }

  publish(app: string, service: string, port: Json): void {
    this.#append(service, 'ports', port)
    this.#note(app, service, 'ports', port)
  }

  /** In the form that the service's environment has. `value` is as Compose reads it: dollars are doubled. */
  setVariable(app: string, service: string, name: string, value: string): void {
    const path = ['services', service, 'environment']
    if (Array.isArray(at(this.document, path))) this.#append(service, 'environment', `${name}=${value}`)
    else {
      this.#ensure(path, {})
      this.#set([...path, name], value)
    }
    this.#note(app, service, 'environment', name)
  }

  /**
   * The short form of depends_on has no conditions; it becomes the long one, which says the same of its services. Names
   * with variables cannot be carried over, since keys are not interpolated: then false is returned, and the list is only
   * made longer.
   */
  dependOn(app: string, service: string, on: string, condition: string): boolean {
    const path = ['services', service, 'depends_on']
    const value = at(this.document, path)
    this.#note(app, service, 'dependsOn', on)
    if (Array.isArray(value)) {
      const names = value as readonly Json[]
      if (!names.every(name => typeof name === 'string' && !hasVariable(name))) {
        this.#set([...path, '-'], on)
        return false
      }
      this.#change(app, service, change => ({ ...change, dependsOnList: names as string[] }))
      const started = names.map(name => [name, { condition: 'service_started' }])
      this.#set(path, Object.fromEntries(started) as JsonObject)
    }
    this.#ensure(path, {})
    this.#set([...path, on], { condition })
    return true
  }

  /** Takes fields out of the service, which joins the network of `holder` instead. They are returned. */
  moveNetwork(app: string, service: string, holder: string, keys: readonly string[]): JsonObject {
    const value = at(this.document, ['services', service]) as JsonObject
    const moved = Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key)))
    const kept = Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key)))
    for (const key of Object.keys(moved)) this.#refuseTagged(['services', service, key])
    this.#set(['services', service], { ...kept, network_mode: `service:${holder}` })
    this.#change(app, service, change => ({ ...change, moved, holder }))
    return moved
  }

  statusOf(app: string): ServiceStatus | undefined {
    return this.#services.get(app)
  }

  /** With the status in it, if anything was added. */
  finish(): Json {
    const services = Object.fromEntries(this.#services)
    if (this.#services.size === 0) return this.document
    const status: ComposeStatus = {
      v: 1,
      ...(this.#made.length > 0 && { made: [...new Set(this.#made)] }),
      ...(this.#nulls.length > 0 && { nulls: [...new Set(this.#nulls)] }),
      services,
    }
    return { ...this.document, [STATUS_KEY]: status as unknown as Json }
  }

  /** Whether an entry of `environment` is there. */
  hasVariable(service: JsonObject, name: string): boolean {
    return Object.hasOwn(pairsOf(service['environment']), name)
  }

  #append(service: string, key: string, item: Json): void {
    this.#ensure(['services', service, key], [])
    this.#set(['services', service, key, '-'], item)
  }

  #ensure(path: Path, empty: Json): void {
    const value = at(this.document, path)
    if (value !== undefined && value !== null) return
    const [kind, name] = path
    if (kind !== 'services' || !this.#own.has(String(name)))
      (value === null ? this.#nulls : this.#made).push(path.join('/'))
    this.#set(path, empty)
  }

  #note(app: string, service: string, list: Lists, item: Json): void {
    this.#change(app, service, change => ({ ...change, [list]: [...(change[list] ?? []), item] }))
  }

  #change(app: string, service: string, next: (change: Change) => Change): void {
    // A service that was added goes as a whole.
    if (this.#own.has(service)) return
    const status = this.#services.get(app)!
    const changes = status.changes ?? {}
    const before = Object.hasOwn(changes, service) ? changes[service]! : {}
    this.#services.set(app, { ...status, changes: { ...changes, [service]: next(before) } })
  }

  #set(path: Path, value: Json): void {
    this.#refuseTagged(path)
    const [kind, name, ...rest] = path
    const top = this.document as Record<string, Json>
    if (name === undefined) this.#write(top, String(kind), value)
    else {
      const within = top[String(kind)] as Record<string, Json>
      const operation = { op: 'add', path: pointer(rest), value } as const
      const next = rest.length === 0 ? value : (applyPatch(within[name], [operation]) as Json)
      this.#write(within, String(name), next)
    }
  }

  /** What is added behind `!reset` is ignored; a value that is replaced loses `!override`. */
  #refuseTagged(path: Path): void {
    for (let depth = 1; depth <= path.length; depth++) {
      const place = path.slice(0, depth)
      const tag = this.#tags.get(place.join('/'))
      if (tag === '!reset' || (tag === '!override' && depth === path.length))
        fail(
          'tagged_value',
          place,
          `something has to be added here, and ${tag} does not allow it`,
          'inject into the file that Compose makes of all: docker compose config',
        )
    }
  }

  #write(mapping: Record<string, Json>, key: string, value: Json): void {
    const before = mapping[key]
    this.#undo.push(() => {
      if (before === undefined) delete mapping[key]
      else mapping[key] = before
    })
    mapping[key] = value
  }
}
