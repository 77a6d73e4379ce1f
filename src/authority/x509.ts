import type { webcrypto } from 'node:crypto'

/**
 * The library that reads and makes certificates and requests: 21 MB of memory and 0.1 s, so it is loaded by
 * whoever issues certificates, and by nobody else.
 */
export async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  // Its dependency injection asks for this polyfill when it is loaded.
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

/** The one kind of key that is made here: ECDSA over P-256, signing with SHA-256. */
export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

/** 127 random bits that are not zero, as hexadecimal; RFC 5280 section 4.1.2.2. */
export function newSerial(): string {
  const bytes = crypto.getRandomValues(Buffer.alloc(16))
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return bytes.toString('hex')
}
