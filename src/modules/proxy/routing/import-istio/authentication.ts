import { leavePlace } from './authorization-policy.ts'
import type { Section } from './section.ts'

const MODES: Readonly<Record<string, string>> = { STRICT: 'strict', PERMISSIVE: 'permissive', DISABLE: 'off' }

/** `tls` of the listener for what comes in, of a PeerAuthentication. */
export function peerTls(spec: Section): { readonly mode: string } | undefined {
  leavePlace(spec)
  spec.leave('portLevelMtls', 'is not carried over: give the listener of that port its own tls.mode')
  const mtls = spec.section('mtls')
  const mode = mtls?.text('mode') ?? 'UNSET'
  mtls?.end()
  const ours = MODES[mode]
  if (ours === undefined) spec.tell(`${mode} is not carried over: it means what the mesh is set to`, 'mtls')
  spec.end()
  return ours === undefined ? undefined : { mode: ours }
}

/** `access.jwt`, of a RequestAuthentication. */
export function jwtOf(spec: Section): {
  readonly issuers: object[]
  readonly from: object[]
  forward: boolean
} {
  leavePlace(spec)
  const from: object[] = []
  let forward = false
  const issuers = spec.sections('jwtRules').flatMap(rule => {
    forward = rule.take('forwardOriginalToken') === true || forward
    for (const header of rule.sections('fromHeaders')) {
      const name = header.text('name') ?? 'Authorization'
      const prefix = header.text('prefix')
      if (prefix !== undefined && !(name.toLowerCase() === 'authorization' && prefix === 'Bearer '))
        header.tell(`${name} with the prefix "${prefix}" is not carried over`, 'prefix')
      else from.push({ header: name })
      header.end()
    }
    for (const name of rule.texts('fromParams')) from.push({ query: name })
    for (const name of rule.texts('fromCookies')) from.push({ cookie: name })
    const issuer = rule.text('issuer') ?? ''
    const url = rule.text('jwksUri')
    const audiences = rule.texts('audiences')
    const headers = Object.fromEntries(
      rule.sections('outputClaimToHeaders').map(item => [item.text('header'), item.text('claim')]),
    )
    rule.leave('jwks', 'is not carried over: write it to a file, and name that as keys.file')
    if (url === undefined)
      rule.tell('needs the place of its keys: keys are not looked for at the issuer', 'jwksUri')
    rule.end()
    return {
      issuer,
      keys: url === undefined ? { file: '/etc/outrigger/jwks.json' } : { url },
      ...(audiences.length > 0 && { audiences }),
      ...(Object.keys(headers).length > 0 && { headers }),
    }
  })
  spec.end()
  return { issuers, from, forward }
}
