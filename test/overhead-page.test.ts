import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fakeIo } from '../src/cli/io-fake.ts'
import { main } from '../src/cli/main.ts'
import { DEFAULT_PRICES, monthly } from '../src/lint/overhead/prices.ts'

const root = dirname(import.meta.dirname)
const page = await readFile(join(root, 'docs/overhead.md'), 'utf8')
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text]) => text!)

test('the report in docs/overhead.md is what the command above it prints', async () => {
  const command = blocks('sh')[0]!.trim().split(' ')
  const io = fakeIo({ cwd: root })
  assert.equal(await main(command.slice(1), io), 0, io.stderr.text)
  assert.equal(io.stdout.text, blocks('text')[0])
})

test('the sums in docs/overhead.md are right', () => {
  const saved = (amounts: object) => Math.round((10_000 * monthly({ ...amounts }, DEFAULT_PRICES)) / 10) * 10
  const said = [...page.matchAll(/\$([\d,]+) less a month; 64Mi .* saves \$([\d,]+)\./g)][0]!
    .slice(1)
    .map(each => Number(each.replace(',', '')))
  assert.deepEqual(said, [saved({ cpu: 0.075 }), saved({ memory: 64 * 2 ** 20 })])
})

test('the prices in docs/overhead.md are prices', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'outrigger-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await writeFile(join(folder, 'prices.yaml'), blocks('yml')[0]!)
  const io = fakeIo({ cwd: folder })
  const example = join(root, 'examples/overhead')
  assert.equal(await main(['overhead', '--prices', 'prices.yaml', '-f', example], io), 0, io.stderr.text)
  assert.match(
    io.stdout.text,
    /Prices: 17\.89 EUR for a processor and 2\.41 EUR for a GiB a month; prices\.yaml\./,
  )
})
