import type { Json, JsonObject } from '../../../manifests/json.ts'

const PREFIX = 'vault.hashicorp.com/'
const SECRET = `${PREFIX}agent-inject-secret-`
const FILE = `${PREFIX}agent-inject-file-`

export interface VaultSecrets {
  /** Of the parameter of vault-agent, as JSON. */
  readonly value: string
  /** The annotations that went into it. */
  readonly keys: readonly string[]
}

/** The secrets that annotations of the Vault Agent Injector name; templates are not among what is understood. */
export function vaultSecrets(annotations: JsonObject): VaultSecrets | undefined {
  const keys: string[] = []
  const secrets: Json[] = []
  for (const [key, path] of Object.entries(annotations)) {
    if (!key.startsWith(SECRET) || typeof path !== 'string') continue
    const name = key.slice(SECRET.length)
    const file = annotations[FILE + name]
    keys.push(key)
    if (typeof file === 'string') keys.push(FILE + name)
    // KV 2 has /data/ behind its mount, and its values one level deeper than other engines.
    const kv = /^[^/]+\/data\//.test(path) ? {} : { kv: 1 }
    secrets.push({ file: typeof file === 'string' ? file : nameOf(name, annotations), path, ...kv })
  }
  return secrets.length === 0 ? undefined : { value: JSON.stringify(secrets), keys }
}

/** Names are written small unless the pod says otherwise. */
function nameOf(name: string, annotations: JsonObject): string {
  const keepsCase = [`${PREFIX}preserve-secret-case`, `${PREFIX}preserve-secret-case-${name}`]
  return keepsCase.some(key => annotations[key] === 'true') ? name : name.toLowerCase()
}
