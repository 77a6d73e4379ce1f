import type { Call } from './call.ts'

const ACTIONS = {
  list: () => import('./catalog/list.ts'),
  show: () => import('./catalog/show.ts'),
  validate: () => import('./catalog/validate.ts'),
  diff: () => import('./catalog/diff.ts'),
} as const

/** `outrigger catalog` */
export async function run(call: Call): Promise<number> {
  const [action = '', ...names] = call.positionals
  if (!Object.hasOwn(ACTIONS, action)) {
    const got = action === '' ? 'nothing' : `"${action}"`
    call.io.stderr.write(
      `outrigger catalog: expected list, show, validate or diff, got ${got}\nTry outrigger catalog --help.\n`,
    )
    return 2
  }
  const { run: act } = await ACTIONS[action as keyof typeof ACTIONS]()
  return act(call, names)
}
