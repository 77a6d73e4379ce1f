import assert from 'node:assert/strict'
import { test } from 'node:test'
import { route } from '../routed-fake.ts'
import { selectServedRoutes } from './select-routes.ts'

const proxy = {
  namespace: 'shop',
  listeners: [
    { listen: '127.0.0.1:1', upstream: 'nobody-minds' },
    { listen: '127.0.0.1:80', routed: { gateway: 'public', section: 'http' } },
  ],
}
const gateway = (more: object = {}) => ({ name: 'public', ...more })

type Shape = Partial<Parameters<typeof route>[0]> & { readonly namespace?: string }

function documentOf({ namespace, rules = [], ...shape }: Shape): Record<string, unknown> {
  const document = route({ rules, ...shape }) as { metadata: object }
  return { ...document, metadata: { ...document.metadata, ...(namespace !== undefined && { namespace }) } }
}

const skipped: [what: string, shape: Shape, told: string][] = [
  [
    'of another Gateway',
    { parents: [{ name: 'edge' }] },
    'HTTPRoute checkout is skipped: no listener is routed by Gateway shop/edge',
  ],
  [
    'of a Gateway of nearly this name, and it is told which may be meant',
    { parents: [{ name: 'publik' }] },
    'HTTPRoute checkout is skipped: no listener is routed by Gateway shop/publik; did you mean shop/public?',
  ],
  [
    'of a Gateway of this name elsewhere',
    { namespace: 'operations', parents: [gateway()] },
    'HTTPRoute operations/checkout is skipped: no listener is routed by Gateway operations/public',
  ],
  [
    'of another listener of the Gateway',
    { parents: [gateway({ sectionName: 'https' }), gateway({ port: 443 })] },
    'HTTPRoute checkout is skipped: no listener is routed by Gateway shop/public',
  ],
  [
    'that the workloads of a third namespace made for themselves',
    { namespace: 'ops', parents: [{ kind: 'Service', name: 'mail', namespace: 'post' }] },
    "HTTPRoute ops/checkout is skipped: Service post/mail is neither of the route's namespace nor is the sidecar",
  ],
  [
    'of a kind that no listener takes',
    { kind: 'TCPRoute', parents: [gateway()] },
    'TCPRoute checkout is skipped: the listeners that it is attached to take no TCPRoute',
  ],
  [
    'of something else',
    { parents: [{ kind: 'ListenerSet', name: 'public' }] },
    'HTTPRoute checkout is skipped: no listener is routed by ListenerSet shop/public',
  ],
]
for (const [what, shape, told] of skipped)
  test(`a route is skipped ${what}`, () => {
    const [selection] = selectServedRoutes(proxy)(documentOf(shape))
    assert.equal(selection!.skipped, told)
  })

const taken: [what: string, document: Record<string, unknown>, config?: object][] = [
  ['of the Gateway', documentOf({ parents: [{ name: 'edge' }, gateway({ namespace: 'shop' })] })],
  [
    'of a Service of its own namespace',
    documentOf({ namespace: 'post', parents: [{ kind: 'Service', name: 'mail' }] }),
  ],
  ['without parents, which the schema refuses', documentOf({ parents: [] })],
  ['with a parent that is none, which the schema refuses', documentOf({ parents: [{ nam: 'edge' }] })],
  ['where no listener is routed, which is a mistake', documentOf({}), { listeners: [proxy.listeners[0]] }],
  [
    'where the listeners are no good',
    documentOf({ parents: [{ name: 'edge' }] }),
    { listeners: [{ listen: 7, routed: {} }] },
  ],
  ['where there are no listeners', documentOf({ parents: [{ name: 'edge' }] }), {}],
]
for (const [what, document, config = proxy] of taken)
  test(`a route goes on ${what}`, () => {
    assert.deepEqual(selectServedRoutes({ ...config })(document), [{ at: [], value: document }])
  })

test('the items of a list are told one by one', () => {
  const items = [documentOf({ parents: [gateway()] }), documentOf({ parents: [{ name: 'edge' }] })]
  const selections = selectServedRoutes(proxy)({ apiVersion: 'v1', kind: 'List', items })
  assert.deepEqual(
    selections.map(({ at, skipped }) => [at.join('.'), skipped !== undefined]),
    [
      ['items.0', false],
      ['items.1', true],
    ],
  )
})
