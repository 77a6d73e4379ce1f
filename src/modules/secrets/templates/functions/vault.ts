import {
  GoFunction,
  GoStruct,
  kindOf,
  StringSlice,
  stringIn,
  type Value,
} from '../../../../wire/gotemplate/value.ts'
import { JsonNumber, type LosslessJson } from '../../../../wire/json/lossless.ts'
import { parsePath } from '../../reference.ts'
import type { SecretValue } from '../../secret/value.ts'
import type { SecretRequest } from '../../sources/source.ts'
import type { Asking } from '../content.ts'
import type { Family } from './define.ts'
import { certificateIn } from './earlier-certificate.ts'

/** The functions that ask for secrets, bound to one pass. `sources`: names that a path may begin with, as `name:path`. */
export function vaultFunctions(asking: Asking, sources: readonly string[]): Family {
  return [
    new GoFunction(
      'secret',
      1,
      ANY,
      (path, ...pairs) => {
        const asked = requestOf('secret', stringIn(path), pairs, sources)
        const value = asking.secret(asked.source, asked.request)
        return value === undefined ? null : secretStruct(value)
      },
      ['string'],
    ),
    new GoFunction(
      'secrets',
      1,
      1,
      path => {
        const { source, request } = requestOf('secrets', stringIn(path), [], sources)
        return asking.list(source, request.path) ?? []
      },
      ['string'],
    ),
    new GoFunction(
      'pkiCert',
      1,
      ANY,
      (path, ...pairs) => {
        const asked = requestOf('pkiCert', stringIn(path), pairs, sources)
        const write = asked.request.write ?? new Map()
        const value = asking.secret(asked.source, {
          ...asked.request,
          write,
          earlier: () => certificateIn(asking.before(), write),
        })
        return value === undefined ? null : certificateStruct(value)
      },
      ['string'],
    ),
    new GoFunction('file', 1, 1, path => asking.file(stringIn(path)) ?? '', ['string']),
  ]
}

const ANY = Number.POSITIVE_INFINITY

function requestOf(
  name: string,
  written: string,
  pairs: readonly Value[],
  sources: readonly string[],
): { readonly source: string | undefined; readonly request: SecretRequest } {
  const text = written.trim()
  const colon = text.indexOf(':')
  const source = colon > 0 && sources.includes(text.slice(0, colon)) ? text.slice(0, colon) : undefined
  const request = parsePath(source === undefined ? text : text.slice(colon + 1))
  if (request === undefined) throw new Error(`${name}: invalid format: ${JSON.stringify(written)}`)
  if (pairs.length === 0) return { source, request }
  // An empty argument only says that this is a write.
  const given = pairs.filter(pair => pair !== '')
  return { source, request: { ...request, write: new Map(given.map(pair => argument(name, pair))) } }
}

/** `key=value`. */
function argument(name: string, pair: Value): [string, LosslessJson] {
  const text = kindOf(pair) === 'string' ? stringIn(pair) : ''
  const at = text.indexOf('=')
  if (at <= 0) throw new Error(`${name}: an argument is not of the form "key=value"`)
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

/** A secret as consul-template shows it. */
function secretStruct({ document, answer, timing }: SecretValue): GoStruct {
  const lease = timing.kind === 'leased' ? timing.lease : undefined
  return new GoStruct('*dependency.Secret', {
    RequestID: answer.requestId ?? '',
    LeaseID: lease?.id ?? '',
    LeaseDuration: BigInt(Math.round((lease?.durationMs ?? 0) / 1000)),
    Renewable: lease?.renewable ?? false,
    Data: copied(document),
    Warnings: StringSlice.from(answer.warnings ?? []),
    Auth: answer.auth === undefined ? null : authStruct(answer.auth),
    WrapInfo: answer.wrapInfo === undefined ? null : wrapStruct(answer.wrapInfo),
  })
}

function authStruct(auth: ReadonlyMap<string, Value>): GoStruct {
  return new GoStruct('*dependency.SecretAuth', {
    ClientToken: textIn(auth, 'client_token'),
    Accessor: textIn(auth, 'accessor'),
    Policies: StringSlice.from((auth.get('policies') ?? []) as readonly Value[]),
    Metadata: (auth.get('metadata') ?? new Map()) as Value,
    LeaseDuration: wholeIn(auth, 'lease_duration'),
    Renewable: auth.get('renewable') === true,
  })
}

function wrapStruct(info: ReadonlyMap<string, Value>): GoStruct {
  return new GoStruct('*dependency.SecretWrapInfo', {
    Token: textIn(info, 'token'),
    Accessor: textIn(info, 'accessor'),
    TTL: wholeIn(info, 'ttl'),
    CreationTime: textIn(info, 'creation_time'),
    CreationPath: textIn(info, 'creation_path'),
    WrappedAccessor: textIn(info, 'wrapped_accessor'),
  })
}

/** Functions such as sprig_set change what they are given: it is the template's own, and never what others see. */
function copied(value: Value): Value {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copied(item)]))
  return Array.isArray(value) ? value.map(copied) : value
}

/** What `pkiCert` gives: the parts of an issued certificate, which also stand in `.Data`. */
function certificateStruct({ data }: SecretValue): GoStruct {
  const chain = data.get('ca_chain')
  const parts = {
    Cert: withLineFeed(textIn(data, 'certificate')),
    Key: withLineFeed(textIn(data, 'private_key')),
    CA: withLineFeed(textIn(data, 'issuing_ca')),
    CAChain: StringSlice.from(Array.isArray(chain) ? chain.map(each => withLineFeed(String(each))) : []),
  }
  return new GoStruct('dependency.PemEncoded', {
    ...parts,
    Data: new GoStruct('dependency.PemEncoded', parts),
  })
}

function withLineFeed(pem: string): string {
  return pem === '' || pem.endsWith('\n') ? pem : `${pem}\n`
}

function textIn(map: ReadonlyMap<string, Value>, key: string): string {
  const value = map.get(key)
  return typeof value === 'string' ? value : ''
}

function wholeIn(map: ReadonlyMap<string, Value>, key: string): bigint {
  const value = map.get(key)
  return value instanceof JsonNumber ? BigInt(Math.round(Number(value.text))) : 0n
}
