import { type Family, fixed, variadic } from './define.ts'
import { goTime } from './time.ts'

/** What templates see of the process. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the wall clock, in milliseconds since 1970. */
  readonly now: () => number
}

/** The environment and the time. */
export function surroundingFunctions({ env, now }: Surroundings): Family {
  return [
    fixed('env', ['string'], (name: string) => env[name] ?? ''),
    fixed('mustEnv', ['string'], (name: string) => {
      const value = env[name]
      if (value === undefined) throw new Error(`environment variable ${name} must exist`)
      return value
    }),
    fixed('envOrDefault', ['string', 'string'], (name: string, otherwise: string) => env[name] ?? otherwise),
    variadic('timestamp', ['string'], (...given: string[]) => {
      const [layout] = given
      if (given.length > 1)
        throw new Error(`timestamp: wrong number of arguments, expected 0 or 1, but got ${given.length}`)
      if (layout === 'unix') return String(Math.floor(now() / 1000))
      return goTime(layout === undefined || layout === '' ? '2006-01-02T15:04:05Z07:00' : layout, now())
    }),
  ]
}
