import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { startFakeMetadata } from '../../../../../test/fakes/aws/endpoints.ts'
import { stepOf } from '../step-fake.ts'

const facts = {
  'meta-data/placement/availability-zone': 'eu-central-1a',
  'meta-data/placement/region': 'eu-central-1',
  'meta-data/instance-id': 'i-0123',
  'meta-data/instance-type': 't4g.nano',
  'meta-data/local-ipv4': '10.0.0.4',
  'meta-data/hostname': 'ip-10-0-0-4',
  'meta-data/ami-id': 'ami-1',
  'meta-data/mac': '0a:ff',
  'meta-data/network/interfaces/macs/0a:ff/vpc-id': 'vpc-1',
  'dynamic/instance-identity/document': '{"accountId":"123456789012"}',
  'meta-data/tags/instance': 'Name\nteam one\nsecret',
  'meta-data/tags/instance/Name': 'web',
  'meta-data/tags/instance/team%20one': 'a "b"',
  'meta-data/tags/instance/secret': 'x',
}

const at = (url: string) => ({ env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: url } })

describe('ec2', () => {
  it('adds zone and id of the instance, and keeps what a record says itself', async t => {
    const service = await startFakeMetadata({ facts })
    t.after(() => service.close())
    const { apply, learnt, host } = stepOf({ ec2: {} }, at(service.url))
    t.after(() => host.close())
    assert.equal(apply('{}'), '{}')
    await Promise.all(learnt)
    assert.equal(apply('{"az":1}'), '{"az":1,"ec2_instance_id":"i-0123"}')
  })

  it('knows all facts, and the tags that are meant', async t => {
    const service = await startFakeMetadata({ facts })
    t.after(() => service.close())
    const names = [
      'zone',
      'region',
      'instanceId',
      'instanceType',
      'privateIp',
      'hostname',
      'imageId',
      'accountId',
      'vpcId',
    ]
    const fields = Object.fromEntries(names.map(name => [`x.${name}`, name]))
    const { apply, learnt, host } = stepOf(
      { ec2: { fields, tags: ['*'], exceptTags: ['secret'] } },
      at(service.url),
    )
    t.after(() => host.close())
    await Promise.all(learnt)
    assert.deepEqual(JSON.parse(apply('{}')!), {
      x: {
        zone: 'eu-central-1a',
        region: 'eu-central-1',
        instanceId: 'i-0123',
        instanceType: 't4g.nano',
        privateIp: '10.0.0.4',
        hostname: 'ip-10-0-0-4',
        imageId: 'ami-1',
        accountId: '123456789012',
        vpcId: 'vpc-1',
      },
      Name: 'web',
      'team one': 'a "b"',
    })
  })

  it('leaves out what the instance does not have', async t => {
    const service = await startFakeMetadata({ facts: { 'meta-data/instance-id': 'i-1' } })
    t.after(() => service.close())
    const { apply, learnt, host } = stepOf({ ec2: { tags: ['*'] } }, at(service.url))
    t.after(() => host.close())
    await Promise.all(learnt)
    assert.equal(apply('{}'), '{"ec2_instance_id":"i-1"}')
  })

  it('tells that nobody answers, and asks again', async t => {
    const service = await startFakeMetadata({ facts, broken: 2 })
    t.after(() => service.close())
    const { apply, learnt, host } = stepOf({ ec2: { retryInterval: '10s' } }, at(service.url))
    t.after(() => host.close())
    await Promise.all(learnt)
    assert.equal(apply('{}'), '{}')
    assert.match(JSON.stringify(host.log), /metadata service: answered 500/)
    await new Promise(setImmediate)
    host.clock.advance(10_000)
    while (apply('{}') === '{}') await pause(1)
    assert.match(apply('{}')!, /i-0123/)
  })

  it('asks nobody while lines are only tried', () => {
    const { apply, learnt } = stepOf({ ec2: {} }, { offline: true })
    assert.deepEqual([apply('{}'), learnt.length], ['{}', 0])
  })
})
