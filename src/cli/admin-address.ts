import { parseAddress } from '../kernel/config/address.ts'
import type { Address } from '../kernel/module.ts'
import type { Call } from './call.ts'
import { configurationFiles, loadForCall } from './configuration.ts'

const DEFAULT_ADMIN = '127.0.0.1:4600'

/** Where a running sidecar is asked: --admin, else what the configuration says, else the default. */
export async function adminAddress(call: Call): Promise<{ address: Address } | { problem: string }> {
  const given = call.values['admin'] as string | undefined
  if (given !== undefined) {
    const address = parseAddress(given.replace(/^http:\/\/([^/]+)\/?$/, '$1'))
    return address
      ? { address }
      : { problem: `--admin: expected an address such as ${DEFAULT_ADMIN}, got "${given}"` }
  }
  if (configurationFiles(call).length === 0) return { address: parseAddress(DEFAULT_ADMIN)! }
  const loaded = await loadForCall(call)
  return loaded.ok ? { address: loaded.configuration.admin.listen } : { problem: loaded.report }
}
