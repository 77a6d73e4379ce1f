import { readFile } from 'node:fs/promises'
import { writeLossless } from '../../../../wire/json/lossless.ts'
import type { TokenSource } from '../../sources/source.ts'
import type { Delivery, DeliveryHost } from '../delivery.ts'
import { writeFileAtomically } from '../file/atomic-file.ts'
import { resolveOwnership } from '../file/ownership.ts'
import { WrittenDelivery } from '../written-delivery.ts'
import type { TokenDeliveryConfig } from './config.ts'
import { readPublicKey, seal } from './sealing.ts'

/** A file with the token of a source, wrapped and encrypted as it is configured. */
export async function openTokenDelivery(
  name: string,
  config: TokenDeliveryConfig,
  host: DeliveryHost,
): Promise<Delivery> {
  const tokens = host.tokensOf(config.source)
  if (tokens === undefined) throw new Error(`${name}: the source ${config.source ?? ''} has no token`)
  const ownership = await resolveOwnership(config)
  let newest: string | undefined
  let following: Disposable | undefined
  const write = async () => {
    const bytes = await contentOf(newest!, config, tokens, host.signal)
    try {
      return await writeFileAtomically({ ...config, ...ownership, bytes, backup: false })
    } finally {
      bytes.fill(0)
    }
  }
  const delivery = new WrittenDelivery(
    {
      name,
      kind: 'token',
      target: config.path,
      renditions: () => [],
      says: `${config.path} was written`,
      waits: 'waits for the login',
      write,
      start: () => {
        following ??= tokens.follow(token => {
          newest = token
          delivery.wake()
        })
      },
      end: () => {
        following?.[Symbol.dispose]()
        newest = undefined
      },
    },
    host,
  )
  return delivery
}

async function contentOf(
  token: string,
  { wrapTtlMs, encrypt }: TokenDeliveryConfig,
  tokens: TokenSource,
  signal: AbortSignal,
): Promise<Uint8Array> {
  // JSON ends with a line, as Vault Agent's does; a bare token does not.
  const text =
    wrapTtlMs === undefined ? token : `${writeLossless(await tokens.wrap(token, wrapTtlMs, signal))}\n`
  const plain = Buffer.from(text)
  if (encrypt === undefined) return plain
  const { publicKeyFile, deriveKey, aad } = encrypt
  const reader = readPublicKey(await readFile(publicKeyFile, 'utf8'), publicKeyFile)
  try {
    return Buffer.from(`${seal(plain, reader, { deriveKey, ...(aad !== undefined && { aad }) })}\n`)
  } finally {
    plain.fill(0)
  }
}
