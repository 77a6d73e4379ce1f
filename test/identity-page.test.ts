import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { SERVER_FAILURES } from '../src/http/client/tls-failure.ts'
import { HANDSHAKE_FAILURES } from '../src/http/tls/failure.ts'
import { freePort } from './fakes/free-port.ts'

const root = dirname(import.meta.dirname)
const page = await readFile(join(root, 'docs/identity.md'), 'utf8')
const skip = ['curl', 'openssl'].some(name => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)

test('the commands of docs/identity.md do what it says', { skip, timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
  try {
    const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
    assert.ok(blocks.length >= 4)
    const program = join(root, 'src/cli/entry.ts')
    const script = ['set -e', `outrigger() { "${process.execPath}" "${program}" "$@"; }`, ...blocks]
    const text = script.join('\n').replaceAll('127.0.0.1:4643', `127.0.0.1:${await freePort()}`)
    // `outrigger … &` is a function in a shell of its own: what is to be ended is the program itself.
    const direct = text.replace(
      /^outrigger (ca serve .*) &$/m,
      `"${process.execPath}" "${program}" $1 &\ntrap "kill $!" EXIT`,
    )
    await writeFile(join(folder, 'page.sh'), direct)
    const shell = spawn('sh', ['page.sh'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', more => {
        output += more
      })
    const [code] = await once(shell, 'close')
    assert.equal(code, 0, output)
    assert.match(output, /made an authority for spiffe:\/\/example\.org/)
    assert.match(output, /issued spiffe:\/\/example\.org\/ns\/shop\/sa\/checkout/)
    assert.match(output, /"chain":"-----BEGIN CERTIFICATE/)
    assert.match(output, /tls\.crt: OK/)
  } finally {
    await rm(folder, { recursive: true, maxRetries: 9 })
  }
})

test('docs/identity.md names every reason of a failed handshake', () => {
  for (const reason of [...Object.keys(HANDSHAKE_FAILURES), ...Object.keys(SERVER_FAILURES)])
    assert.ok(page.includes(`\`${reason}\``), reason)
})
