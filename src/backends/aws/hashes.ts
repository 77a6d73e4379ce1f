import type { Hashes } from '../../wire/sigv4/sign.ts'

/** The hash functions of the runtime. `node:crypto` is loaded here and not before. */
export function nodeHashes(): Hashes {
  const { createHmac, hash } = process.getBuiltinModule('node:crypto')
  return {
    sha256Hex: data => hash('sha256', data, 'hex'),
    hmacSha256: (key, data) => createHmac('sha256', key).update(data).digest(),
  }
}
