import { systemClock } from '../../kernel/clock/system.ts'
import { formatAddress } from '../../kernel/config/address.ts'
import type { Address } from '../../kernel/module.ts'
import type { ProxyConfig } from '../../modules/proxy/config.ts'
import type { Explained } from '../../modules/proxy/explanation/explanation.ts'
import type { Question } from '../../modules/proxy/explanation/question.ts'
import { adminAddress } from '../admin-address.ts'
import { ADMIN_HOST, adminClient, errorOf } from '../admin-client.ts'
import type { Call } from '../call.ts'
import { loadForCall } from '../configuration.ts'

const MAX_ANSWER_BYTES = 4 * 1024 * 1024
/** The keys of a token's issuer may have to be fetched first. */
const ANSWER_TIMEOUT_MS = 15_000

/** `outrigger proxy explain 'GET http://checkout/cart'`: 0 = it would be answered, 1 = no route, or access denied. */
export async function run(call: Call): Promise<number> {
  const { io, values, positionals } = call
  const fail = (message: string, code = 2) => {
    io.stderr.write(`outrigger proxy explain: ${message}\n`)
    return code
  }
  const [line, ...more] = positionals
  if (line === undefined || more.length > 0)
    return fail("expected one request in quotes, such as 'GET http://checkout/cart'")
  const question = questionOf(call, line)
  const isLive = values['live'] === true || values['admin'] !== undefined
  const answer = isLive ? await ask(call, question) : await fromFile(call, question)
  if ('report' in answer) {
    io.stderr.write(answer.report)
    return 2
  }
  if ('failure' in answer) return fail(answer.failure, 1)
  if ('wrong' in answer) return fail(answer.wrong)
  const { explanationLines } = await import('../../modules/proxy/explanation/lines.ts')
  io.stdout.write(
    values['json'] === true
      ? `${JSON.stringify(answer, null, 2)}\n`
      : `${explanationLines(answer).join('\n')}\n`,
  )
  return answer.passes ? 0 : 1
}

function questionOf({ values }: Call, line: string): Question {
  const text = (name: string) => values[name] as string | undefined
  const [identity, address, listener] = [text('identity'), text('address'), text('listener')]
  return {
    line,
    headers: (values['header'] as readonly string[] | undefined) ?? [],
    ...(identity !== undefined && { identity }),
    ...(address !== undefined && { address }),
    ...(listener !== undefined && { listener }),
  }
}

async function fromFile(call: Call, question: Question): Promise<Explained | { readonly report: string }> {
  const loaded = await loadForCall(call)
  if (!loaded.ok) return loaded
  const configured = loaded.configuration.modules.get('proxy')
  if (configured === undefined) return { wrong: 'the configuration has no proxy' }
  const { explainRequest } = await import('../../modules/proxy/explanation/explanation.ts')
  return explainRequest(configured.config as ProxyConfig, question, systemClock())
}

type Asked = Explained | { readonly failure: string }

async function ask(call: Call, question: Question): Promise<Asked> {
  const admin = await adminAddress(call)
  if ('problem' in admin) return { wrong: admin.problem }
  try {
    return await post(admin.address, question)
  } catch (error) {
    return { failure: (error as Error).message }
  }
}

async function post(address: Address, question: Question): Promise<Asked> {
  const client = adminClient(address)
  try {
    const { status, body } = await client.request({
      method: 'POST',
      path: '/proxy/explain',
      headers: ADMIN_HOST,
      body: Buffer.from(JSON.stringify(question)),
      timeoutMs: ANSWER_TIMEOUT_MS,
    })
    const answer = (await body.bytes(MAX_ANSWER_BYTES)).toString()
    if (status === 200) return JSON.parse(answer)
    if (status === 404) return { failure: `the sidecar at ${formatAddress(address)} runs no proxy` }
    return status === 400 ? { wrong: errorOf(answer) } : { failure: errorOf(answer) }
  } finally {
    client.close()
  }
}
