import type { Value } from '../../../wire/gotemplate/value.ts'
import { GoStruct, GoUint } from '../../../wire/gotemplate/value.ts'
import { JsonNumber, type LosslessJson } from '../../../wire/json/lossless.ts'
import type { SecretValue } from '../secret/value.ts'
import { type SecretSource, SourceFailure } from '../sources/source.ts'
import { KeyValues, type KvData, type KvSecret } from '../store/kv.ts'
import { ApiRefusal, type ApiRequest, DENIED, errors } from './answer.ts'
import { queryInteger } from './fields.ts'
import type { KvPlace } from './kv-engine.ts'

/** What a source without versions has at a place, as the content of a KV engine that holds nothing else. */
export async function contentOfSource(
  source: Pick<SecretSource, 'fetch' | 'list'>,
  request: ApiRequest,
  { endpoint, place }: KvPlace,
  startedMs: number,
  signal: AbortSignal,
): Promise<KeyValues> {
  const secrets = new Map<string, KvSecret>()
  const content = new KeyValues(undefined, secrets)
  if (endpoint === 'config' || (place === '' && request.operation !== 'list')) return content
  const version = queryInteger(request.query, 'version')
  try {
    if (request.operation === 'list') {
      const folder = place.replace(/\/+$/, '')
      for (const name of (await source.list?.(folder, signal)) ?? [])
        secrets.set([...(folder === '' ? [] : [folder]), name].join('/'), secretOf(new Map(), 1, startedMs))
    } else {
      const value = await source.fetch({ path: place, ...(version > 0 && { version }) }, signal)
      secrets.set(place, secretOf(dataOf(value), version || versionOf(value), startedMs))
    }
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error
    if (error.reason !== 'missing') throw refusalOf(error)
  }
  return content
}

/** A failure in Vault's words, where it has some; what a source says names paths and never values. */
export function refusalOf({ reason, message }: SourceFailure): ApiRefusal {
  switch (reason) {
    case 'forbidden':
      return new ApiRefusal(DENIED)
    case 'sealed':
      return new ApiRefusal(errors(503, 'Vault is sealed'))
    case 'invalid':
      return new ApiRefusal(errors(400, message))
    default:
      return new ApiRefusal(errors(503, message))
  }
}

function secretOf(data: KvData, version: number, createdMs: number): KvSecret {
  return {
    createdMs,
    updatedMs: createdMs,
    currentVersion: version,
    oldestVersion: 0,
    metadataVersion: 0,
    maxVersions: 0,
    casRequired: false,
    deleteAfterMs: 0,
    customMetadata: null,
    versions: new Map([[version, { createdMs, deletedMs: undefined, destroyed: false, data }]]),
  }
}

function versionOf({ version }: SecretValue): number {
  return version !== undefined && /^[1-9]\d{0,14}$/.test(version) ? Number(version) : 1
}

function dataOf({ data }: SecretValue): KvData {
  return new Map([...data].map(([key, value]) => [key, jsonOf(value)]))
}

/** Bytes that are no text become base64, as JSON has no other way. */
function jsonOf(value: Value): LosslessJson {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'string')
    return value ?? null
  if (typeof value === 'bigint' || typeof value === 'number') return new JsonNumber(String(value))
  if (value instanceof JsonNumber) return value
  if (value instanceof GoUint) return new JsonNumber(String(value.value))
  if (value instanceof Uint8Array) return textOf(Buffer.from(value.buffer, value.byteOffset, value.length))
  if (Array.isArray(value)) return value.map(jsonOf)
  if (value instanceof GoStruct) return mapOf(value.fields)
  return value instanceof Map ? mapOf(value) : null
}

function mapOf(value: ReadonlyMap<Value, Value>): LosslessJson {
  return new Map([...value].map(([key, inner]) => [String(key), jsonOf(inner)]))
}

function textOf(bytes: Buffer): string {
  const { isUtf8 } = process.getBuiltinModule('node:buffer')
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64')
}
