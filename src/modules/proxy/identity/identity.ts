import type { CertificateSource } from '../../../http/tls/certificate.ts'
import type { Health, Host } from '../../../kernel/module.ts'
import { parseSpiffeId, type SpiffeId, workloadId } from '../../../wire/spiffe/identity.ts'
import { authorityClient } from './authority-client.ts'
import { certificateHealth } from './certificate-health.ts'
import type { IdentityConfig } from './config.ts'
import { fileCertificates } from './file-certificates.ts'
import { type IssuedCertificates, issuedCertificates } from './issued-certificates.ts'
import { readPem } from './pem-file.ts'
import { readToken } from './token-file.ts'

const TOKEN_OPTION = 'identity.authority.tokenFile'

/** Who the sidecar is at present. */
export interface Identity extends CertificateSource {
  /** Whether the configuration gives the sidecar one; where not, there never is a certificate. */
  readonly isConfigured: boolean
  /** That of its SPIFFE ID; undefined when it has none, or none yet. */
  readonly trustDomain: string | undefined
  health(): Health
  /** Asks for the next certificate now; resolves with why there is none, undefined when there is. */
  renew(): Promise<string | undefined>
}

export type IdentityHost = Pick<Host, 'clock' | 'log' | 'metrics' | 'scope' | 'signal'>

/**
 * The sidecar's identity by its configuration. Files must do at once: it rejects with the option that does not. An
 * authority may be away: the identity then comes later, and until then the sidecar is not ready.
 */
export function openIdentity(config: IdentityConfig, host: IdentityHost): Promise<Identity> {
  return config.kind === 'files' ? fromFiles(config.config, host) : fromAuthority(config.config, host)
}

type Config<Kind extends IdentityConfig['kind']> = Extract<IdentityConfig, { kind: Kind }>['config']

async function fromFiles(config: Config<'files'>, host: IdentityHost): Promise<Identity> {
  const cell = await fileCertificates(config, host)
  return {
    isConfigured: true,
    current: () => cell.current(),
    onChange: call => cell.onChange(call),
    get trustDomain() {
      return parseSpiffeId(cell.current().identity ?? '')?.trustDomain
    },
    health: () => certificateHealth('of the identity', cell.current(), host.clock.now()),
    renew: async () => 'it comes from files, which are read again when they change',
  }
}

async function fromAuthority(config: Config<'authority'>, host: IdentityHost): Promise<Identity> {
  const { url, ca, tokenFile, dnsNames } = config
  const sign = authorityClient({
    url: new URL(url),
    trustBundle: await readPem(ca, 'identity.authority.ca', 'CERTIFICATE'),
    token: () => readToken(tokenFile, TOKEN_OPTION),
    clock: host.clock,
  })
  const token = await readToken(tokenFile, TOKEN_OPTION)
  const id =
    config.id === undefined ? accountId(token, config.trustDomain!, tokenFile) : parseSpiffeId(config.id)!
  return new Awaited(id.trustDomain, url, issuedCertificates({ identity: id, dnsNames, sign }, host))
}

const ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/

/** Of the service account whose token it is. That it is genuine is for the authority to find out. */
function accountId(token: string, trustDomain: string, file: string): SpiffeId {
  let subject: unknown
  try {
    subject = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()).sub
  } catch {}
  const [, namespace, account] = ACCOUNT.exec(typeof subject === 'string' ? subject : '') ?? []
  if (namespace === undefined || account === undefined)
    throw new TypeError(
      `identity.authority.tokenFile: ${file} holds no token of a Kubernetes service account; give identity.authority.id instead of trustDomain`,
    )
  return workloadId(trustDomain, namespace, account)
}

/** Certificates of an authority, from before there is a first one. */
class Awaited implements Identity {
  readonly isConfigured = true
  readonly trustDomain: string
  readonly #url: string
  readonly #calls = new Set<() => void>()
  #source: IssuedCertificates | undefined

  constructor(trustDomain: string, url: string, issued: Promise<IssuedCertificates>) {
    this.trustDomain = trustDomain
    this.#url = url
    issued.then(
      source => {
        this.#source = source
        source.onChange(() => this.#changed())
        this.#changed()
      },
      // Rejects only when the module stops.
      () => {},
    )
  }

  current() {
    return this.#source?.current()
  }

  onChange(call: () => void): () => void {
    const entry = () => call()
    this.#calls.add(entry)
    return () => void this.#calls.delete(entry)
  }

  health(): Health {
    return (
      this.#source?.health() ?? {
        ready: false,
        state: 'degraded',
        message: `waits for its first certificate of ${this.#url}; the log says what became of each try`,
      }
    )
  }

  async renew(): Promise<string | undefined> {
    return this.#source === undefined ? 'it is being asked for already' : this.#source.renew()
  }

  #changed(): void {
    for (const call of [...this.#calls]) call()
  }
}
