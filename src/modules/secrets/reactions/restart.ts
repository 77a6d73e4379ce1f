import { concerns, type React, type ReactionHost } from './reaction.ts'

/** Ends the supervised application and starts it again, with the variables of now. */
export function restartReaction(
  { signal, graceMs }: { readonly signal: string; readonly graceMs: number },
  { supervision }: Pick<ReactionHost, 'supervision'>,
): React {
  return async change => {
    if (concerns(change, supervision)) await supervision?.restart(`SIG${signal}` as NodeJS.Signals, graceMs)
  }
}
