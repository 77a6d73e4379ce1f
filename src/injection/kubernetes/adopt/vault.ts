import type { JsonObject } from '../../../manifests/json.ts'

const PREFIX = 'vault.hashicorp.com/'
const SECRET = 'agent-inject-secret-'
const PARTS = {
  template: 'agent-inject-template-',
  file: 'agent-inject-file-',
  perms: 'agent-inject-perms-',
} as const

/** The secrets that annotations of the Vault Agent Injector name, as one value; `keys` are those that went into it. */
export function vaultSecrets(
  annotations: JsonObject,
): { readonly word: string; readonly value: string; readonly keys: readonly string[] } | undefined {
  const keys: string[] = []
  const secrets: Record<string, string>[] = []
  for (const [key, path] of Object.entries(annotations)) {
    if (!key.startsWith(PREFIX + SECRET) || typeof path !== 'string') continue
    const name = key.slice(PREFIX.length + SECRET.length)
    // Names are written small unless the pod says otherwise.
    const keepsCase = annotations[`${PREFIX}preserve-secret-case`] === 'true'
    const secret: Record<string, string> = { name: keepsCase ? name : name.toLowerCase(), path }
    keys.push(key)
    for (const [part, beginning] of Object.entries(PARTS)) {
      const value = annotations[PREFIX + beginning + name]
      if (typeof value !== 'string') continue
      secret[part] = value
      keys.push(PREFIX + beginning + name)
    }
    secrets.push(secret)
  }
  if (secrets.length === 0) return undefined
  return { word: 'vault-agent.secrets', value: JSON.stringify(secrets), keys }
}
