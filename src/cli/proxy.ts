import type { Call } from './call.ts'

const ACTIONS = {
  explain: () => import('./proxy/explain.ts'),
  tap: () => import('./proxy/tap.ts'),
} as const

/** `outrigger proxy` */
export async function run(call: Call): Promise<number> {
  const [action = ''] = call.positionals
  if (!Object.hasOwn(ACTIONS, action)) {
    const got = call.positionals.length === 0 ? 'nothing' : `"${call.positionals.join(' ')}"`
    const expected = Object.keys(ACTIONS).join(' or ')
    call.io.stderr.write(`outrigger proxy: expected ${expected}, got ${got}\nTry outrigger proxy --help.\n`)
    return 2
  }
  return (await ACTIONS[action as keyof typeof ACTIONS]()).run({
    ...call,
    positionals: call.positionals.slice(1),
  })
}
