import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { clientOf } from '../../../test/fakes/apiserver/connected.ts'
import { findKind } from '../../../test/fakes/apiserver/kinds.ts'
import { ApiServer } from '../../../test/fakes/apiserver/server.ts'
import { FakeClock } from '../../kernel/clock/fake.ts'
import { MemoryLog } from '../../kernel/log/memory.ts'
import { type InformerOptions, informer } from './informer.ts'
import { type KubernetesObject, RESOURCES } from './resources.ts'

const { configMaps } = RESOURCES
const MAPS = findKind('', 'v1', 'configmaps')!

function map(name: string, value: string, labels: Record<string, string> = {}): KubernetesObject {
  return { metadata: { name, namespace: 'default', labels }, data: { value } }
}

async function followed(t: TestContext, options: Partial<InformerOptions<string>> = {}) {
  const api = await ApiServer.start()
  const client = clientOf(api)
  const clock = new FakeClock()
  const log = new MemoryLog()
  const told: string[] = []
  const maps = informer<string>({
    ...{ client, clock, log, type: configMaps, random: () => 0 },
    project: ({ data }) => (data as { value?: string } | undefined)?.value,
    ...options,
  })
  maps.onChange(({ type, name, value, previous }) =>
    told.push(`${type} ${name} ${value}${previous ? ` was ${previous}` : ''}`),
  )
  t.after(async () => {
    await maps[Symbol.asyncDispose]()
    client.close()
    await api[Symbol.asyncDispose]()
  })
  /** Time goes on only while it is waited for. */
  const until = async (holds: () => boolean) => {
    while (!holds()) {
      clock.advance(100)
      await pause(1)
    }
  }
  return { api, client, clock, log, told, maps, until }
}

test('what is there is listed, and what happens is told', async t => {
  const { client, told, maps, until } = await followed(t)
  await maps.synced
  await until(() => maps.state.connected)
  const made = await client.create(configMaps, map('a', '1'))
  await client.replace(configMaps, { ...made, data: { value: '2' } })
  await client.delete(configMaps, { namespace: 'default', name: 'a' })
  await until(() => told.length === 3)
  assert.deepEqual(told, ['added a 1', 'changed a 2 was 1', 'removed a 2'])
  assert.equal(maps.size, 0)
})

test('long lists are read in pages before anything is missing', async t => {
  const api = await ApiServer.start()
  const client = clientOf(api)
  for (let at = 0; at < 1203; at++)
    api.store.create(MAPS, {
      metadata: { name: `m${at}`, namespace: 'default' },
      data: { value: String(at) },
    })
  const maps = informer<string>({
    ...{ client, clock: new FakeClock(), log: new MemoryLog(), type: configMaps },
    project: ({ data }) => (data as { value: string }).value,
  })
  t.after(async () => {
    await maps[Symbol.asyncDispose]()
    client.close()
    await api[Symbol.asyncDispose]()
  })
  await maps.synced
  assert.equal(maps.size, 1203)
  assert.equal(maps.get('default', 'm1202'), '1202')
  assert.equal(api.requests.filter(({ path }) => path.endsWith('/configmaps')).length >= 3, true)
})

test('a watch that is cut goes on where it stopped: nothing is listed again, nothing told twice', async t => {
  const { api, client, told, maps, until } = await followed(t)
  await maps.synced
  await until(() => api.watches === 1)
  await client.create(configMaps, map('a', '1'))
  await until(() => told.length === 1)
  api.cutWatches()
  await until(() => api.watches === 0)
  await client.create(configMaps, map('b', '1'))
  await until(() => told.length === 2)
  assert.deepEqual(told, ['added a 1', 'added b 1'])
  assert.equal(lists(api), 1)
})

test('a watch that something cuts again and again, before anything happens, is no reason to list', async t => {
  const { api, maps, until } = await followed(t)
  await maps.synced
  for (let times = 0; times < 8; times++) {
    await until(() => api.watches === 1)
    // The client has to have heard that its watch was taken.
    await until(() => maps.state.connected)
    api.cutWatches()
    await until(() => !maps.state.connected)
  }
  await until(() => api.watches === 1)
  assert.equal(lists(api), 1)
})

test('a server that vanishes without a word is noticed, and the watch is made anew', async t => {
  const { api, client, clock, told, maps, until } = await followed(t)
  await maps.synced
  await until(() => api.watches === 1)
  await until(() => maps.state.connected)
  const watches = () =>
    api.requests.filter(({ wish }) => wish && 'resource' in wish && wish.verb === 'watch').length
  const before = watches()
  clock.advance(200_000)
  await until(() => watches() > before && maps.state.connected)
  await client.create(configMaps, map('a', '1'))
  await until(() => told.length === 1)
  assert.equal(lists(api), 1)
})

test('after a history that is forgotten it lists, and tells only what has really changed', async t => {
  const { api, client, told, maps, until } = await followed(t)
  await maps.synced
  await client.create(configMaps, map('stays', '1'))
  await client.create(configMaps, map('goes', '1'))
  const changing = await client.create(configMaps, map('changes', '1'))
  await until(() => told.length === 3)
  await api.goAway()
  const { store } = api
  store.delete(MAPS, 'default', 'goes')
  store.update(MAPS, { ...changing, data: { value: '2' } })
  api.compact()
  await api.comeBack()
  await until(() => told.length === 5)
  assert.deepEqual(told.slice(3).sort(), ['changed changes 2 was 1', 'removed goes 1'])
  assert.equal(maps.size, 2)
})

test('a bookmark moves the place in the history on, so that a quiet kind need not be listed again', async t => {
  const { api, client, maps, until } = await followed(t)
  await maps.synced
  await until(() => api.watches === 1)
  // Others write so much that the server forgets; the informer has heard a bookmark behind it.
  for (let at = 0; at < 5; at++)
    await client.create(RESOURCES.secrets, { metadata: { name: `s${at}`, namespace: 'default' } })
  const heard = maps.state.lastHeardMs
  await until(() => {
    api.bookmark()
    return maps.state.lastHeardMs > heard
  })
  api.compact()
  api.cutWatches()
  await until(() => api.watches === 0)
  await until(() => api.watches === 1)
  assert.equal(lists(api), 1)
})

test('while the server is away the store stays as it was and says so once', async t => {
  const { api, client, log, maps, until } = await followed(t)
  await client.create(configMaps, map('a', '1'))
  await until(() => maps.size === 1)
  await api.goAway()
  await until(() => !maps.state.connected)
  for (let tries = 0; tries < 5; tries++) await until(() => true)
  assert.equal(maps.get('default', 'a'), '1')
  assert.match(maps.state.problem ?? '', /connection/)
  const said = log.of('watch_failed').map(({ message }) => message)
  assert.ok(said.length <= 2, said.join('\n'))
  await api.comeBack()
  await until(() => maps.state.connected)
  assert.equal(maps.state.problem, undefined)
})

test('only what is selected and asked for is kept', async t => {
  const { client, told, maps, until } = await followed(t, { labelSelector: 'app=web' })
  await maps.synced
  await client.create(configMaps, map('other', '1'))
  const web = await client.create(configMaps, map('web', '1', { app: 'web' }))
  await until(() => told.length === 1)
  // What leaves the selection is gone.
  await client.replace(configMaps, { ...web, metadata: { ...web.metadata, labels: {} } })
  await until(() => told.length === 2)
  assert.deepEqual(told, ['added web 1', 'removed web 1'])
})

test('one who listens badly does not keep the others from hearing', async t => {
  const { client, told, maps, log, until } = await followed(t)
  const end = maps.onChange(() => {
    throw new Error('a mistake')
  })
  await client.create(configMaps, map('a', '1'))
  await until(() => log.of('change_failed').length === 1)
  end()
  await client.create(configMaps, map('b', '1'))
  await until(() => told.length === 2)
  assert.equal(log.of('change_failed').length, 1)
})

test('a right that is missing is told with the rule to add', async t => {
  const api = await ApiServer.start()
  const client = clientOf(api, api.tokenOf('default', 'nobody'))
  const clock = new FakeClock()
  const maps = informer<string>({ client, clock, log: new MemoryLog(), type: configMaps, project: () => '' })
  t.after(async () => {
    await maps[Symbol.asyncDispose]()
    client.close()
    await api[Symbol.asyncDispose]()
  })
  while (maps.state.problem === undefined) await pause(1)
  assert.match(maps.state.problem, /add to a ClusterRole.*"resources":\["configmaps"\],"verbs":\["list"\]/)
  assert.equal(maps.state.synced, false)
})

function lists(api: ApiServer): number {
  return api.requests.filter(({ wish }) => wish && 'resource' in wish && wish.verb === 'list').length
}
