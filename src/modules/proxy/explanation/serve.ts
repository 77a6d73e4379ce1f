import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { AdminRoutes } from '../../../kernel/module.ts'
import type { Explained } from './explanation.ts'
import type { Question } from './question.ts'

/** A question is a few lines; each answer compiles the routes anew. */
const MAX_BODY_BYTES = 64 * 1024
const MAX_AT_ONCE = 4

const HEADERS = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
}

const text = (about: string) => s.string({ about, optional: true })
const questionSchema = s.object(
  {
    line: s.string({ about: 'The request.', example: 'GET http://checkout/cart' }),
    headers: s.list(s.string({ about: 'A header such as `x-team: blue`.' }), {
      about: 'Its headers.',
      default: [],
    }),
    identity: text('The SPIFFE URI that the client proves.'),
    address: text('The IP address of the client.'),
    listener: text('The listener that it comes by.'),
  },
  { about: 'A request, as people write it.' },
)

/** Answers what a request would meet at this moment. POST, so that only this machine is answered. */
export function serveExplanations(
  admin: AdminRoutes,
  explain: (question: Question) => Promise<Explained>,
): void {
  let underWay = 0
  admin.post('/proxy/explain', 'What a request would meet now, and why', async (request, response) => {
    const answer = (status: number, value: unknown): void => {
      response.send(status, HEADERS, `${JSON.stringify(value)}\n`)
    }
    if (underWay >= MAX_AT_ONCE) {
      answer(503, { error: `${MAX_AT_ONCE} explanations are under way already` })
      return
    }
    underWay++
    try {
      const question = readBody((await request.body.bytes(MAX_BODY_BYTES)).toString())
      const explained = 'wrong' in question ? question : await explain(question)
      if ('wrong' in explained) answer(400, { error: explained.wrong })
      else answer(200, explained)
    } finally {
      underWay--
    }
  })
}

function readBody(body: string): Infer<typeof questionSchema> | { readonly wrong: string } {
  let input: unknown
  try {
    input = JSON.parse(body)
  } catch {
    return { wrong: 'expected a JSON object such as {"line": "GET http://checkout/cart"}' }
  }
  const decoded = questionSchema.decode(input)
  if (decoded.ok) return decoded.value
  const { path, message } = decoded.problems[0]!
  return { wrong: `${path.join('.')}: ${message}`.replace(/^: /, '') }
}
