import { rename, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import type { SecretSource } from '../../src/modules/secrets/sources/source.ts'
import { type OpenBao, startOpenBao } from '../fakes/openbao.ts'
import { missing } from '../fakes/programs.ts'
import { folderOf, open, PLANTED, type SourceRow } from './secret-sources.ts'

const skip = missing('bao')

/** One server for all of them, each with a path, a policy and a token of its own. */
let server: Promise<OpenBao> | undefined
let number = 0
after(async () => (await server)?.kill())

async function prepared(): Promise<OpenBao> {
  const bao = await startOpenBao()
  await bao.request('POST', 'sys/mounts/transit', { type: 'transit' })
  await bao.request('POST', 'transit/keys/app', {})
  return bao
}

interface Place {
  readonly bao: OpenBao
  readonly name: string
  readonly vault: SecretSource
  /** What the source's token may do from now on. */
  allow(policy: string): Promise<void>
  cut(): Promise<void>
}

const MAY_ALL = 'path "*" { capabilities = ["read", "list", "update"] }'

async function place(t: TestContext): Promise<Place> {
  server ??= prepared()
  const bao = await server
  const name = `app-${++number}`
  const allow = (policy: string) => bao.request('PUT', `sys/policies/acl/${name}`, { policy })
  await allow(MAY_ALL)
  const { auth } = await bao.request('PUT', 'auth/token/create', { policies: [name], ttl: '1h' })
  const line = await lineTo(t, Number(new URL(bao.url).port))
  const address = `http://127.0.0.1:${line.port}`
  const vault = await open(t, {
    vault: { address, timeout: '5s', auth: { token: { token: auth.client_token } } },
  })
  return { bao, name, vault, allow, cut: line.cut }
}

/** A way to a server that can be cut while the server goes on. */
async function lineTo(t: TestContext, port: number) {
  const sockets = new Set<Socket>()
  const line = createServer(socket => {
    const far = connect(port, '127.0.0.1')
    for (const [one, other] of [
      [socket, far],
      [far, socket],
    ] as const) {
      sockets.add(one)
      one.pipe(other)
      one.on('error', () => other.destroy())
      one.on('close', () => sockets.delete(one))
    }
  })
  await new Promise<void>(resolve => line.listen(0, '127.0.0.1', resolve))
  const cut = async () => {
    for (const socket of sockets) socket.destroy()
    if (line.listening) await new Promise(resolve => line.close(resolve))
  }
  t.after(cut)
  return { port: (line.address() as AddressInfo).port, cut }
}

export const serverRows: readonly SourceRow[] = [
  {
    name: 'vault',
    skip,
    takesWrites: true,
    begin: async t => {
      const { bao, name, vault, allow, cut } = await place(t)
      await bao.request('POST', `secret/data/${name}`, { data: { password: PLANTED } })
      return {
        source: vault,
        path: `secret/${name}`,
        key: 'password',
        missing: `secret/${name}-other`,
        breaks: {
          missing: () => bao.request('DELETE', `secret/metadata/${name}`),
          forbidden: () => allow('path "none" { capabilities = ["read"] }'),
          unavailable: cut,
        },
      }
    },
  },
  {
    name: 'transit',
    skip,
    begin: async t => {
      const { bao, vault, allow, cut } = await place(t)
      const path = join(await folderOf(t), 'secrets.yaml')
      const change = async (value: string) => {
        const plaintext = Buffer.from(value).toString('base64')
        const { data } = await bao.request('POST', 'transit/encrypt/app', { plaintext })
        await writeFile(`${path}.new`, `app: {db: {password: '${data.ciphertext}'}}\n`)
        await rename(`${path}.new`, path)
      }
      await change(PLANTED)
      return {
        source: await open(t, { transit: { path, key: 'app' } }, {}, new Map([['source', vault]])),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        change,
        breaks: {
          missing: () => rm(path),
          invalid: () => writeFile(path, 'app: {db: {password: "vault:v1:AAAA"}}\n'),
          forbidden: () => allow('path "none" { capabilities = ["read"] }'),
          unavailable: cut,
        },
      }
    },
  },
]
