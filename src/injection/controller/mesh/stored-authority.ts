import { type Authority, openAuthority } from '../../../authority/authority.ts'
import { createAuthority, type Signer } from '../../../authority/root.ts'

/** Where the replicas of a controller keep their one authority. */
export interface AuthorityStore {
  /** undefined: there is none yet. */
  read(): Promise<Signer | undefined>
  /** False: somebody has made one in the meantime. */
  create(root: Signer): Promise<boolean>
}

/**
 * The authority of the store; the first replica that comes makes it, and all of them use what the store has then.
 * Throws for one of another trust domain: certificates that are in use would be good no more.
 */
export async function storedAuthority(
  store: AuthorityStore,
  { trustDomain, clock }: { readonly trustDomain: string; readonly clock: { now(): number } },
): Promise<Authority> {
  let root = await store.read()
  if (root === undefined) {
    const made = await createAuthority({ trustDomain, nowMs: clock.now() })
    await store.create(made.root)
    root = await store.read()
  }
  if (root === undefined) throw new Error('the authority that was stored cannot be read')
  const authority = await openAuthority({ clock, rootCertificate: root.certificate, signer: root })
  if (authority.trustDomain !== trustDomain)
    throw new Error(
      `the stored authority is of the trust domain ${authority.trustDomain}, not ${trustDomain}; give that, or remove the Secret and start every sidecar anew`,
    )
  return authority
}
