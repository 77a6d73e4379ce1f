import type { Call } from './call.ts'

const ACTIONS = {
  init: () => import('./secrets/init.ts'),
  set: () => import('./secrets/set.ts'),
  get: () => import('./secrets/get.ts'),
  list: () => import('./secrets/list.ts'),
  delete: () => import('./secrets/delete.ts'),
  undelete: () => import('./secrets/undelete.ts'),
  history: () => import('./secrets/history.ts'),
  rotate: () => import('./secrets/rotate.ts'),
  import: () => import('./secrets/import.ts'),
  status: () => import('./secrets/status.ts'),
  explain: () => import('./secrets/explain.ts'),
  render: () => import('./secrets/render.ts'),
} as const

/** `outrigger secrets` */
export async function run(call: Call): Promise<number> {
  const [action = ''] = call.positionals
  const { stderr } = call.io
  if (!Object.hasOwn(ACTIONS, action)) {
    const got = action === '' ? 'nothing' : `"${action}"`
    const expected = Object.keys(ACTIONS)
      .join(', ')
      .replace(/, (\w+)$/, ' or $1')
    stderr.write(`outrigger secrets: expected ${expected}, got ${got}\nTry outrigger secrets --help.\n`)
    return 2
  }
  const { mistake, run: act } = await ACTIONS[action as keyof typeof ACTIONS]()
  const inner = { ...call, positionals: call.positionals.slice(1) }
  const wrong = mistake(inner)
  if (wrong !== undefined) {
    stderr.write(`outrigger secrets ${action}: ${wrong}\nTry outrigger secrets --help.\n`)
    return 2
  }
  try {
    return await act(inner)
  } catch (error) {
    stderr.write(`outrigger secrets ${action}: ${(error as Error).message}\n`)
    return 1
  }
}
