import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fakeIo } from '../src/cli/io-fake.ts'
import { main } from '../src/cli/main.ts'

const root = dirname(import.meta.dirname)

const isManifest = (file: string) => /^examples\/(injection|compose|overhead)\//.test(file)

for (const file of globSync('examples/**/*.yaml', { cwd: root }).filter(each => !isManifest(each))) {
  test(`${file} is valid`, async () => {
    const io = fakeIo({ cwd: root })
    assert.equal(await main(['check', '-c', join(root, file)], io), 0, io.stderr.text)
  })
}

const explained: [file: string, request: string, code: number, said: RegExp][] = [
  ['routing', 'GET http://checkout/cart/1', 0, /^rule HTTPRoute\/shop\/checkout\/cart$/m],
  ['routing', 'GET http://checkout/basket', 0, /^ {2}filter {4}redirect with 301$/m],
  ['routing', 'GET http://stock/', 0, /^ {2}backend {3}stock \(100 %\)$/m],
  ['access', 'GET http://shop/orders', 0, /^ {2}allowed by "everybody-reads"$/m],
  ['access', 'DELETE http://shop/orders/7', 1, /^ {2}unauthenticated by default/m],
]
for (const [example, request, code, said] of explained)
  test(`in examples/${example} it is explained what ${request} meets`, async () => {
    const io = fakeIo({ cwd: root })
    const file = join(root, `examples/${example}/outrigger.yaml`)
    assert.equal(await main(['proxy', 'explain', '-c', file, request], io), code, io.stderr.text)
    assert.match(io.stdout.text, said)
  })

test('the demo of npm start delivers every line, carries requests past an instance that dies, keeps up with a password that changes, and cleans up', {
  timeout: 60_000,
}, async () => {
  const args = [join(root, 'examples/shop/demo.ts'), '--seconds', '6', '--clean']
  const demo = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [demo.stdout, demo.stderr])
    stream.setEncoding('utf8').on('data', text => {
      output += text
    })
  const [code] = await once(demo, 'close')
  const result = /lines written (\d+), delivered (\d+), lost 0, duplicated \d+/.exec(output)
  assert.equal(code, 0, output)
  assert.ok(result !== null && Number(result[1]) > 500 && result[1] === result[2], output)
  const carried =
    /requests to stock (\d+), failed (\d+), retries (\d+), circuit opened (once|\d+ times)/.exec(output)
  assert.ok(carried !== null && Number(carried[1]) > 300 && Number(carried[3]) > 0, output)
  assert.ok(Number(carried[2]) < Number(carried[3]), `retries spare the users most failures: ${output}`)
  const orders = /orders placed (\d+), refused 0, password changed (\d+) times/.exec(output)
  assert.ok(orders !== null && Number(orders[1]) > 50 && Number(orders[2]) > 0, output)
  assert.match(output, /circuit of stock-2 opens/)
  assert.match(output, /stock-2 is killed[\s\S]*stock-2 is back/)
})
