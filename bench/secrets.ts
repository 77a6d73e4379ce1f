/**
 * bench/secrets: a sidecar with a thousand leases in one file: how long until all are there, what they take, what renewing
 * them costs, and how long a change takes to the file. A thousand secrets of a KV engine; how many leases a CPU can renew. At rest, with one secret, beside `bao agent` where there is one.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../src/kernel/clock/system.ts'
import { startOpenBao } from '../test/fakes/openbao.ts'
import { isOnPath } from '../test/fakes/programs.ts'
import { startFakeVault } from '../test/fakes/vault/server.ts'
import { installedLauncher } from './support/installed.ts'
import { cpuSeconds, memory } from './support/proc.ts'
import { startSidecar } from './support/sidecars.ts'
import { table } from './support/table.ts'

const SECRETS = 1000
const RENEW_SECONDS = Number(process.argv[2] ?? 30)
const REST_MS = 6000
const KV_INTERVAL_SECONDS = 10
// Built before anything is timed.
installedLauncher()
const out = (text: string) => process.stdout.write(text)
const sleep = (ms: number) => new Promise(resolve => setTimeout(resolve, ms))

out('\na thousand leases in one file\n\n')
await thousand()
out('\nfrom a change of a file that is a source to the file of the application\n\n')
await changes()
out(`\na thousand secrets of KV version 2, asked for every ${KV_INTERVAL_SECONDS} s\n\n`)
await versionedKv()
out('\nas many renewals as there are: a thousand leases of 3 s\n\n')
await renewals()
out('\nat rest, one secret of a server\n\n')
await atRest()

async function thousand(): Promise<void> {
  const vault = await startFakeVault(systemClock())
  // Renewed every twenty seconds or so.
  vault.state.database.role('app', { ttl: 30, maxTtl: 0 })
  for (let n = 0; n < SECRETS; n++) vault.state.database.role(`app-${n}`, { ttl: 30, maxTtl: 0 })
  const token = vault.state.tokens.create({ ttl: 0, policies: ['root'] }).id
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-secrets-'))
  const began = performance.now()
  const sidecar = await startSidecar(`secrets:
  sources:
    - vault: { address: '${vault.url}', auth: { token: { token: ${token} } }, limit: { requestsPerSecond: 100000, burst: 100000 } }
  deliveries:
    - file:
        path: ${folder}/all
        template: '{{ range loop ${SECRETS} }}{{ with secret (printf "database/creds/app-%d" .) }}{{ .Data.username }}={{ .Data.password }}{{ end }}{{ end }}'
`)
  const seconds = (performance.now() - began) / 1000
  const first = vault.total
  const written = readFileSync(join(folder, 'all'), 'utf8').split('=').length - 1
  if (written !== SECRETS) throw new Error(`${written} secrets are in the file`)
  await sleep(2000)
  const { rssMb, privateMb } = memory(sidecar.pid)
  const [renewals, cpu] = [vault.counts.get('lease renew') ?? 0, cpuSeconds(sidecar.pid)]
  await sleep(RENEW_SECONDS * 1000)
  const renewed = (vault.counts.get('lease renew') ?? 0) - renewals
  const used = cpuSeconds(sidecar.pid) - cpu
  const later = memory(sidecar.pid)
  out(
    `${table(
      ['what', 'figure'],
      [
        ['until all are in the file, with the start of the process', `${seconds.toFixed(2)} s`],
        ['requests for it', String(first)],
        ['RSS / private then', `${rssMb.toFixed(1)} / ${privateMb.toFixed(1)} MB`],
        [
          `RSS / private ${RENEW_SECONDS} s later`,
          `${later.rssMb.toFixed(1)} / ${later.privateMb.toFixed(1)} MB`,
        ],
        ['renewals in that time', `${renewed} (${(renewed / RENEW_SECONDS).toFixed(1)} a second)`],
        ['CPU for a thousand renewals', renewed === 0 ? '-' : `${((used / renewed) * 1000).toFixed(2)} s`],
      ],
    )}\n`,
  )
  await sidecar.stop()
  await vault.close()
  rmSync(folder, { recursive: true, force: true })
}

async function changes(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-secrets-'))
  const [source, file] = [join(folder, 'source.json'), join(folder, 'file')]
  const write = (value: string) => writeFileSync(source, JSON.stringify({ password: value }), { mode: 0o600 })
  write('0')
  const sidecar = await startSidecar(`secrets:
  sources: [file: { path: ${source} }]
  deliveries: [file: { path: ${file}, secret: 'all#password' }]
`)
  const took: number[] = []
  for (let n = 1; n <= 20; n++) {
    await sleep(1200)
    const began = performance.now()
    write(String(n))
    while (!existsSync(file) || readFileSync(file, 'utf8') !== String(n)) await sleep(1)
    took.push(performance.now() - began)
  }
  took.sort((a, b) => a - b)
  out(
    `${table(
      ['half of them within', 'all within'],
      [[`${took[took.length >> 1]!.toFixed(0)} ms`, `${took.at(-1)!.toFixed(0)} ms`]],
    )}\n`,
  )
  await sidecar.stop()
  rmSync(folder, { recursive: true, force: true })
}

/** Each is asked for by itself; a change is found with the next asking. */
async function versionedKv(): Promise<void> {
  const vault = await startFakeVault(systemClock())
  const kv = vault.state.kv()
  for (let n = 0; n < SECRETS; n++) kv.put(`app-${n}`, { password: '0' })
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-secrets-'))
  const file = join(folder, 'all')
  const sidecar = await startSidecar(`secrets:
  interval: ${KV_INTERVAL_SECONDS}s
  sources: [${sourceOf(vault)}]
  deliveries:
    - file:
        path: ${file}
        template: '{{ range loop ${SECRETS} }}{{ with secret (printf "secret/app-%d" .) }}{{ .Data.data.password }},{{ end }}{{ end }}'
`)
  const { rssMb, privateMb } = memory(sidecar.pid)
  const began = performance.now()
  const [first, cpu] = [vault.total, cpuSeconds(sidecar.pid)]
  const found: number[] = []
  for (let n = 1; n <= 5; n++) {
    const changedAt = performance.now()
    kv.put(`app-${n * 100}`, { password: String(n) })
    while (!readFileSync(file, 'utf8').includes(`,${n},`)) await sleep(10)
    found.push((performance.now() - changedAt) / 1000)
  }
  const minutes = (performance.now() - began) / 60_000
  found.sort((a, b) => a - b)
  out(
    `${table(
      ['what', 'figure'],
      [
        [
          'a change is in the file after (half / all of five)',
          `${found[2]!.toFixed(1)} / ${found[4]!.toFixed(1)} s`,
        ],
        ['requests a minute', ((vault.total - first) / minutes).toFixed(0)],
        ['CPU a minute', `${((cpuSeconds(sidecar.pid) - cpu) / minutes).toFixed(2)} s`],
        ['RSS / private', `${rssMb.toFixed(1)} / ${privateMb.toFixed(1)} MB`],
      ],
    )}\n`,
  )
  await sidecar.stop()
  await vault.close()
  rmSync(folder, { recursive: true, force: true })
}

/** Leases that end so soon that renewing is all the sidecar does. */
async function renewals(): Promise<void> {
  const vault = await startFakeVault(systemClock())
  for (let n = 0; n < SECRETS; n++) vault.state.database.role(`app-${n}`, { ttl: 3, maxTtl: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-secrets-'))
  const sidecar = await startSidecar(`secrets:
  sources: [${sourceOf(vault)}]
  deliveries:
    - file:
        path: ${folder}/all
        template: '{{ range loop ${SECRETS} }}{{ with secret (printf "database/creds/app-%d" .) }}{{ .Data.username }}{{ end }}{{ end }}'
  limits: { requests: 64 }
`)
  await sleep(2000)
  const began = performance.now()
  const [renewed, lost, cpu] = [
    vault.counts.get('lease renew') ?? 0,
    credentials(vault),
    cpuSeconds(sidecar.pid),
  ]
  await sleep(10_000)
  const seconds = (performance.now() - began) / 1000
  const count = (vault.counts.get('lease renew') ?? 0) - renewed
  const used = cpuSeconds(sidecar.pid) - cpu
  out(
    `${table(
      ['renewals a second', 'CPU', 'renewals a CPU second', 'leases fetched anew'],
      [
        [
          (count / seconds).toFixed(0),
          `${((used / seconds) * 100).toFixed(0)} %`,
          (count / used).toFixed(0),
          String(credentials(vault) - lost),
        ],
      ],
    )}\n`,
  )
  await sidecar.stop()
  await vault.close()
  rmSync(folder, { recursive: true, force: true })
}

/** How many were handed out, of all roles together. */
function credentials({ counts }: Awaited<ReturnType<typeof startFakeVault>>): number {
  return [...counts].reduce((sum, [kind, count]) => (kind.includes('creds') ? sum + count : sum), 0)
}

function sourceOf(vault: Awaited<ReturnType<typeof startFakeVault>>): string {
  const token = vault.state.tokens.create({ ttl: 0, policies: ['root'] }).id
  return `vault: { address: '${vault.url}', auth: { token: { token: ${token} } }, limit: { requestsPerSecond: 100000, burst: 100000, connections: 16 } }`
}

async function atRest(): Promise<void> {
  if (!isOnPath('bao')) return void out('bao is not installed\n')
  const bao = await startOpenBao()
  await bao.request('POST', 'secret/data/app', { data: { password: 'x' } })
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-bench-agent-'))
  writeFileSync(join(folder, 'token'), bao.rootToken)
  writeFileSync(
    join(folder, 'agent.hcl'),
    `vault { address = "${bao.url}" }
auto_auth { method "token_file" { config = { token_file_path = "${folder}/token" } } }
template { contents = "{{ with secret \\"secret/app\\" }}{{ .Data.data.password }}{{ end }}" destination = "${folder}/agent" }
`,
  )
  const agent = spawn('bao', ['agent', `-config=${folder}/agent.hcl`], {
    stdio: 'ignore',
    env: { ...process.env, HOME: folder },
  })
  const source = `  sources: [vault: { address: '${bao.url}', auth: { tokenFile: { path: ${folder}/token } } }]\n`
  const kinds: Readonly<Record<string, string>> = {
    'outrigger, one entry as it is': `secret: 'secret/app#password'`,
    'outrigger, a template': `template: '{{ with secret "secret/app" }}{{ .Data.data.password }}{{ end }}'`,
  }
  const rows: string[][] = []
  for (const [name, content] of Object.entries(kinds)) {
    const sidecar = await startSidecar(
      `secrets:\n${source}  deliveries: [file: { path: FOLDER/file, ${content} }]\n`,
    )
    await sleep(REST_MS)
    rows.push([name, `${sidecar.readyMs.toFixed(0)} ms`, ...figures(sidecar.pid)])
    await sidecar.stop()
  }
  if (readFileSync(join(folder, 'agent'), 'utf8') !== 'x')
    throw new Error('the agent has written something else')
  rows.push(['bao agent, the template', '-', ...figures(agent.pid!)])
  agent.kill()
  await bao.stop()
  rmSync(folder, { recursive: true, force: true })
  out(`${table(['sidecar', 'ready after', 'RSS MB', 'private MB'], rows)}\n`)
}

function figures(pid: number): string[] {
  const { rssMb, privateMb } = memory(pid)
  return [rssMb.toFixed(1), privateMb.toFixed(1)]
}
