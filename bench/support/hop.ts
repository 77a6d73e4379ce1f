import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificates } from '../../src/http/certificates-fake.ts'
import { ownFolder } from './programs.ts'

/** What is spoken on one side of a proxy. http2 is HTTP/2 without TLS, by prior knowledge. */
export type Speech = 'http1' | 'http2' | 'tls' | 'mtls' | 'tcp'

/** One proxy: where it takes connections, where it forwards to, and what it speaks on both sides. */
export interface Hop {
  readonly port: number
  readonly backendPort: number
  readonly from: Speech
  readonly to: Speech
}

/** Paths of PEM files, for whatever a hop needs. */
export interface Certificates {
  readonly folder: string
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

/** Made anew for each run of the bench; ECDSA P-256. */
export function certificateFiles(): Certificates {
  const folder = ownFolder('certificates')
  mkdirSync(folder, { recursive: true })
  const made = makeCertificates(folder)
  const pair = (name: 'server' | 'client') => {
    // HAProxy reads certificate and key from one file.
    writeFileSync(join(folder, `${name}-both.pem`), made[name].cert + made[name].key)
    return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) }
  }
  return { folder, ca: join(folder, 'ca.pem'), server: pair('server'), client: pair('client') }
}
