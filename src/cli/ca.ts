import type { Call } from './call.ts'

const ACTIONS = {
  init: () => import('./ca/init.ts'),
  issue: () => import('./ca/issue.ts'),
  serve: () => import('./ca/serve.ts'),
} as const

/** `outrigger ca` */
export async function run(call: Call): Promise<number> {
  const [action = '', ...others] = call.positionals
  if (!Object.hasOwn(ACTIONS, action) || others.length > 0) {
    const got = call.positionals.length === 0 ? 'nothing' : `"${call.positionals.join(' ')}"`
    call.io.stderr.write(
      `outrigger ca: expected init, issue or serve, got ${got}\nTry outrigger ca --help.\n`,
    )
    return 2
  }
  const { mistake, run: act } = await ACTIONS[action as keyof typeof ACTIONS]()
  const wrong = mistake(call.values)
  if (wrong !== undefined) {
    call.io.stderr.write(`outrigger ca ${action}: ${wrong}\nTry outrigger ca --help.\n`)
    return 2
  }
  try {
    return await act(call)
  } catch (error) {
    call.io.stderr.write(`outrigger ca ${action}: ${(error as Error).message}\n`)
    return 1
  }
}
