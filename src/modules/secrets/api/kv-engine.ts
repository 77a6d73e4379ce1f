import { JsonNumber, type LosslessJson } from '../../../wire/json/lossless.ts'
import { isReadable, type KeyValues, KvRefusal, type KvSecret, type VersionNumber } from '../store/kv.ts'
import { metadataOf, timeText } from '../store/metadata.ts'
import {
  type ApiAnswer,
  type ApiRequest,
  data,
  type Fields,
  integer,
  NO_CONTENT,
  NOT_FOUND,
  object,
  UNSUPPORTED,
} from './answer.ts'
import {
  booleanField,
  durationField,
  goDuration,
  integerField,
  mappingField,
  queryInteger,
  refused,
  versionsField,
} from './fields.ts'

/** Where a request goes to inside of the mount: `data/app/db` is {endpoint: 'data', place: 'app/db'}. */
export interface KvPlace {
  readonly endpoint: string
  readonly place: string
  /** `data` and not `data/`, which Vault tells apart. */
  readonly isBare: boolean
}

type Act = (request: ApiRequest, place: string, content: KeyValues, nowMs: number) => ApiAnswer
type Endpoint = Partial<Record<ApiRequest['operation'], Act>>

/** By endpoint and operation (Vault's HTTP API, "KV secrets engine, version 2"). */
const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  config: { read: readConfig, write: writeConfig },
  data: { read: readData, write: writeData, patch: patchData, delete: deleteData },
  metadata: {
    read: readMetadata,
    list: listMetadata,
    write: writeMetadata,
    patch: patchMetadata,
    delete: deleteMetadata,
  },
  delete: { write: deleteVersions },
  undelete: { write: undeleteVersions },
  destroy: { write: destroyVersions },
  subkeys: { read: readSubkeys },
}

export function kvPlace(pathInMount: string): KvPlace {
  const slash = pathInMount.indexOf('/')
  return slash < 0
    ? { endpoint: pathInMount, place: '', isBare: true }
    : { endpoint: pathInMount.slice(0, slash), place: pathInMount.slice(slash + 1), isBare: false }
}

/** Whether a request changes something when it is carried out. */
export function isWrite({ operation }: ApiRequest): boolean {
  return operation !== 'read' && operation !== 'list'
}

/**
 * The answer of a KV engine of version 2 that holds `content`, which a request that writes changes. Throws an
 * ApiRefusal, and has changed nothing then.
 */
export function answerKv(
  request: ApiRequest,
  { endpoint, place, isBare }: KvPlace,
  content: KeyValues,
  nowMs: number,
): ApiAnswer {
  if (!Object.hasOwn(ENDPOINTS, endpoint)) return wrongPath(request)
  if (isBare && endpoint !== 'config' && request.operation !== 'list')
    return data(null, 404, ['Non-listing operations on the root of a K/V v2 mount are not supported.'])
  const act = ENDPOINTS[endpoint]![request.operation]
  if (act === undefined) return UNSUPPORTED
  if (isWrite(request) && request.operation !== 'delete' && endpoint !== 'config' && /(?:^|\/)$/.test(place))
    throw refused("cannot write to a path ending in '/'")
  try {
    return act(request, place, content, nowMs)
  } catch (error) {
    if (error instanceof KvRefusal) throw refused(error.message)
    throw error
  }
}

function wrongPath({ operation }: ApiRequest): ApiAnswer {
  if (operation === 'patch') return UNSUPPORTED
  const command = { read: 'get', list: 'list', write: 'put', delete: 'delete' }[operation]
  return data(null, 404, [
    `Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the Vault CLI, use 'vault kv ${command}' for this operation.`,
  ])
}

function readConfig(_: ApiRequest, __: string, { settings }: KeyValues): ApiAnswer {
  return data(settingsOf(settings))
}

function writeConfig({ fields }: ApiRequest, _: string, { settings }: KeyValues): ApiAnswer {
  Object.assign(settings, settingsFrom(fields))
  return NO_CONTENT
}

function readData({ query }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const found = content.version(place, queryInteger(query, 'version'))
  const secret = content.secrets.get(place)
  if (found === undefined || secret === undefined) return NOT_FOUND
  const readable = isReadable(found.is, nowMs)
  const value = object({ data: readable ? found.is.data : null, metadata: metadataOf(secret, found) })
  return data(value, readable ? 200 : 404)
}

function writeData({ fields }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const given = mappingField(fields, 'data')
  if (!fields.has('data')) throw refused('no data provided')
  return written(content, place, content.put(place, given ?? null, nowMs, casOf(fields)))
}

function patchData({ fields }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const patch = mappingField(fields, 'data')
  if (patch === undefined) throw refused('no data provided')
  const known = content.version(place)
  if (known === undefined) return { status: 404, body: undefined }
  const made = content.patch(place, patch, nowMs, casOf(fields))
  if (made !== undefined) return written(content, place, made)
  return data(metadataOf(content.secrets.get(place)!, known), 404)
}

function deleteData(_: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  content.delete(place, nowMs)
  return NO_CONTENT
}

function deleteVersions({ fields }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  content.delete(place, nowMs, versionsOf(fields))
  return NO_CONTENT
}

function undeleteVersions({ fields }: ApiRequest, place: string, content: KeyValues): ApiAnswer {
  content.undelete(place, versionsOf(fields))
  return NO_CONTENT
}

function destroyVersions({ fields }: ApiRequest, place: string, content: KeyValues): ApiAnswer {
  content.destroy(place, versionsOf(fields))
  return NO_CONTENT
}

function readMetadata(_: ApiRequest, place: string, content: KeyValues): ApiAnswer {
  const secret = content.secrets.get(place)
  if (secret === undefined) return NOT_FOUND
  const versions = [...secret.versions].map(([version, is]) => {
    const metadata = new Map(metadataOf(secret, { version, is }))
    metadata.delete('custom_metadata')
    metadata.delete('version')
    return [String(version), metadata] as const
  })
  return data(
    new Map<string, LosslessJson>([
      ...settingsOf(secret),
      ['created_time', timeText(secret.createdMs)],
      ['current_version', integer(secret.currentVersion)],
      ['custom_metadata', secret.customMetadata],
      ['oldest_version', integer(secret.oldestVersion)],
      ['updated_time', timeText(secret.updatedMs)],
      ['versions', new Map(versions)],
    ]),
  )
}

function listMetadata({ query }: ApiRequest, place: string, content: KeyValues): ApiAnswer {
  const after = query.get('after') ?? ''
  const limit = queryInteger(query, 'limit')
  const keys = content.list(place.replace(/\/+$/, '')).filter(key => key > after)
  if (keys.length === 0) return NOT_FOUND
  return data(object({ keys: limit > 0 ? keys.slice(0, limit) : keys }))
}

function writeMetadata({ fields }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const given = mappingField(fields, 'custom_metadata')
  const customMetadata = given && checkCustom(new Map([...given].map(([key, value]) => [key, String(value)])))
  content.describe(place, { ...settingsFrom(fields), ...(customMetadata && { customMetadata }) }, nowMs)
  return NO_CONTENT
}

function patchMetadata({ fields }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const secret = content.secrets.get(place)
  if (secret === undefined) return { status: 404, body: undefined }
  const patch = mappingField(fields, 'custom_metadata')
  const customMetadata = patch && new Map(secret.customMetadata)
  for (const [key, value] of patch ?? []) {
    if (value === null) customMetadata?.delete(key)
    else customMetadata?.set(key, String(value))
  }
  if (customMetadata) checkCustom(customMetadata)
  const settings = settingsFrom(fields)
  // A patch changes this one, and only a write takes it away.
  if (settings.deleteAfterMs === 0) delete settings.deleteAfterMs
  content.describe(place, { ...settings, ...(customMetadata && { customMetadata }) }, nowMs)
  return NO_CONTENT
}

function deleteMetadata(_: ApiRequest, place: string, content: KeyValues): ApiAnswer {
  content.forget(place)
  return NO_CONTENT
}

function readSubkeys({ query }: ApiRequest, place: string, content: KeyValues, nowMs: number): ApiAnswer {
  const found = content.version(place, queryInteger(query, 'version'))
  const secret = content.secrets.get(place)
  if (found === undefined || secret === undefined) return NOT_FOUND
  const readable = isReadable(found.is, nowMs)
  const depth = queryInteger(query, 'depth')
  const subkeys =
    readable && found.is.data ? subkeysOf(found.is.data, depth || Number.POSITIVE_INFINITY) : null
  return data(object({ metadata: metadataOf(secret, found), subkeys }), readable ? 200 : 404)
}

function subkeysOf(value: Fields, depth: number): LosslessJson {
  return new Map(
    [...value].map(([key, inner]) => [
      key,
      inner instanceof Map && inner.size > 0 && depth > 1 ? subkeysOf(inner, depth - 1) : null,
    ]),
  )
}

function written(content: KeyValues, place: string, made: VersionNumber): ApiAnswer {
  return data(metadataOf(content.secrets.get(place)!, made))
}

function casOf(fields: Fields): number | undefined {
  const cas = mappingField(fields, 'options')?.get('cas')
  if (cas === undefined) return undefined
  if ((cas instanceof JsonNumber || typeof cas === 'string') && /^\d{1,15}$/.test(String(cas)))
    return Number(String(cas))
  throw refused('error parsing check-and-set parameter')
}

function versionsOf(fields: Fields): readonly number[] {
  const versions = versionsField(fields)
  if (versions === undefined || versions.length === 0) throw refused('No version number provided')
  return versions
}

function settingsFrom(
  fields: Fields,
): Partial<Pick<KvSecret, 'maxVersions' | 'casRequired' | 'deleteAfterMs'>> {
  const maxVersions = integerField(fields, 'max_versions')
  if (maxVersions !== undefined && maxVersions < 0) throw refused('max_versions must not be negative')
  const casRequired = booleanField(fields, 'cas_required')
  const deleteAfterMs = durationField(fields, 'delete_version_after')
  return {
    ...(maxVersions !== undefined && { maxVersions }),
    ...(casRequired !== undefined && { casRequired }),
    ...(deleteAfterMs !== undefined && { deleteAfterMs }),
  }
}

function settingsOf(settings: Pick<KvSecret, 'maxVersions' | 'casRequired' | 'deleteAfterMs'>): Fields {
  return object({
    cas_required: settings.casRequired,
    delete_version_after: goDuration(settings.deleteAfterMs),
    max_versions: settings.maxVersions,
  })
}

/** Vault's limits for custom metadata. */
function checkCustom(custom: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (custom.size > 64) throw refused(`custom_metadata: expected at most 64 keys, got ${custom.size}`)
  for (const [key, value] of custom)
    if (key === '' || key.length > 128 || value.length > 512)
      throw refused('custom_metadata: keys have 1 to 128 characters, and values at most 512')
  return custom
}
