import { relative } from 'node:path'
import { openAuthority } from '../../authority/authority.ts'
import { readAuthority, writePrivateFiles } from '../../authority/folder.ts'
import { issueWithKey } from '../../authority/own-certificate.ts'
import { workloadId } from '../../wire/spiffe/identity.ts'
import type { Call } from '../call.ts'
import { dnsNames, folderOf, lifetimeMs, optionMistake, type Values } from './values.ts'

export function mistake(values: Values): string | undefined {
  return optionMistake(values, ['ns', 'sa', 'out'], ['ca', 'dns', 'ttl'])
}

/** `outrigger ca issue` */
export async function run(call: Call): Promise<number> {
  const { io, values } = call
  const authority = await openAuthority({ clock: Date, ...(await readAuthority(folderOf(call, 'ca', 'ca'))) })
  const identity = workloadId(authority.trustDomain, String(values['ns']), String(values['sa']))
  const issued = await issueWithKey(authority, identity, dnsNames(values), lifetimeMs(values)!)
  const paths = await writePrivateFiles(
    folderOf(call, 'out'),
    new Map([
      ['tls.key', issued.key],
      ['tls.crt', issued.chain],
      ['ca.crt', authority.trustBundle],
    ]),
  )
  const expires = new Date(issued.notAfterMs).toISOString()
  io.stdout.write(`issued ${identity.uri}, serial ${issued.serial}, until ${expires}\n`)
  for (const path of paths) io.stdout.write(`  ${relative(io.cwd, path) || path}\n`)
  return 0
}
