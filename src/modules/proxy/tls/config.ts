import type { Problem } from '../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../kernel/config/schema.ts'
import { isTrustDomain } from '../../../wire/spiffe/identity.ts'
import { CLIENT_CERT_MODES } from './client-cert.ts'

const certificate = s.object(
  {
    cert: s.string({
      about: 'File with the certificate (PEM), its intermediates behind it.',
      example: '/etc/tls/tls.crt',
    }),
    key: s.string({ about: 'File with its private key (PEM).', example: '/etc/tls/tls.key' }),
    names: s.list(s.string({ about: 'A host name, or `*.` and the rest of it.' }), {
      about:
        'The server names (SNI) that it is shown for, instead of those that it was issued for. The first certificate is shown for every other name, too.',
      optional: true,
      minItems: 1,
      example: ['shop.example', '*.shop.example'],
    }),
  },
  { about: 'One certificate.' },
)

/** What a listener does about TLS. */
export const listenerTls = s.object(
  {
    mode: s.choice(['strict', 'permissive', 'off'], {
      about:
        'strict: TLS alone. permissive: TLS from those who speak it, plain from the others, for the time until every client does. off: plain alone, and the other settings rest.',
      default: 'strict',
    }),
    certificates: s.list(certificate, {
      about:
        'What the listener shows to clients; files are read again when they change, open connections go on. Without any it is the certificate of `proxy.identity`.',
      default: [],
    }),
    clients: s.choice(['none', 'request', 'require'], {
      about:
        'Whether clients are asked for a certificate. request: one that is shown is checked, and who has none comes in. require: who has none is refused. Unless given: require where the listener shows the identity of the sidecar, else none.',
      optional: true,
    }),
    ca: s.string({
      about:
        'File with the authorities (PEM) that issue the certificates of clients. Unless given those that `proxy.identity` trusts.',
      optional: true,
      example: '/etc/tls/clients.pem',
    }),
    trustDomain: s.string({
      about:
        'Clients must have a SPIFFE identity of this trust domain. Unless given the sidecar’s own, where the authorities are those of `proxy.identity`; with `ca` any name will do.',
      optional: true,
      example: 'example.org',
    }),
    minVersion: s.choice(['TLSv1.2', 'TLSv1.3'], {
      about: 'The oldest version that is spoken. Renegotiation never is.',
      default: 'TLSv1.2',
    }),
    handshakeTimeout: s.duration({
      about: 'How long a client may take for its handshake.',
      default: '10s',
      min: '100ms',
      max: '5m',
    }),
    maxHandshakes: s.integer({
      about: 'Handshakes at one time; connections above it are closed at once.',
      default: 1000,
      min: 1,
    }),
    forwardClientCert: s.choice(CLIENT_CERT_MODES, {
      about:
        'What becomes of X-Forwarded-Client-Cert, in the words of Envoy. sanitize: it is removed. sanitize_set: it says who this client is, and nothing else. append_forward: that is added to what a client with a certificate sent. forward_only: what a client with a certificate sent goes on as it is. always_forward_only: also what any other sent.',
      default: 'sanitize',
    }),
  },
  { about: 'Whether clients reach the listener by TLS. Without it connections are plain.', optional: true },
)

export type ListenerTlsConfig = NonNullable<Infer<typeof listenerTls>>

/** Which clients are asked for certificates. */
export function clientsOf({ clients, certificates }: ListenerTlsConfig): 'none' | 'request' | 'require' {
  return clients ?? (certificates.length === 0 ? 'require' : 'none')
}

/** Rules between the options. Paths begin at the listener's `tls`. */
export function checkListenerTls(config: ListenerTlsConfig, hasIdentity: boolean): Problem[] {
  const problems: Problem[] = []
  const { mode, certificates, ca, clients, trustDomain, forwardClientCert } = config
  const add = (path: Problem['path'], message: string, hint: string) => problems.push({ path, message, hint })
  if (mode === 'off') return problems
  if (certificates.length === 0 && !hasIdentity)
    add(
      [],
      'there is no certificate to show to clients',
      'name files under `certificates`, or give the sidecar an identity under `proxy.identity`',
    )
  const asks = clientsOf(config) !== 'none'
  if (asks && ca === undefined && !hasIdentity && certificates.length > 0)
    add(
      ['clients'],
      'there is no authority to check the certificates of clients by',
      'add `ca` with the file of its certificates',
    )
  if (!asks) {
    const idle = { ca, trustDomain }
    for (const key of ['ca', 'trustDomain'] as const)
      if (idle[key] !== undefined)
        add(
          [key],
          `has no effect: clients are ${clients === 'none' ? '' : 'by default '}not asked for certificates`,
          'set `clients` to request or require',
        )
    if (forwardClientCert === 'sanitize_set' || forwardClientCert === 'append_forward')
      add(
        ['forwardClientCert'],
        'there is nothing to tell: clients are not asked for certificates',
        'set `clients` to request or require',
      )
  }
  if (trustDomain !== undefined && !isTrustDomain(trustDomain))
    add(['trustDomain'], `${trustDomain} is no trust domain`, 'write it as in spiffe://TRUST-DOMAIN/…')
  for (const [index, { names = [] }] of certificates.entries())
    for (const [at, name] of names.entries())
      if (!/^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(name))
        add(
          ['certificates', index, 'names', at],
          `expected a host name, got ${name}`,
          'write shop.example or *.shop.example',
        )
  return problems
}
