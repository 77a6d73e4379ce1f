import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** An issuer that signs as it is told. */
export interface Signer {
  readonly jwk: JWK
  sign(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
}

export async function signer(alg = 'ES256', kid: string | undefined = 'k1'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  const jwk = { ...(await exportJWK(publicKey as CryptoKey)), alg, ...(kid !== undefined && { kid }) }
  return {
    jwk,
    sign: (claims, header) => {
      const fields = { alg, ...(kid !== undefined && { kid }), ...header }
      return new SignJWT(claims).setProtectedHeader(fields).sign(privateKey)
    },
  }
}

/** The text of a key set. */
export function keySetText(...signers: readonly Signer[]): string {
  return JSON.stringify({ keys: signers.map(each => each.jwk) })
}

/** A token with any content at all. */
export function forged(header: unknown, claims: unknown, signature = 'c2ln'): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}
