// Certificates in templates of `outrigger as vault agent`: who starts again needs no other one while the file holds a good one.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { folderOf, startBao, startVault } from './vault-agent-process.ts'

describe('a certificate of a template', { skip: missing('bao'), timeout: 120_000 }, () => {
  let server: OpenBao
  before(async () => {
    server = await startOpenBao()
    await server.request('POST', 'sys/mounts/pki', { type: 'pki' })
    await server.request('POST', 'pki/root/generate/internal', { common_name: 'test', ttl: '24h' })
    await server.request('POST', 'pki/roles/web', {
      allow_any_name: true,
      enforce_hostnames: false,
      ttl: '1h',
    })
  })
  after(() => server?.stop())

  const issued = async () => (await server.request('LIST', 'pki/certs')).data.keys.length as number

  async function prepared(t: TestContext, names: string): Promise<string> {
    const folder = await folderOf(t)
    await writeFile(join(folder, 'token'), server.rootToken)
    await configured(folder, names)
    return folder
  }

  const configured = (folder: string, names: string) =>
    writeFile(
      join(folder, 'agent.hcl'),
      `vault { address = "${server.url}" }
       auto_auth { method "token_file" { config = { token_file_path = "token" } } }
       template {
         contents    = "{{ with pkiCert \\"pki/issue/web\\" ${names} }}{{ .Key }}{{ .Cert }}{{ .CA }}{{ end }}"
         destination = "web.pem"
       }`,
    )

  const once = async (t: TestContext, folder: string, run: typeof startVault | typeof startBao) => {
    const agent = await run(t, ['agent', '-config=agent.hcl', '-exit-after-auth'], { folder })
    assert.equal(await agent.ended(), 0, agent.output())
    return readFile(join(folder, 'web.pem'), 'utf8')
  }

  const shop =
    '\\"common_name=shop.internal\\" \\"alt_names=*.shop.internal, a@shop.internal\\" \\"ip_sans=127.0.0.1,::1\\"'

  test('is kept by the next process, ours or a real agent, whichever has written it', async t => {
    for (const [first, second] of [
      [startVault, startVault],
      [startBao, startVault],
      [startVault, startBao],
    ] as const) {
      const folder = await prepared(t, shop)
      const text = await once(t, folder, first)
      const before = await issued()
      assert.equal(await once(t, folder, second), text)
      assert.equal(await issued(), before, 'none was issued')
    }
  })

  test('is issued anew for another name', async t => {
    const folder = await prepared(t, shop)
    await once(t, folder, startVault)
    await configured(folder, '\\"common_name=other.internal\\"')
    const text = await once(t, folder, startVault)
    const leaf = text.match(/-----BEGIN CERTIFICATE[\s\S]*?-----END CERTIFICATE-----/)![0]
    assert.equal(new X509Certificate(leaf).subject, 'CN=other.internal')
  })

  test('is issued anew when its file was damaged', async t => {
    const folder = await prepared(t, shop)
    const text = await once(t, folder, startVault)
    await writeFile(
      join(folder, 'web.pem'),
      text.replace('BEGIN PRIVATE KEY', 'BEGIN PRIVATE').replace('BEGIN RSA', 'BEGIN'),
    )
    const again = await once(t, folder, startVault)
    assert.notEqual(again, text)
    assert.match(again, /^-----BEGIN (RSA )?PRIVATE KEY-----/)
  })
})
