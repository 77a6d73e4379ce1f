import { type InstanceMetadata, openInstanceMetadata } from '../../../../backends/aws/instance.ts'
import { awsWorld, said } from '../../../../backends/aws/world.ts'
import { type KeyPath, keyOf, keyPathOf } from '../../../../wire/json/path.ts'
import { ValueSpan } from '../../../../wire/json/value.ts'
import { fieldPath } from '../../condition/field.ts'
import { compilePatterns } from '../../text-patterns.ts'
import { learn } from '../learning.ts'
import type { Step, StepHost } from '../step.ts'
import type { Ec2Config, INSTANCE_FACTS } from './config.ts'

type Fact = (typeof INSTANCE_FACTS)[number]

/** How many tags an instance may have (EC2's own limit is 50). */
const MAX_TAGS = 64

/** Adds what is known of the instance. Nothing is added before the metadata service has answered. */
export function ec2Step(config: Ec2Config, host: StepHost): Step {
  let fields: readonly (readonly [KeyPath, Buffer])[] = []
  if (!host.offline)
    learn(host, {
      firstPauseMs: config.retryIntervalMs,
      ask: () => factsOf(config, host),
      take: known => {
        fields = known.map(([path, text]) => [path, Buffer.from(JSON.stringify(text))])
      },
    })
  const value = new ValueSpan()
  return record => {
    for (const [path, text] of fields) if (!record.locate(path, value)) record.set(path, text)
    return true
  }
}

async function factsOf({ fields, tags, exceptTags }: Ec2Config, { clock, env }: StepHost) {
  const metadata = await openInstanceMetadata(awsWorld(clock, env))
  if ('absent' in metadata) throw new Error(`the instance’s metadata service: ${metadata.absent}`)
  const known: [KeyPath, string][] = []
  for (const [field, fact] of Object.entries(fields)) {
    const text = await factOf(fact, metadata)
    if (text !== undefined) known.push([keyPathOf(fieldPath(field)), text])
  }
  if (tags.length === 0) return known
  const [isMeant, isExcepted] = [compilePatterns(tags), compilePatterns(exceptTags)]
  const names = (await textAt(metadata, '/latest/meta-data/tags/instance')) ?? ''
  for (const name of names.split('\n').slice(0, MAX_TAGS)) {
    if (name === '' || !isMeant(name) || isExcepted(name)) continue
    const text = await textAt(metadata, `/latest/meta-data/tags/instance/${encodeURIComponent(name)}`)
    if (text !== undefined) known.push([[keyOf(name)], text])
  }
  return known
}

const PATHS: Partial<Readonly<Record<Fact, string>>> = {
  zone: 'placement/availability-zone',
  region: 'placement/region',
  instanceId: 'instance-id',
  instanceType: 'instance-type',
  privateIp: 'local-ipv4',
  hostname: 'hostname',
  imageId: 'ami-id',
}

async function factOf(fact: Fact, metadata: InstanceMetadata): Promise<string | undefined> {
  const path = PATHS[fact]
  if (path !== undefined) return textAt(metadata, `/latest/meta-data/${path}`)
  if (fact === 'accountId') {
    const document = await textAt(metadata, '/latest/dynamic/instance-identity/document')
    return document === undefined ? undefined : (JSON.parse(document) as { accountId?: string }).accountId
  }
  const mac = await textAt(metadata, '/latest/meta-data/mac')
  return mac && textAt(metadata, `/latest/meta-data/network/interfaces/macs/${mac.trim()}/vpc-id`)
}

/** Undefined for what this instance does not have. */
async function textAt(metadata: InstanceMetadata, path: string): Promise<string | undefined> {
  const reply = await metadata.get(path)
  if ('unreachable' in reply) throw new Error(`the instance’s metadata service: ${reply.unreachable}`)
  if (reply.status === 404) return undefined
  if (reply.status !== 200) throw new Error(`the instance’s metadata service ${said(reply)}`)
  return reply.body
}
