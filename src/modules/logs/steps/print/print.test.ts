import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { stepOf } from '../step-fake.ts'

const fake = new URL('../step-fake.ts', import.meta.url).href

/** Runs `code` with a step `print` in a process of its own, and gives what it wrote. */
async function printed(options: object, code: string): Promise<{ stdout: string; stderr: string }> {
  const program = `
    import { stepOf } from ${JSON.stringify(fake)}
    const { apply, host } = stepOf({ print: ${JSON.stringify(options)} })
    ${code}
    await host.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = [child.stdout, child.stderr].map(async stream =>
    Buffer.concat(await stream.toArray()).toString(),
  )
  const [code_] = await once(child, 'exit')
  const [stdout, stderr] = await Promise.all(texts)
  assert.equal(code_, 0, stderr)
  return { stdout, stderr }
}

describe('print', () => {
  it('prints records as they pass, with tag and time', async () => {
    const { stdout } = await printed({}, `apply('{"a":1}', 'x', 'one'); apply('{"b":"c"}', 'x', 'two')`)
    assert.equal(
      stdout,
      '[0] one: [[1500000000.250000000, {}], {"a"=>1}]\n[1] two: [[1500000000.250000000, {}], {"b"=>"c"}]\n',
    )
  })

  it('prints JSON to standard error when told so', async () => {
    const { stdout, stderr } = await printed({ format: 'json', to: 'stderr' }, `apply('{"a": 1}')`)
    assert.deepEqual([stdout, stderr], ['', '{"a": 1}\n'])
  })

  it('prints nothing while lines are only tried', () => {
    assert.equal(stepOf({ print: {} }, { offline: true }).apply('{}'), '{}')
  })

  it('leaves out and counts what a reader does not take in time', async () => {
    const { stderr } = await printed(
      {},
      `const long = JSON.stringify({ a: 'x'.repeat(100_000) })
       for (let i = 0; i < 12; i++) apply(long)
       console.error(host.metric('unprinted_records_total', { input: 'test' }))`,
    )
    assert.equal(stderr, '2\n')
  })
})
