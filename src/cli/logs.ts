import type { Call } from './call.ts'

const ACTIONS = {
  replay: () => import('./logs/replay.ts'),
  tail: () => import('./logs/tail.ts'),
  test: () => import('./logs/test.ts'),
} as const

/** `outrigger logs` */
export async function run(call: Call): Promise<number> {
  const [action = ''] = call.positionals
  if (call.values['store'] !== undefined || !Object.hasOwn(ACTIONS, action))
    return (await import('./logs/search.ts')).run(call)
  return (await ACTIONS[action as keyof typeof ACTIONS]()).run({
    ...call,
    positionals: call.positionals.slice(1),
  })
}
