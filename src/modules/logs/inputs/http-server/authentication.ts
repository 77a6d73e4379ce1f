import type { Infer, Secret } from '../../../../kernel/config/schema.ts'
import type { authFields } from './config.ts'

export type AuthConfig = Infer<typeof authFields>

/** Whether a request may come in, by its Authorization header. */
export type Authenticator = (authorization: string | undefined) => boolean

/**
 * Senders with one of the users' passwords (RFC 7617) or one of the tokens (RFC 6750) come in; everybody when neither is
 * configured. Takes equally long for every wrong guess.
 */
export function createAuthenticator(config: AuthConfig | undefined): Authenticator {
  const users = Object.entries(config?.users ?? {})
  const tokens = config?.tokens ?? []
  if (users.length === 0 && tokens.length === 0) return () => true
  const basic = new KnownSecrets(users.map(([name, password]) => `${name}:${password.reveal()}`))
  const bearer = new KnownSecrets(tokens.map((token: Secret) => token.reveal()))
  return authorization => {
    const [, scheme = '', credentials = ''] = /^([a-z]+) +(\S+) *$/i.exec(authorization ?? '') ?? []
    switch (scheme.toLowerCase()) {
      case 'basic':
        return basic.has(Buffer.from(credentials, 'base64').toString('utf8'))
      case 'bearer':
      // What Elasticsearch's clients call their tokens.
      case 'apikey':
        return bearer.has(credentials)
      default:
        return false
    }
  }
}

/** Texts of which only digests are kept and compared, each time all of them: the time says nothing of what was close. */
export class KnownSecrets {
  readonly #digests: readonly Buffer[]

  constructor(secrets: readonly string[]) {
    this.#digests = secrets.map(digest)
  }

  get size(): number {
    return this.#digests.length
  }

  has(text: string): boolean {
    const { timingSafeEqual } = process.getBuiltinModule('node:crypto')
    const asked = digest(text)
    let found = false
    for (const known of this.#digests) if (timingSafeEqual(known, asked)) found = true
    return found
  }
}

function digest(text: string): Buffer {
  return process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest()
}
