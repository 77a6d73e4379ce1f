// Our Vault beside a real server: the same requests must get the same statuses, the same errors and the same members.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { type FakeVault, startFakeVault } from '../fakes/vault/server.ts'

const skip = missing('bao')

/** `{token}` and the like stand for what an earlier answer held, under the name that it was kept as. */
interface Step {
  readonly request: readonly [method: string, path: string, body?: unknown]
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Name → where it stands in the answer. */
  readonly keep?: Readonly<Record<string, string>>
}

const create = (body: object, keep = 'token', token = 'root'): Step => ({
  request: ['PUT', 'auth/token/create', body],
  token,
  keep: { [keep]: 'auth.client_token' },
})
const as = (token: string, method: string, path: string, body?: unknown): Step => ({
  request: [method, path, body],
  token: `{${token}}`,
})

const lives: Readonly<Record<string, readonly Step[]>> = {
  'tokens: what they tell of themselves, renewals and their greatest time': [
    create({ ttl: '60s', explicit_max_ttl: '90s', policies: ['default'] }),
    as('token', 'GET', 'auth/token/lookup-self'),
    as('token', 'PUT', 'auth/token/renew-self', {}),
    as('token', 'PUT', 'auth/token/renew-self', { increment: '20s' }),
    as('token', 'PUT', 'auth/token/revoke-self', {}),
    as('token', 'GET', 'auth/token/lookup-self'),
    as('token', 'PUT', 'auth/token/renew-self', {}),
  ],
  'tokens of a period, batch tokens, tokens without an end': [
    create({ period: '60s', policies: ['default'] }),
    as('token', 'PUT', 'auth/token/renew-self', { increment: '300s' }),
    create({ type: 'batch', ttl: '60s', policies: ['default'] }, 'batch'),
    as('batch', 'GET', 'auth/token/lookup-self'),
    as('batch', 'PUT', 'auth/token/renew-self', {}),
    { request: ['PUT', 'auth/token/renew-self', {}], token: 'root' },
  ],
  'tokens with limited uses': [
    create({ ttl: '60s', num_uses: 2, policies: ['default'] }),
    as('token', 'GET', 'auth/token/lookup-self'),
    as('token', 'GET', 'auth/token/lookup-self'),
    as('token', 'GET', 'auth/token/lookup-self'),
  ],
  'tokens that nobody knows, and none': [
    { request: ['GET', 'auth/token/lookup-self'], token: 'nobody' },
    { request: ['GET', 'secret/data/x'] },
    { request: ['PUT', 'sys/leases/renew', { lease_id: 'a' }], token: 'nobody' },
    { request: ['PUT', 'auth/token/renew-self', {}] },
  ],
  'a parent takes its children with it': [
    create({ ttl: '60s', policies: ['root'] }, 'parent'),
    create({ ttl: '60s', policies: ['default'] }, 'child', '{parent}'),
    as('child', 'GET', 'auth/token/lookup-self'),
    { request: ['PUT', 'auth/token/revoke', { token: '{parent}' }], token: 'root' },
    as('child', 'GET', 'auth/token/lookup-self'),
  ],
  policies: [
    create({ ttl: '60s', policies: ['default'] }),
    as('token', 'GET', 'secret/data/x'),
    as('token', 'PUT', 'secret/data/x', { data: {} }),
    as('token', 'GET', 'sys/internal/ui/mounts/secret/x'),
    as('token', 'PUT', 'sys/leases/renew', { lease_id: 'a/b' }),
  ],
  'versions: read, deleted, destroyed, listed, and paths that are none': [
    { request: ['PUT', 'secret/data/app', { data: { a: 1 } }], token: 'root' },
    { request: ['PUT', 'secret/data/app', { data: { a: 2 } }], token: 'root' },
    { request: ['GET', 'secret/data/app'], token: 'root' },
    { request: ['GET', 'secret/data/app?version=1'], token: 'root' },
    { request: ['GET', 'secret/data/app?version=9'], token: 'root' },
    { request: ['DELETE', 'secret/data/app'], token: 'root' },
    { request: ['GET', 'secret/data/app'], token: 'root' },
    { request: ['PUT', 'secret/destroy/app', { versions: [1] }], token: 'root' },
    { request: ['GET', 'secret/data/app?version=1'], token: 'root' },
    { request: ['GET', 'secret/metadata/?list=true'], token: 'root' },
    { request: ['GET', 'secret/metadata/none?list=true'], token: 'root' },
    { request: ['GET', 'secret/app'], token: 'root' },
    { request: ['GET', 'nowhere/app'], token: 'root' },
    { request: ['GET', 'sys/internal/ui/mounts/nowhere/app'], token: 'root' },
  ],
  'leases that are not there': [
    { request: ['PUT', 'sys/leases/renew', { lease_id: 'a/b/c' }], token: 'root' },
    { request: ['PUT', 'sys/leases/revoke', { lease_id: 'a/b/c' }], token: 'root' },
  ],
  wrapping: [
    {
      request: ['PUT', 'sys/wrapping/wrap', { a: 'b' }],
      token: 'root',
      headers: { 'x-vault-wrap-ttl': '60s' },
      keep: { wrap: 'wrap_info.token' },
    },
    { request: ['PUT', 'sys/wrapping/lookup', { token: '{wrap}' }] },
    as('wrap', 'PUT', 'sys/wrapping/unwrap', {}),
    as('wrap', 'PUT', 'sys/wrapping/unwrap', {}),
    { request: ['PUT', 'sys/wrapping/lookup', { token: '{wrap}' }] },
  ],
  namespaces: [
    { request: ['GET', 'secret/data/app'], token: 'root', headers: { 'x-vault-namespace': 'nowhere' } },
  ],
  'approle and userpass': [
    { request: ['PUT', 'auth/approle/login', {}] },
    { request: ['PUT', 'auth/approle/login', { role_id: '{role}' }] },
    { request: ['PUT', 'auth/approle/login', { role_id: '{role}', secret_id: 'x' }] },
    { request: ['PUT', 'auth/approle/login', { role_id: 'x', secret_id: 'x' }] },
    {
      request: ['PUT', 'auth/approle/role/app/secret-id', {}],
      token: 'root',
      keep: { secret: 'data.secret_id' },
    },
    { request: ['PUT', 'auth/approle/login', { role_id: '{role}', secret_id: '{secret}' }] },
    { request: ['PUT', 'auth/userpass/login/joe', { password: 'no' }] },
    { request: ['PUT', 'auth/userpass/login/nobody', { password: 'no' }] },
    {
      request: ['PUT', 'auth/userpass/login/joe', { password: 'yes' }],
      keep: { token: 'auth.client_token' },
    },
    as('token', 'PUT', 'auth/token/renew-self', {}),
    { request: ['PUT', 'auth/nothing/login', {}] },
  ],
  // The last one: nobody unseals the servers.
  'a sealed server': [
    { request: ['PUT', 'sys/seal', {}], token: 'root' },
    { request: ['GET', 'secret/data/app'], token: 'root' },
    { request: ['PUT', 'auth/userpass/login/joe', { password: 'yes' }] },
  ],
}

interface Peer {
  readonly url: string
  readonly root: string
  readonly kept: Map<string, string>
}

async function real(t: TestContext): Promise<Peer> {
  const bao: OpenBao = await startOpenBao()
  t.after(() => bao.kill())
  for (const type of ['approle', 'userpass']) await bao.request('PUT', `sys/auth/${type}`, { type })
  const token = { token_ttl: '60s', token_max_ttl: '120s', token_policies: ['default'] }
  await bao.request('PUT', 'auth/approle/role/app', token)
  await bao.request('PUT', 'auth/userpass/users/joe', { password: 'yes', ...token })
  const { data } = await bao.request('GET', 'auth/approle/role/app/role-id')
  return { url: bao.url, root: bao.rootToken, kept: new Map([['role', data.role_id]]) }
}

async function ours(t: TestContext): Promise<Peer> {
  const vault: FakeVault = await startFakeVault(systemClock())
  t.after(() => vault.close())
  const { logins, root } = vault.state
  const token = { ttl: 60, maxTtl: 120, policies: ['default'] }
  const { roleId } = logins.role('app', token)
  logins.user('joe', 'yes', token)
  return { url: vault.url, root: root.id, kept: new Map([['role', roleId]]) }
}

test('our Vault answers as a real one', { skip }, async t => {
  const [theirs, mine] = [await real(t), await ours(t)]
  for (const [life, steps] of Object.entries(lives))
    await t.test(life, async () => {
      for (const step of steps) {
        const [expected, actual] = [await play(theirs, step), await play(mine, step)]
        assert.deepEqual(actual, expected, `${life}: ${step.request.slice(0, 2).join(' ')}`)
      }
    })
})

/** What of an answer is the same everywhere: its status, its errors, its members and their kinds, times and flags. */
async function play(peer: Peer, { request: [method, path, body], token, headers, keep }: Step) {
  const filled = (text: string) =>
    text.replaceAll(/\{(\w+)\}/g, (whole, name) => peer.kept.get(name) ?? whole)
  const sent = token === 'root' ? peer.root : token === undefined ? undefined : filled(token)
  const response = await fetch(`${peer.url}/v1/${path}`, {
    method,
    headers: { ...(sent !== undefined && { 'x-vault-token': sent }), ...headers },
    ...(body !== undefined && { body: filled(JSON.stringify(body)) }),
  })
  const text = await response.text()
  const answer = text === '' ? undefined : JSON.parse(text)
  for (const [name, place] of Object.entries(keep ?? {}))
    peer.kept.set(
      name,
      place.split('.').reduce((at, key) => at?.[key], answer),
    )
  return { status: response.status, answer: shapeOf(answer) }
}

/** Their values are compared; of others only what kind they are. */
const COMPARED = new Set(['errors', 'renewable', 'lease_duration', 'ttl', 'creation_ttl', 'explicit_max_ttl'])
for (const key of [
  'policies',
  'num_uses',
  'token_type',
  'type',
  'version',
  'destroyed',
  'keys',
  'creation_path',
])
  COMPARED.add(key)
for (const key of ['orphan', 'metadata', 'meta', 'username', 'a', 'path', 'auth', 'wrap_info'])
  COMPARED.add(key)
/** Words that a server is free to choose, and what the fake does not know of. */
const LEFT_OUT = new Set([
  'warnings',
  'entity_id',
  'display_name',
  'identity_policies',
  'accessor',
  'wrapped_accessor',
])

function shapeOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map(each => shapeOf(each, key))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => !LEFT_OUT.has(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, each]) => [name, shapeOf(each, name)]),
    )
  // A second may begin between two answers.
  if (typeof value === 'number' && /ttl|duration/.test(key)) return Math.round(value / 10) * 10
  return COMPARED.has(key) || value === null ? value : typeof value
}
