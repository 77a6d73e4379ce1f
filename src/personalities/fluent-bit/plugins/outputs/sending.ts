import type { NotationMap } from '../plugin.ts'
import type { Settings } from '../settings.ts'
import { milliseconds } from '../units.ts'

/** Where an output over HTTP sends: scheme by `tls`, host, port and path. */
export function urlOf(settings: Settings, host: string, port: number, path = ''): string {
  const name = settings.text('host') ?? host
  const secure = settings.boolean('tls') ?? false
  const number = settings.integer('port') ?? port
  const shown = name.includes(':') && !name.startsWith('[') ? `[${name}]` : name
  const slash = path === '' || path.startsWith('/') ? '' : '/'
  return `${secure ? 'https' : 'http'}://${shown}:${number}${slash}${path}`
}

/** Our `tls` of an output; nothing when the defaults hold. `secure`: whether it speaks TLS at all. */
export function tlsClientOf(settings: Settings, secure = settings.boolean('tls') ?? false): NotationMap {
  if (!secure) return {}
  const [ca, cert, key, serverName] = ['tls.ca_file', 'tls.crt_file', 'tls.key_file', 'tls.vhost'].map(name =>
    settings.text(name),
  )
  const verify = settings.boolean('tls.verify') ?? true
  const tls = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { serverName }),
    ...(!verify && { verify }),
  }
  return Object.keys(tls).length === 0 ? {} : { tls }
}

/** How long records wait for others. */
export function flushInterval(flushMs: number): string {
  return milliseconds(Math.max(10, flushMs))
}

/** A user with a password, under our names; both or none. */
export function userOf(
  settings: Settings,
  userKey = 'http_user',
  passwordKey = 'http_passwd',
): { readonly username?: string; readonly password?: string } {
  const username = settings.text(userKey)
  if (username === undefined) return {}
  return { username, password: settings.text(passwordKey) ?? '' }
}
