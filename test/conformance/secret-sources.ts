import { chmod, copyFile, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/kernel/clock/system.ts'
import { fakeHost } from '../../src/kernel/host-fake.ts'
import type { SourceHost } from '../../src/modules/secrets/sources/host.ts'
import { checkSource, openSource, sourceSchema } from '../../src/modules/secrets/sources/kinds.ts'
import type { FailureReason, SecretSource } from '../../src/modules/secrets/sources/source.ts'
import { generateKey } from '../../src/modules/secrets/store/key-sources.ts'
import { SecretStore } from '../../src/modules/secrets/store/store.ts'
import { startFakeSecrets } from '../fakes/aws/secrets.ts'

/** A source with one secret, and what can happen to it. */
export interface Begun {
  readonly source: SecretSource
  /** Of the secret, whose entry `key` is PLANTED. */
  readonly path: string
  readonly key: string
  /** A path with nothing at it. */
  readonly missing: string
  /** The entry becomes this one. */
  readonly change?: (value: string) => Promise<void>
  /** Nobody can read it any more; what the source says then. */
  readonly breaks?: Readonly<Partial<Record<FailureReason, () => Promise<void>>>>
}

export interface SourceRow {
  readonly name: string
  /** The programs that it needs are missing. */
  readonly skip?: string | false
  /** What is written to it is a question, whose answer is the secret. */
  readonly takesWrites?: true
  begin(t: TestContext): Promise<Begun>
}

/** It stands in every value, so that it can be looked for in all that is said. */
export const PLANTED = 'planted-hunter2'

export const sourceRows: readonly SourceRow[] = [
  {
    name: 'kubernetes',
    begin: async t => {
      const folder = await folderOf(t)
      let generation = 0
      const change = async (value: string) => {
        const name = `..gen_${++generation}`
        await mkdir(join(folder, name))
        await writeFile(join(folder, name, 'password'), value)
        await symlink(name, join(folder, '..next'))
        await rename(join(folder, '..next'), join(folder, '..data'))
      }
      await change(PLANTED)
      await symlink('..data/password', join(folder, 'password'))
      return {
        source: await open(t, { kubernetes: { path: folder } }),
        path: 'all',
        key: 'password',
        missing: 'other',
        change,
        breaks: {
          missing: () => rm(folder, { recursive: true }),
          ...(process.getuid?.() !== 0 && { forbidden: () => chmod(folder, 0) }),
        },
      }
    },
  },
  {
    name: 'file',
    begin: async t => {
      const path = join(await folderOf(t), 'secrets.yaml')
      const change = async (value: string) => {
        await writeFile(`${path}.new`, `app: {db: {password: ${value}}}\n`)
        await rename(`${path}.new`, path)
      }
      await change(PLANTED)
      return {
        source: await open(t, { file: { path } }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        change,
        breaks: {
          missing: () => rm(path),
          invalid: () => writeFile(path, `app: {db: {password: "${PLANTED}`),
        },
      }
    },
  },
  {
    name: 'sops',
    begin: async t => {
      const { path, change } = await encryptedFile(t, 'enc.yaml')
      return {
        source: await open(t, { sops: { path, keyFile } }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        change,
        breaks: {
          missing: () => rm(path),
          invalid: () => writeFile(path, `app: {db: {password: "${PLANTED}`),
        },
      }
    },
  },
  {
    name: 'age',
    begin: async t => {
      const { path, change } = await encryptedFile(t, 'yaml.age')
      return {
        source: await open(t, { age: { path, keyFile } }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        change,
        breaks: { missing: () => rm(path), invalid: () => writeFile(path, PLANTED) },
      }
    },
  },
  {
    name: 'store',
    begin: async t => {
      const path = join(await folderOf(t), 'secrets.store')
      const value = generateKey()
      const key = { kind: 'variable', name: 'STORE_KEY', value } as const
      const store = new SecretStore({ path, key, maxBytes: 2 ** 20, clock: systemClock() })
      await store.create()
      const change = async (password: string) =>
        void (await store.update(content =>
          content.put('app/db', new Map([['password', password]]), Date.now()),
        ))
      await change(PLANTED)
      return {
        source: await open(t, { store: { path, keyVariable: 'STORE_KEY' } }, { STORE_KEY: value }),
        path: 'secret/app/db',
        key: 'password',
        missing: 'secret/app/other',
        change,
        breaks: { missing: () => rm(path), invalid: () => writeFile(path, PLANTED) },
      }
    },
  },
  {
    name: 'environment',
    begin: async t => ({
      source: await open(t, { environment: { prefix: 'APP_' } }, { APP_DB_PASSWORD: PLANTED }),
      path: 'db',
      key: 'password',
      missing: 'other',
    }),
  },
  {
    name: 'secretsManager',
    begin: async t => {
      const aws = await startFakeSecrets()
      t.after(() => aws.close())
      const change = async (value: string) =>
        void aws.secrets.set('app/db', [
          { id: value, stages: ['AWSCURRENT'], text: JSON.stringify({ password: value }) },
        ])
      await change(PLANTED)
      return {
        source: await open(t, { secretsManager: keys(aws.url) }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        breaks: {
          forbidden: async () => void aws.refused.set('app/db', 'AccessDeniedException'),
          unavailable: async () => void aws.refused.set('app/db', 'ThrottlingException'),
          missing: async () => void aws.secrets.clear(),
        },
      }
    },
  },
  {
    name: 'ssm',
    begin: async t => {
      const aws = await startFakeSecrets()
      t.after(() => aws.close())
      aws.parameters.set('/app/db/password', [{ type: 'SecureString', value: PLANTED }])
      return {
        source: await open(t, { ssm: keys(aws.url) }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        breaks: {
          forbidden: async () => void aws.refused.set('/app/db', 'AccessDeniedException'),
          unavailable: async () => void aws.refused.set('/app/db', 'InternalServerError'),
          missing: async () => void aws.parameters.clear(),
        },
      }
    },
  },
  {
    name: 'http',
    begin: async t => {
      let status = 200
      const server = createServer((request, response) => {
        const isThere = request.url === '/secrets/app/db'
        response.writeHead(isThere ? status : 404, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ password: PLANTED }))
      })
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      t.after(() => {
        server.closeAllConnections()
        server.close()
      })
      const becomes = (next: number) => async () => {
        status = next
      }
      return {
        source: await open(t, {
          http: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secrets/{path}` },
        }),
        path: 'app/db',
        key: 'password',
        missing: 'app/other',
        breaks: {
          forbidden: becomes(403),
          unavailable: becomes(503),
          missing: becomes(404),
          invalid: becomes(400),
        },
      }
    },
  },
]

/** The same secret with its three values, as the programs age and sops have encrypted it for a key of these tests. */
const fixtures = join(import.meta.dirname, 'fixtures/secret-sources')
const keyFile = join(import.meta.dirname, '../../src/modules/secrets/sources/sops/fixtures/key.txt')

async function encryptedFile(t: TestContext, end: string) {
  const path = join(await folderOf(t), `secrets.${end}`)
  const change = async (value: string) => {
    await copyFile(join(fixtures, `${value}.${end}`), `${path}.new`)
    await rename(`${path}.new`, path)
  }
  await change(PLANTED)
  return { path, change }
}

function keys(endpoint: string) {
  return { endpoint, region: 'eu-central-1', accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
}

export async function open(
  t: TestContext,
  given: object,
  env: Readonly<Record<string, string>> = {},
  bases: SourceHost['bases'] = new Map(),
): Promise<SecretSource> {
  const decoded = sourceSchema.decode(given)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  const problems = checkSource(decoded.value)
  if (problems.length > 0) throw new Error(JSON.stringify(problems))
  const host = fakeHost({ clock: systemClock(), env })
  t.after(() => host.close())
  const sourceHost: SourceHost = {
    ...host,
    name: decoded.value.kind,
    key: `secrets.sources[0].${decoded.value.kind}`,
    bases,
    random: () => 0.5,
    measure: { login: () => {} },
  }
  return await openSource(decoded.value, sourceHost)
}

export async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-source-'))
  t.after(async () => {
    await chmod(folder, 0o700).catch(() => {})
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })
  return folder
}
