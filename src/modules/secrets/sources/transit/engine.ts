import { JsonNumber, type LosslessJson } from '../../../../wire/json/lossless.ts'
import { type SecretSource, SourceFailure } from '../source.ts'

export interface TransitKey {
  readonly mount: string
  readonly key: string
  readonly context?: string | undefined
}

/** What became of one ciphertext: its plaintext, or why the server does not decrypt it. */
export type Decrypted = { readonly bytes: Buffer } | { readonly error: string }

/** As many as fit into a request with room to spare: servers take 32 MiB. */
const MAX_BATCH = 1000

/** Has a server decrypt, all in one request; in their order. Rejects with a SourceFailure when there is no answer at all. */
export async function decryptByTransit(
  server: SecretSource,
  { mount, key, context }: TransitKey,
  ciphertexts: readonly string[],
  signal: AbortSignal,
): Promise<Decrypted[]> {
  const path = `${mount.replace(/\/+$/, '')}/decrypt/${key}`
  const decrypted: Decrypted[] = []
  for (let start = 0; start < ciphertexts.length; start += MAX_BATCH) {
    const batch = ciphertexts.slice(start, start + MAX_BATCH)
    const items = batch.map(
      ciphertext =>
        new Map<string, LosslessJson>([
          ['ciphertext', ciphertext],
          ...(context === undefined ? [] : ([['context', context]] as const)),
        ]),
    )
    const write = new Map<string, LosslessJson>([
      ['batch_input', items],
      // Otherwise one bad ciphertext makes the answer one without words.
      ['partial_failure_response_code', new JsonNumber('200')],
    ])
    const { data } = await server.fetch({ path, write }, signal)
    const results = data.get('batch_results')
    if (!Array.isArray(results) || results.length !== batch.length)
      throw new SourceFailure('invalid', `${path}: the answer is not that of a transit engine`)
    decrypted.push(...results.map(resultOf))
  }
  return decrypted
}

function resultOf(result: unknown): Decrypted {
  const members = result instanceof Map ? result : new Map<unknown, unknown>()
  const error = members.get('error')
  if (typeof error === 'string' && error !== '') return { error }
  const plaintext = members.get('plaintext')
  if (typeof plaintext === 'string') return { bytes: Buffer.from(plaintext, 'base64') }
  return { error: 'the server gives no plaintext for it' }
}
