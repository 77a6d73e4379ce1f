import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ApiServer } from '../../../test/fakes/apiserver/server.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { systemClock } from '../../kernel/clock/system.ts'
import { ClusterAccessError } from './access.ts'
import { createKubernetesClient } from './client.ts'
import { kubeconfigAccess } from './kubeconfig.ts'
import { RESOURCES } from './resources.ts'

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-kubeconfig-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

function kubeconfig(server: string, user: string, cluster = ''): string {
  return `
apiVersion: v1
kind: Config
current-context: dev
contexts:
  - {name: dev, context: {cluster: here, user: me, namespace: shop}}
  - {name: broken, context: {cluster: elsewhere, user: me}}
clusters:
  - name: here
    cluster:
      server: ${server}
      ${cluster}
users:
  - name: me
    user: {${user}}
`
}

async function accepted(t: TestContext, user: (api: ApiServer, folder: string) => Promise<string>) {
  const api = await ApiServer.start()
  t.after(() => api[Symbol.asyncDispose]())
  const folder = await folderOf(t)
  const path = join(folder, 'config')
  await writeFile(join(folder, 'ca.pem'), api.ca)
  await writeFile(path, kubeconfig(api.url.origin, await user(api, folder), 'certificate-authority: ca.pem'))
  const access = await kubeconfigAccess({ path, clock: new FakeClock() })
  assert.equal(access.namespace, 'shop')
  const client = createKubernetesClient({ access, clock: systemClock() })
  t.after(async () => client.close())
  assert.ok((await client.list(RESOURCES.namespaces)).items.length > 0)
}

test('a token in the file is used', t => accepted(t, async api => `token: ${api.adminToken}`))

test('a token in a file beside it is used', t =>
  accepted(t, async (api, folder) => {
    await writeFile(join(folder, 'token'), api.adminToken)
    return 'tokenFile: token'
  }))

test('a client certificate is used', t =>
  accepted(t, async api => {
    const { cert, key } = api.clients.issue('admin')
    return `client-certificate-data: ${base64(cert)}, client-key-data: ${base64(key)}`
  }))

const REFUSED: readonly (readonly [string, string, RegExp, string?])[] = [
  [
    'a user who logs in by a program',
    kubeconfig('https://a', 'exec: {command: aws}'),
    /by another program \(exec\).*kubectl proxy/,
  ],
  ['a user with a password', kubeconfig('https://a', 'username: x, password: y'), /give a token/],
  ['half a certificate', kubeconfig('https://a', 'client-certificate-data: eA=='), /go together/],
  ['a server without a scheme', kubeconfig('a.example:6443', 'token: x'), /is no http or https URL/],
  ['a server with a path', kubeconfig('https://a/clusters/b', 'token: x'), /has a path/],
  [
    'a context that is not there',
    kubeconfig('https://a', 'token: x'),
    /there is no context "prod" in contexts; there is dev, broken/,
    'prod',
  ],
  [
    'a cluster that is not there',
    kubeconfig('https://a', 'token: x'),
    /there is no cluster "elsewhere"/,
    'broken',
  ],
  ['no YAML', '{', /is no YAML/],
  ['an empty file', '', /has no current-context/],
  [
    'a file beside it that is not there',
    kubeconfig('https://a', 'token: x', 'certificate-authority: none.pem'),
    /cannot read .*none.pem/,
  ],
]
for (const [what, text, message, context] of REFUSED)
  test(`${what} is refused with the reason`, async t => {
    const path = join(await folderOf(t), 'config')
    await writeFile(path, text)
    await assert.rejects(
      kubeconfigAccess({ path, clock: new FakeClock(), ...(context !== undefined && { context }) }),
      (error: unknown) => {
        assert.ok(error instanceof ClusterAccessError, String(error))
        assert.match(error.message, message)
        return true
      },
    )
  })
