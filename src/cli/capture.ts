import type { Call } from './call.ts'
import { readPlan } from './capture/plan.ts'
import {
  apply,
  BACKENDS,
  type Backend,
  CaptureError,
  executeHere,
  findBackend,
  print,
  printRemoval,
  remove,
} from './capture/tool.ts'

const ACTIONS = ['apply', 'print', 'remove']

/** `outrigger capture` */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const [action = ''] = positionals
  const wrong = (message: string): number => {
    io.stderr.write(`outrigger capture: ${message}\nTry outrigger capture --help.\n`)
    return 2
  }
  if (!ACTIONS.includes(action) || positionals.length > 1) {
    const got = positionals.length === 0 ? 'nothing' : `"${positionals.join(' ')}"`
    return wrong(`expected apply, print or remove, got ${got}`)
  }
  const asked = String(values['backend'] ?? 'auto')
  if (asked !== 'auto' && !BACKENDS.includes(asked as Backend))
    return wrong(`--backend: expected auto, ${BACKENDS.join(', ')}, got "${asked}"`)
  const plan = readPlan(values)
  if (typeof plan === 'string') return wrong(plan)
  const execute = executeHere(call)
  try {
    if (action === 'print') {
      const backend = asked === 'auto' ? 'nft' : (asked as Backend)
      io.stdout.write(values['undo'] ? printRemoval(backend) : print(plan, backend))
      return 0
    }
    const backend = asked === 'auto' ? await findBackend(execute) : (asked as Backend)
    if (action === 'apply') await apply(plan, backend, execute)
    else await remove(backend, execute)
    io.stdout.write(`capture: ${action === 'apply' ? 'applied' : 'removed'} with ${backend}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error
    io.stderr.write(`outrigger capture ${action}: ${error.message}\n`)
    return 1
  }
}
