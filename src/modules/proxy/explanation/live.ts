import { type Infer, s } from '../../../kernel/config/schema.ts'
import type { ProxyConfig } from '../config.ts'
import { type Explained, explain, type Scenery } from './explanation.ts'

const text = (about: string) => s.string({ about, optional: true })
const question = s.object(
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

/** Explains the question in a body of JSON by what runs now. Loaded when somebody asks. */
export async function explainLive(
  body: string,
  config: ProxyConfig,
  scenery: Omit<Scenery, 'isLive'>,
): Promise<Explained> {
  const asked = readQuestion(body)
  return 'wrong' in asked ? asked : explain(config, asked, { ...scenery, isLive: true })
}

function readQuestion(body: string): Infer<typeof question> | { readonly wrong: string } {
  let input: unknown
  try {
    input = JSON.parse(body)
  } catch {
    return { wrong: 'expected a JSON object such as {"line": "GET http://checkout/cart"}' }
  }
  const decoded = question.decode(input)
  if (decoded.ok) return decoded.value
  const { path, message } = decoded.problems[0]!
  return { wrong: path.length === 0 ? message : `${path.join('.')}: ${message}` }
}
