import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startFakeEcsAgent } from '../../../../../test/fakes/aws/endpoints.ts'
import { stepOf } from '../step-fake.ts'

const ID = (digit: string) => digit.repeat(64)
const task = 'arn:aws:ecs:eu-central-1:123456789012:task/shop/4f1'
const instance = 'arn:aws:ecs:eu-central-1:123456789012:container-instance/shop/77'

describe('ecs', () => {
  it('adds what the task metadata endpoint tells of the own task, and the container by the tag of FireLens', async t => {
    const agent = await startFakeEcsAgent({
      '/v4/x/task': {
        Cluster: 'arn:aws:ecs:eu-central-1:1:cluster/shop',
        TaskARN: task,
        Family: 'web',
        Revision: '3',
        Containers: [],
      },
    })
    t.after(() => agent.close())
    const env = { ECS_CONTAINER_METADATA_URI_V4: `${agent.url}/v4/x` }
    const { apply, learnt, host } = stepOf({ ecs: {} }, { env })
    t.after(() => host.close())
    await Promise.all(learnt)
    const known = { ecs_cluster: 'shop', ecs_task_arn: task, ecs_task_definition: 'web:3' }
    assert.deepEqual(JSON.parse(apply('{}', 'x', 'app-firelens-4f1')!), { ...known, ecs_container: 'app' })
    assert.deepEqual(JSON.parse(apply('{"ecs_cluster":"mine"}')!), { ...known, ecs_cluster: 'mine' })
  })

  it('tells that this is no task', async () => {
    const { learnt, host } = stepOf({ ecs: {} })
    await Promise.all(learnt)
    await host.close()
    assert.match(JSON.stringify(host.log), /ECS_CONTAINER_METADATA_URI_V4 is not set/)
  })

  it('knows all containers of an instance by their ids, also those that come later', async t => {
    const Tasks = [
      {
        Arn: task,
        Family: 'web',
        Version: '3',
        Containers: [{ DockerId: ID('a'), DockerName: 'ecs-web-3', Name: 'app' }],
      },
    ]
    const agent = await startFakeEcsAgent({
      '/v1/metadata': { Cluster: 'shop', ContainerInstanceArn: instance, Version: 'Agent 1' },
      '/v1/tasks': { Tasks },
    })
    t.after(() => agent.close())
    const fields = {
      what: '{cluster}/{container}',
      task: '{taskId}',
      all: '{family} {revision} {dockerName} {containerId} {instanceId} {instanceArn} {taskArn} {agentVersion}',
      host: '{instanceId}',
    }
    const { apply, learnt, host } = stepOf({
      ecs: { fields, introspection: { url: agent.url, tagPrefix: 'ecs.' } },
    })
    t.after(() => host.close())
    await Promise.all(learnt)
    assert.deepEqual(JSON.parse(apply('{}', 'x', `ecs.${'a'.repeat(12)}`)!), {
      what: 'shop/app',
      task: '4f1',
      all: `web 3 ecs-web-3 ${ID('a')} 77 ${instance} ${task} Agent 1`,
      host: '77',
    })
    const later = () => apply('{}', 'x', `ecs.${ID('b')}`)!
    assert.equal(later(), '{"host":"77"}')
    assert.equal(host.metric('ecs_unknown_containers_total', { input: 'test' }), 1)
    Tasks.push({
      Arn: `${task}2`,
      Family: 'job',
      Version: '1',
      Containers: [{ DockerId: ID('b'), DockerName: 'd', Name: 'side' }],
    })
    host.clock.advance(2000)
    while (!later().includes('shop/side')) await pause(1)
    assert.equal(apply('{}', 'x', 'other'), '{"host":"77"}')
  })

  it('refuses a text that names what nobody knows', () => {
    assert.throws(() => stepOf({ ecs: { fields: { a: '{taskid}' } } }), /taskid.*is not known/)
  })
})
