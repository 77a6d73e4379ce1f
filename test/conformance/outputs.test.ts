import { execFile } from 'node:child_process'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../src/kernel/clock/system.ts'
import type { Schema } from '../../src/kernel/config/schema.ts'
import { cloudwatchConfig } from '../../src/modules/logs/outputs/cloudwatch/config.ts'
import { openCloudwatch } from '../../src/modules/logs/outputs/cloudwatch/output.ts'
import { elasticsearchConfig } from '../../src/modules/logs/outputs/elasticsearch/config.ts'
import { openElasticsearch } from '../../src/modules/logs/outputs/elasticsearch/output.ts'
import { fileConfig } from '../../src/modules/logs/outputs/file/config.ts'
import { openFile } from '../../src/modules/logs/outputs/file/output.ts'
import { fakeOutputHost } from '../../src/modules/logs/outputs/output-fakes.ts'
import { DescriptorOutput } from '../../src/modules/logs/outputs/stdout/output.ts'
import { storeConfig } from '../../src/modules/logs/outputs/store/config.ts'
import { openStore } from '../../src/modules/logs/outputs/store/output.ts'
import { StoreReader } from '../../src/modules/logs/outputs/store/search.ts'
import { startFakeCloudwatch } from '../fakes/cloudwatch/server.ts'
import { startFakeElasticsearch } from '../fakes/elasticsearch/server.ts'
import { outputConformance, type Suite } from './outputs.ts'

/** A fake that is closed and started again on its port, while what it has stored stays. */
async function restartable<Fake extends { readonly port: number; close(): Promise<void> }>(
  t: TestContext,
  start: (port: number) => Promise<Fake>,
) {
  let fake = await start(0)
  let open = true
  const away = async () => {
    if (open) await fake.close()
    open = false
  }
  const back = async () => {
    fake = await start(fake.port)
    open = true
  }
  t.after(away)
  return { port: fake.port, peer: { away, back } }
}

const elasticsearch: Suite = {
  name: 'elasticsearch',
  hasPeer: true,
  begin: async (t, { peerAway }) => {
    const numbers: number[] = []
    const onDocument = ({ source }: { source: Readonly<Record<string, unknown>> }) => {
      numbers.push(source['n'] as number)
    }
    const { port, peer } = await restartable(t, port => startFakeElasticsearch({ port, onDocument }))
    if (peerAway) await peer.away()
    const host = hostOf(t, 'elasticsearch')
    const output = await openElasticsearch(
      decode(elasticsearchConfig, { url: `http://127.0.0.1:${port}` }),
      host,
    )
    return { output, arrived: async () => ascending(numbers), peer, close: host.close }
  },
}

const cloudwatch: Suite = {
  name: 'cloudwatch',
  hasPeer: true,
  begin: async (t, { peerAway }) => {
    const numbers: number[] = []
    const onEvent = ({ message }: { message: string }) => {
      numbers.push(JSON.parse(message).n)
    }
    const { port, peer } = await restartable(t, port => startFakeCloudwatch({ port, onEvent }))
    if (peerAway) await peer.away()
    const host = hostOf(t, 'cloudwatch')
    const config = decode(cloudwatchConfig, {
      group: 'g',
      region: 'eu-central-1',
      endpoint: `http://127.0.0.1:${port}`,
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'secret',
    })
    const output = await openCloudwatch(config, host)
    return { output, arrived: async () => ascending(numbers), peer, close: host.close }
  },
}

const file: Suite = {
  name: 'file',
  hasPeer: true,
  begin: async (t, { peerAway }) => {
    const path = join(await folderOf(t), 'out.ndjson')
    const aside = `${path}.aside`
    let before = ''
    const readNow = async () => await readFile(path, 'utf8').catch(() => '')
    const peer = {
      away: async () => {
        before += await readNow()
        await rename(path, aside).catch(() => {})
        await symlink('/dev/full', path)
      },
      back: async () => await rm(path),
    }
    if (peerAway) await peer.away()
    const host = hostOf(t, 'file')
    const output = await openFile(decode(fileConfig, { path, sync: false }), host)
    return { output, arrived: async () => numbersOf(before + (await readNow())), peer, close: host.close }
  },
}

const stdout: Suite = {
  name: 'stdout',
  hasPeer: true,
  begin: async (t, { peerAway }) => {
    const path = join(await folderOf(t), 'pipe')
    await promisify(execFile)('mkfifo', [path])
    const openReader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    let text = ''
    let reader: number | undefined = openReader()
    const writer = openSync(path, constants.O_WRONLY)
    const drain = () => {
      const chunk = Buffer.alloc(64 * 1024)
      try {
        for (let size = 1; reader !== undefined && size > 0; ) {
          size = readSync(reader, chunk)
          text += chunk.toString('utf8', 0, size)
        }
      } catch {
        // Empty.
      }
    }
    const away = async () => {
      drain()
      if (reader !== undefined) closeSync(reader)
      reader = undefined
    }
    const back = async () => {
      reader = openReader()
    }
    t.after(async () => {
      await away()
      closeSync(writer)
    })
    if (peerAway) await away()
    const host = hostOf(t, 'stdout')
    const output = new DescriptorOutput(writer, { flushIntervalMs: 1 }, host)
    const arrived = async () => {
      drain()
      return numbersOf(text)
    }
    return { output, arrived, peer: { away, back }, close: host.close }
  },
}

const store: Suite = {
  name: 'store',
  hasPeer: false,
  begin: async t => {
    const path = join(await folderOf(t), 'store.db')
    const host = hostOf(t, 'store')
    const output = await openStore(decode(storeConfig, { path }), host)
    const arrived = async () => {
      using reader = new StoreReader(path)
      return ascending(reader.find({}, 10_000).map(({ record }) => JSON.parse(record.toString()).n))
    }
    return { output, arrived, close: host.close }
  },
}

for (const suite of [elasticsearch, cloudwatch, file, stdout, store]) outputConformance(suite)

function hostOf(t: TestContext, kind: string) {
  const host = fakeOutputHost({ kind, clock: systemClock() })
  t.after(() => host.close())
  return host
}

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-output-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

function decode<T>(schema: Schema<T>, fields: object): T {
  const decoded = schema.decode(fields)
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.value
}

function numbersOf(lines: string): number[] {
  return ascending(
    lines
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line).n),
  )
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b)
}
