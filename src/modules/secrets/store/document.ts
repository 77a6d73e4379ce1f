import { JsonNumber, type LosslessJson, parseLossless, writeLossless } from '../../../wire/json/lossless.ts'
import { KeyValues, type KvData, type KvSecret, type KvVersion } from './kv.ts'

/** The content of a store as JSON, which is what gets sealed. */
export function writeDocument({ settings, secrets }: KeyValues): string {
  return writeLossless(
    new Map<string, LosslessJson>([
      ['settings', jsonOf({ ...settings })],
      ['secrets', new Map([...secrets].map(([path, secret]) => [path, writeSecret(secret)]))],
    ]),
  )
}

/** Throws a TypeError, which quotes nothing, when the text is no such document. */
export function readDocument(text: string): KeyValues {
  const whole = mappingOf(parseLossless(text))
  const settings = mappingOf(whole.get('settings'))
  return new KeyValues(
    readSettings(settings),
    new Map(
      [...mappingOf(whole.get('secrets'))].map(([path, secret]) => [path, readSecret(mappingOf(secret))]),
    ),
  )
}

function writeSecret({ versions, customMetadata, ...rest }: KvSecret): LosslessJson {
  return new Map<string, LosslessJson>([
    ...jsonOf(rest),
    ['customMetadata', customMetadata],
    ['versions', new Map([...versions].map(([number, version]) => [String(number), writeVersion(version)]))],
  ])
}

function writeVersion({ data, deletedMs, ...rest }: KvVersion): LosslessJson {
  return new Map<string, LosslessJson>([
    ...jsonOf({ ...rest, ...(deletedMs !== undefined && { deletedMs }) }),
    ['data', data],
  ])
}

function readSecret(from: KvData): KvSecret {
  const custom = from.get('customMetadata') ?? null
  return {
    ...readSettings(from),
    createdMs: numberOf(from, 'createdMs'),
    updatedMs: numberOf(from, 'updatedMs'),
    currentVersion: numberOf(from, 'currentVersion'),
    oldestVersion: numberOf(from, 'oldestVersion'),
    metadataVersion: numberOf(from, 'metadataVersion'),
    customMetadata:
      custom === null ? null : new Map([...mappingOf(custom)].map(([key, value]) => [key, String(value)])),
    versions: new Map(
      [...mappingOf(from.get('versions'))].map(([number, version]) => [
        Number(number),
        readVersion(mappingOf(version)),
      ]),
    ),
  }
}

function readVersion(from: KvData): KvVersion {
  const data = from.get('data') ?? null
  return {
    createdMs: numberOf(from, 'createdMs'),
    deletedMs: from.has('deletedMs') ? numberOf(from, 'deletedMs') : undefined,
    destroyed: from.get('destroyed') === true,
    data: data === null ? null : mappingOf(data),
  }
}

function readSettings(from: KvData) {
  return {
    maxVersions: numberOf(from, 'maxVersions'),
    casRequired: from.get('casRequired') === true,
    deleteAfterMs: numberOf(from, 'deleteAfterMs'),
  }
}

function jsonOf(fields: Readonly<Record<string, number | boolean>>): Map<string, LosslessJson> {
  return new Map(
    Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'number' ? new JsonNumber(String(value)) : value,
    ]),
  )
}

function mappingOf(value: LosslessJson | undefined): KvData {
  if (value instanceof Map) return value
  throw new TypeError('no document of a store')
}

function numberOf(from: KvData, key: string): number {
  const value = from.get(key)
  if (value instanceof JsonNumber) return Number(value.text)
  throw new TypeError('no document of a store')
}
