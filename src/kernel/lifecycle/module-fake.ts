import type { ConfiguredModule } from '../config/load.ts'
import { s } from '../config/schema.ts'
import type { Deadline, DrainReason, Health, Host } from '../module.ts'

export interface FakeModuleOptions {
  readonly needs?: readonly string[]
  readonly observes?: true
  /** What the module does beyond noting its life; may throw. */
  readonly start?: (config: string, host: Host) => void | Promise<void>
  readonly update?: (next: string) => boolean | Promise<boolean>
  readonly drain?: (deadline: Deadline, reason: DrainReason) => Promise<void>
  readonly health?: () => Health
}

/** For tests: a configured module that notes in `life` what happens to it: `+name(config)`, `~name(config)`, `.name` (drained), `-name(config)`. */
export function fakeModule(
  name: string,
  config: string,
  life: string[],
  options: FakeModuleOptions = {},
): ConfiguredModule {
  const { needs, observes, update, drain } = options
  return {
    config,
    fingerprint: config,
    module: {
      name,
      config: s.string({ about: 'Anything.' }),
      ...(needs && { needs }),
      ...(observes && { observes }),
      start: async (given: string, host: Host) => {
        let current = given
        host.scope.defer(() => void life.push(`-${name}(${current})`))
        await options.start?.(given, host)
        life.push(`+${name}(${given})`)
        return {
          offer: `${name}'s offer`,
          health: options.health ?? (() => ({ ready: true, state: 'ok' })),
          ...(update && {
            update: async (next: string) => {
              if (!(await update(next))) return false
              current = next
              life.push(`~${name}(${next})`)
              return true
            },
          }),
          drain: async (deadline: Deadline, reason: DrainReason) => {
            await drain?.(deadline, reason)
            life.push(`.${name}`)
          },
        }
      },
    },
  }
}
