import type { Host } from '../../../kernel/module.ts'
import type { ReactionConfig } from './config.ts'

/** What a reaction needs of the world. */
export type ReactionHost = Pick<Host, 'clock' | 'env' | 'supervision' | 'scope'>

/** What has changed, by the names of deliveries; never a value. */
export interface Change {
  readonly deliveries: readonly string[]
  /** Of the monotonic clock: when the last of them changed. */
  readonly atMs: number
}

/** Whether the application runs and may not have seen a change: one that started later has found what is new. */
export function concerns({ atMs }: Change, supervision: ReactionHost['supervision']): boolean {
  return supervision?.startedAtMs !== undefined && supervision.startedAtMs <= atMs
}

/** Does one thing, once. Rejects with a message for people; `signal` aborts when the module ends. */
export type React = (change: Change, signal: AbortSignal) => Promise<void>

/** Loads what the reaction needs. */
export async function openReaction(reaction: ReactionConfig, host: ReactionHost): Promise<React> {
  switch (reaction.kind) {
    case 'signal':
      return (await import('./signal.ts')).signalReaction(reaction.config, host)
    case 'command':
      return (await import('./command.ts')).commandReaction(reaction.config, host)
    case 'http':
      return (await import('./http.ts')).httpReaction(reaction.config, host)
    case 'restart':
      return (await import('./restart.ts')).restartReaction(reaction.config, host)
  }
}

/** Whether it is for the supervised application alone. */
export function isOfApplication(reaction: ReactionConfig): boolean {
  return reaction.kind === 'restart' || (reaction.kind === 'signal' && reaction.config.pidFile === undefined)
}

/** As it is called in messages and metrics. */
export function reactionName(reaction: ReactionConfig): string {
  switch (reaction.kind) {
    case 'signal':
      return `signal ${reaction.config.name}${reaction.config.pidFile === undefined ? '' : ` to ${reaction.config.pidFile}`}`
    case 'command':
      return `command ${reaction.config.run[0]}`
    case 'http':
      return `request ${reaction.config.method} ${new URL(reaction.config.url).origin}`
    case 'restart':
      return 'restart of the application'
  }
}
