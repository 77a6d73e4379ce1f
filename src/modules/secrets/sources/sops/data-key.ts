import type { LosslessJson } from '../../../../wire/json/lossless.ts'
import { combineShares } from '../../../../wire/sops/shares.ts'
import { DocumentError } from '../document.ts'
import { SourceFailure } from '../source.ts'
import { SopsError } from './decrypt.ts'

export type KeyEntry = ReadonlyMap<string, LosslessJson>

/** Opens the copy of a data key that lies in an entry of the file. Rejects with a SourceFailure or a DocumentError. */
export type KeyOpener = (entry: KeyEntry) => Promise<Uint8Array>

/** By the name that SOPS has for the kind of key, in the order in which they are tried. */
export type KeyOpeners = Readonly<Record<'age' | 'hc_vault' | 'kms', KeyOpener>>

const DATA_KEY_BYTES = 32

const NOT_READ: Readonly<Record<string, string>> = {
  pgp: 'PGP',
  gcp_kms: 'Google Cloud KMS',
  azure_kv: 'Azure Key Vault',
  hckms: 'Huawei Cloud KMS',
}

type Failure = SourceFailure | DocumentError

/**
 * The key of all values: what any key of the one group opens, or what the shares of enough groups give. Rejects with the
 * failure that is most worth a next try; its message tells of every key that was tried.
 */
export async function dataKeyOf(metadata: KeyEntry, openers: KeyOpeners): Promise<Uint8Array> {
  const groups = entriesOf(metadata.get('key_groups'))
  const failures: Failure[] = []
  if (groups.length === 0) {
    const key = await openedBy(metadata, openers, failures)
    if (key?.length === DATA_KEY_BYTES) return key
    throw noKey('', failures)
  }
  const needed = Number(String(metadata.get('shamir_threshold') ?? groups.length)) || groups.length
  const shares: Uint8Array[] = []
  for (const group of groups) {
    const share = await openedBy(group, openers, failures)
    if (share !== undefined) shares.push(share)
    if (shares.length < needed) continue
    const key = shares.length === 1 ? shares[0] : combineShares(shares)
    if (key?.length === DATA_KEY_BYTES) return key
    throw new SopsError('the shares of its key do not fit together')
  }
  throw noKey(` of ${needed} groups of keys, and ours open ${shares.length}`, failures)
}

/** What the first of a group's keys that can be used opens. */
async function openedBy(
  group: KeyEntry,
  openers: KeyOpeners,
  failures: Failure[],
): Promise<Uint8Array | undefined> {
  for (const [kind, open] of Object.entries(openers)) {
    for (const entry of entriesOf(group.get(kind))) {
      try {
        return await open(entry)
      } catch (error) {
        if (!(error instanceof SourceFailure || error instanceof DocumentError)) throw error
        failures.push(error)
      }
    }
  }
  for (const [kind, name] of Object.entries(NOT_READ))
    if (entriesOf(group.get(kind)).length > 0)
      failures.push(
        new SopsError(
          `keys of ${name} are not read here: add one of age, AWS KMS or Vault (sops rotate -i --add-age age1… FILE)`,
        ),
      )
  return undefined
}

function noKey(what: string, failures: readonly Failure[]): Error {
  const told = [...new Set(failures.map(({ message }) => message))].slice(0, 4).join('; ')
  const passing = failures.find(({ reason }) => reason === 'unavailable' || reason === 'sealed')
  const message = `it cannot be opened${what === '' ? '' : `: it is made for shares${what}`}: ${told || 'it is made for no key'}`
  return new DocumentError(message, passing?.reason ?? 'forbidden', passing ?? failures[0])
}

function entriesOf(list: LosslessJson | undefined): KeyEntry[] {
  return Array.isArray(list) ? list.filter(entry => entry instanceof Map) : []
}
