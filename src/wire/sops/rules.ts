import type { LosslessJson } from '../json/lossless.ts'

/** Which values of a file are encrypted. At most one of the settings is given. */
export type SopsRule = (keys: readonly string[]) => boolean | 'marked'

/** By a pattern in the syntax of Go; tests without a limit of time are the caller's to avoid. */
export type PatternTest = (pattern: string) => (text: string) => boolean

/**
 * By the settings in the file's metadata (SOPS, "Encrypting only parts of a file"). `marked`: what looks encrypted is,
 * because comments decide, which are not kept.
 */
export function sopsRule(metadata: ReadonlyMap<string, LosslessJson>, test: PatternTest): SopsRule {
  const setting = (name: string) => {
    const value = metadata.get(name)
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  if (setting('encrypted_comment_regex') ?? setting('unencrypted_comment_regex')) return () => 'marked'
  const encryptedSuffix = setting('encrypted_suffix')
  if (encryptedSuffix !== undefined) return keys => keys.some(key => key.endsWith(encryptedSuffix))
  const encryptedRegex = setting('encrypted_regex')
  if (encryptedRegex !== undefined) {
    const matches = test(encryptedRegex)
    return keys => keys.some(matches)
  }
  const unencryptedRegex = setting('unencrypted_regex')
  if (unencryptedRegex !== undefined) {
    const matches = test(unencryptedRegex)
    return keys => !keys.some(matches)
  }
  const unencryptedSuffix = setting('unencrypted_suffix')
  return keys => unencryptedSuffix === undefined || !keys.some(key => key.endsWith(unencryptedSuffix))
}
