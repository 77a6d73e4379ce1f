import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestAuthority } from '../../../authority/authority-fake.ts'

/** For tests: writes the files of an identity of the namespace `shop`, by the name of its account; gives the configuration that names them. */
export async function identityFiles(
  folder: string,
  account: string,
  ours: TestAuthority,
  issuer = ours,
): Promise<{ files: Record<'cert' | 'key' | 'ca', string> }> {
  const { chain, key } = await issuer.pair(account, { names: [`${account}.shop.svc`] })
  const at = (part: string) => join(folder, `${account}.${part}`)
  await writeFile(at('crt'), chain)
  await writeFile(at('key'), key)
  await writeFile(at('ca'), ours.authority.trustBundle)
  return { files: { cert: at('crt'), key: at('key'), ca: at('ca') } }
}

/** The SPIFFE ID of such an account. */
export function spiffeOf(account: string): string {
  return `spiffe://example.org/ns/shop/sa/${account}`
}
