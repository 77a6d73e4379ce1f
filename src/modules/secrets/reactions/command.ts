import { programEnd } from '../program-end.ts'
import type { React, ReactionHost } from './reaction.ts'

/**
 * Runs a command in a process group of its own, and kills all of it when it takes too long. It is over when the
 * program itself has ended; what that has left behind in the background goes on, and holds nothing up.
 */
export function commandReaction(
  {
    run,
    timeoutMs,
    output,
  }: {
    readonly run: readonly string[]
    readonly timeoutMs: number
    readonly output: 'onFailure' | 'inherit'
  },
  { env }: Pick<ReactionHost, 'env'>,
): React {
  return async ({ deliveries }, signal) => {
    const { spawn } = await import('node:child_process')
    const [program, ...args] = run
    const child = spawn(program!, args, {
      detached: true,
      stdio: output === 'inherit' ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: { ...env, OUTRIGGER_CHANGED: deliveries.join(',') },
    })
    await programEnd(child, { program: program!, telling: [child.stdout, child.stderr], timeoutMs, signal })
  }
}
