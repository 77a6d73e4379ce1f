import type { LosslessJson } from '../../../wire/json/lossless.ts'

/** The entries of one version. */
export type KvData = ReadonlyMap<string, LosslessJson>

export interface KvVersion {
  readonly createdMs: number
  /** From then on it counts as deleted; it may lie ahead (`delete_version_after`). */
  deletedMs: number | undefined
  /** Its data is gone for good. */
  destroyed: boolean
  data: KvData | null
}

export interface KvSettings {
  /** 0: ten. */
  maxVersions: number
  casRequired: boolean
  /** 0: never. */
  deleteAfterMs: number
}

/** One secret with its versions, as Vault's KV version 2 has them. */
export interface KvSecret extends KvSettings {
  readonly createdMs: number
  updatedMs: number
  currentVersion: number
  oldestVersion: number
  /** How often its metadata was written. */
  metadataVersion: number
  customMetadata: ReadonlyMap<string, string> | null
  readonly versions: Map<number, KvVersion>
}

export interface VersionNumber {
  readonly version: number
  readonly is: KvVersion
}

/** What the rules of KV version 2 do not allow; the message is Vault's own. */
export class KvRefusal extends Error {
  override readonly name = 'KvRefusal'
}

const DEFAULT_MAX_VERSIONS = 10

/**
 * Secrets by path with their versions, and the rules of Vault's KV version 2 for them ("KV secrets engine, version 2,
 * HTTP API"). Times are of the wall clock, in milliseconds; a path has no slash at its ends.
 */
export class KeyValues {
  readonly settings: KvSettings
  readonly secrets: Map<string, KvSecret>

  constructor(
    settings: KvSettings = { maxVersions: 0, casRequired: false, deleteAfterMs: 0 },
    secrets: Map<string, KvSecret> = new Map(),
  ) {
    this.settings = settings
    this.secrets = secrets
  }

  /** The newest version unless one is named; also one that is deleted or destroyed. */
  version(path: string, version = 0): VersionNumber | undefined {
    const secret = this.secrets.get(path)
    const number = version === 0 ? secret?.currentVersion : version
    const is = number === undefined ? undefined : secret?.versions.get(number)
    return is && { version: number!, is }
  }

  /** A new version. `cas` is the version that must be the newest, 0 for none at all. */
  put(path: string, data: KvData | null, nowMs: number, cas?: number): VersionNumber {
    const known = this.secrets.get(path)
    this.#checkCas(known, cas)
    const secret = known ?? this.#open(path, nowMs)
    const version = secret.currentVersion + 1
    const afterMs = deleteAfterMs(this.settings, secret)
    const deletedMs = afterMs === 0 ? undefined : nowMs + afterMs
    const is: KvVersion = { createdMs: nowMs, deletedMs, destroyed: false, data }
    secret.versions.set(version, is)
    secret.currentVersion = version
    secret.updatedMs = nowMs
    secret.oldestVersion = oldestKept(this.settings, secret)
    for (const number of secret.versions.keys())
      if (number < secret.oldestVersion) secret.versions.delete(number)
    return { version, is }
  }

  /** The newest version with a merge patch (RFC 7396) as a new one; undefined when there is none to be read. */
  patch(path: string, patch: KvData, nowMs: number, cas?: number): VersionNumber | undefined {
    const found = this.version(path)
    if (found === undefined || !isReadable(found.is, nowMs)) return undefined
    return this.put(path, mergePatch(found.is.data ?? new Map(), patch), nowMs, cas)
  }

  /** These versions cannot be read until `undelete`; without any, the newest one. */
  delete(path: string, nowMs: number, versions?: readonly number[]): void {
    for (const is of this.#versions(path, versions)) if (isReadable(is, nowMs)) is.deletedMs = nowMs
  }

  undelete(path: string, versions: readonly number[]): void {
    for (const is of this.#versions(path, versions)) if (!is.destroyed) is.deletedMs = undefined
  }

  /** Their data is gone for good. */
  destroy(path: string, versions: readonly number[]): void {
    for (const is of this.#versions(path, versions)) {
      is.destroyed = true
      is.data = null
    }
  }

  /** The secret with all its versions is gone for good. */
  forget(path: string): boolean {
    return this.secrets.delete(path)
  }

  /** What is given of the settings of a secret; it is made, without a version, when there is none. */
  describe(
    path: string,
    given: Partial<KvSettings> & { readonly customMetadata?: ReadonlyMap<string, string> | null },
    nowMs: number,
  ): void {
    const known = this.secrets.get(path)
    const secret = known ?? this.#open(path, nowMs)
    const changes = Object.entries(given).filter(([, value]) => value !== undefined)
    if (changes.length === 0) return
    Object.assign(secret, Object.fromEntries(changes))
    secret.metadataVersion++
    secret.updatedMs = nowMs
  }

  /** The names right below a folder (`''` is the root), sorted; those of folders end in `/`. */
  list(folder: string): string[] {
    const prefix = folder === '' ? '' : `${folder}/`
    const names = new Set<string>()
    for (const path of this.secrets.keys()) {
      if (!path.startsWith(prefix)) continue
      const rest = path.slice(prefix.length)
      const slash = rest.indexOf('/')
      names.add(slash < 0 ? rest : rest.slice(0, slash + 1))
    }
    return [...names].sort()
  }

  #open(path: string, nowMs: number): KvSecret {
    const secret: KvSecret = {
      createdMs: nowMs,
      updatedMs: nowMs,
      currentVersion: 0,
      oldestVersion: 0,
      metadataVersion: 0,
      maxVersions: 0,
      casRequired: false,
      deleteAfterMs: 0,
      customMetadata: null,
      versions: new Map(),
    }
    this.secrets.set(path, secret)
    return secret
  }

  #checkCas(secret: KvSecret | undefined, cas: number | undefined): void {
    if (cas === undefined) {
      if (this.settings.casRequired || secret?.casRequired)
        throw new KvRefusal('check-and-set parameter required for this call')
      return
    }
    if (cas !== (secret?.currentVersion ?? 0))
      throw new KvRefusal('check-and-set parameter did not match the current version')
  }

  *#versions(path: string, versions: readonly number[] | undefined): Iterable<KvVersion> {
    const secret = this.secrets.get(path)
    for (const version of versions ?? [secret?.currentVersion ?? 0]) {
      const is = secret?.versions.get(version)
      if (is !== undefined) yield is
    }
  }
}

export function isReadable(version: KvVersion, nowMs: number): boolean {
  return !version.destroyed && (version.deletedMs === undefined || version.deletedMs > nowMs)
}

/** RFC 7396, numbers with their own text. */
export function mergePatch(target: KvData, patch: KvData): KvData {
  const merged = new Map(target)
  for (const [key, value] of patch) {
    if (value === null) merged.delete(key)
    else if (value instanceof Map) {
      const before = merged.get(key)
      merged.set(key, mergePatch(before instanceof Map ? before : new Map(), value))
    } else merged.set(key, value)
  }
  return merged
}

/** The shorter one of what the store and the secret say. */
function deleteAfterMs(store: KvSettings, secret: KvSettings): number {
  const given = [store.deleteAfterMs, secret.deleteAfterMs].filter(each => each > 0)
  return given.length === 0 ? 0 : Math.min(...given)
}

/** The larger one of what the store and the secret say. */
function oldestKept(store: KvSettings, secret: KvSecret): number {
  const max = Math.max(store.maxVersions, secret.maxVersions) || DEFAULT_MAX_VERSIONS
  return secret.currentVersion - secret.oldestVersion >= max
    ? secret.currentVersion - max + 1
    : secret.oldestVersion
}
