import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { s } from '../../../../kernel/config/schema.ts'
import { deadlineIn } from '../../../../kernel/lifecycle/deadline.ts'
import { fakeInputHost } from '../input-fakes.ts'
import { execFields } from './config.ts'
import { startExec } from './exec.ts'

const schema = s.object(execFields, { about: 'exec' })

function start(t: TestContext, options: object) {
  const host = fakeInputHost({ kind: 'exec', tag: 'cmd.*' })
  t.after(() => host.close())
  const decoded = schema.decode(options)
  assert.ok(decoded.ok)
  return { host, input: startExec(decoded.value, host), texts: () => host.taken.map(({ text }) => text) }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

test('the output of a command is read, each stream under its name', async t => {
  const command = ['sh', '-c', 'echo one; echo two >&2; printf three']
  const { host } = start(t, { command, streams: ['stdout', 'stderr'], runs: 1, interval: '1s' })
  await until(() => host.taken.length === 3)
  assert.deepEqual(host.taken.map(({ text, tag }) => `${tag} ${text}`).sort(), [
    'cmd.stderr two',
    'cmd.stdout one',
    'cmd.stdout three',
  ])
})

test('it is run at an interval, so often as was said', async t => {
  const { host, texts } = start(t, { command: ['echo', 'tick'], interval: '20ms', runs: 3 })
  await until(() => host.taken.length === 3)
  await new Promise(resolve => setTimeout(resolve, 100))
  assert.deepEqual(texts(), ['tick', 'tick', 'tick'])
})

test('a run that takes too long is ended with all that it started, and counted', async t => {
  const command = ['sh', '-c', 'echo begun; sleep 300 & wait']
  const { host, input } = start(t, { command, interval: '1s', timeout: '300ms', runs: 1 })
  await until(() => input.health().state === 'degraded')
  assert.match(input.health().message ?? '', /sh: it did not end within 300 ms|sh: it ended with SIGTERM/)
  await input.drain(deadlineIn(host.clock, 5000))
})

test('a command that ends with a failure, or cannot be started, is told', async t => {
  const failing = start(t, { command: ['sh', '-c', 'exit 3'], interval: '10s' })
  await until(() => failing.input.health().state === 'degraded')
  assert.match(failing.input.health().message ?? '', /logs\.inputs\[0\]\.exec: sh: it ended with code 3/)
  const missing = start(t, { command: ['/no/such/program'], interval: '10s' })
  await until(() => missing.input.health().state === 'degraded')
  assert.match(missing.input.health().message ?? '', /ENOENT/)
})

test('a drain ends a command that runs on, and takes in its last words', async t => {
  const command = ['sh', '-c', 'trap "echo good bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done']
  const { host, input, texts } = start(t, { command })
  await until(() => host.taken.length === 1)
  await input.drain(deadlineIn(host.clock, 5000))
  assert.deepEqual(texts(), ['ready', 'good bye'])
})

test('a command that does not listen is killed with its group when the input closes', async t => {
  const { host } = start(t, { command: ['sh', '-c', 'trap "" TERM; echo $$; sleep 300'] })
  await until(() => host.taken.length === 1)
  const pid = Number(host.taken[0].text)
  await host.close()
  assert.throws(() => process.kill(pid, 0), /ESRCH/)
})
