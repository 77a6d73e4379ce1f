import { type AwsWorld, said } from '../../../../backends/aws/world.ts'
import type { TaskFact } from './config.ts'

export type Facts = Readonly<Partial<Record<TaskFact, string>>>

/** What is known of an instance or task, and by the first twelve digits of their ids of containers. */
export interface Tasks {
  readonly common: Facts
  readonly containers: ReadonlyMap<string, Facts>
}

const timeoutMs = 2000
const SHORT_ID = 12
/** An instance may run hundreds of tasks. */
const maxReplyBytes = 8 * 1024 * 1024

type Ask = AwsWorld['ask']

/** The task that this process belongs to ("Task metadata endpoint version 4" in the developer guide of ECS). */
export async function ownTask(ask: Ask, env: AwsWorld['env']): Promise<Tasks> {
  const base = env['ECS_CONTAINER_METADATA_URI_V4']
  if (!base || !URL.canParse(base))
    throw new Error('this is no task of Amazon ECS: ECS_CONTAINER_METADATA_URI_V4 is not set')
  const task = await jsonOf<TaskMetadata>(ask, `${base}/task`)
  const common = {
    ...given({ cluster: lastPart(task.Cluster), family: task.Family, revision: task.Revision }),
    ...ofArn(task.TaskARN),
  }
  return { common, containers: byId(task.Containers ?? [], common) }
}

/** All tasks of a container instance ("Container introspection" in the same guide). */
export async function instanceTasks(ask: Ask, url: string): Promise<Tasks> {
  const instance = await jsonOf<InstanceMetadata>(ask, `${url}/v1/metadata`)
  const arn = instance.ContainerInstanceArn
  const common = given({
    cluster: lastPart(instance.Cluster),
    instanceArn: arn,
    instanceId: lastPart(arn),
    agentVersion: instance.Version,
  })
  const { Tasks = [] } = await jsonOf<{ Tasks?: readonly IntrospectedTask[] }>(ask, `${url}/v1/tasks`)
  const containers = Tasks.flatMap(task => {
    const facts = { ...common, ...given({ family: task.Family, revision: task.Version }), ...ofArn(task.Arn) }
    return [...byId(task.Containers ?? [], facts)]
  })
  return { common, containers: new Map(containers) }
}

interface Container {
  readonly DockerId?: string
  readonly DockerName?: string
  readonly Name?: string
}

interface TaskMetadata {
  readonly Cluster?: string
  readonly TaskARN?: string
  readonly Family?: string
  readonly Revision?: string
  readonly Containers?: readonly Container[]
}

interface InstanceMetadata {
  readonly Cluster?: string
  readonly ContainerInstanceArn?: string
  readonly Version?: string
}

interface IntrospectedTask {
  readonly Arn?: string
  readonly Family?: string
  readonly Version?: string
  readonly Containers?: readonly Container[]
}

function byId(containers: readonly Container[], task: Facts): Map<string, Facts> {
  return new Map(
    containers.flatMap(({ DockerId: containerId, DockerName: dockerName, Name: container }) =>
      containerId === undefined
        ? []
        : [[containerId.slice(0, SHORT_ID), { ...task, ...given({ containerId, dockerName, container }) }]],
    ),
  )
}

function ofArn(taskArn: string | undefined): Facts {
  return given({ taskArn, taskId: lastPart(taskArn) })
}

/** Names stand behind the last slash of an ARN; a name of its own is one, too. */
function lastPart(arn: string | undefined): string | undefined {
  return arn?.slice(arn.lastIndexOf('/') + 1)
}

function given(facts: Readonly<Partial<Record<TaskFact, string | undefined>>>): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, text]) => typeof text === 'string'))
}

async function jsonOf<T>(ask: Ask, url: string): Promise<T> {
  const reply = await ask({ url: new URL(url), timeoutMs, maxReplyBytes })
  if ('unreachable' in reply) throw new Error(`${url}: ${reply.unreachable}`)
  if (reply.status !== 200) throw new Error(`${url} ${said(reply)}`)
  try {
    return JSON.parse(reply.body) as T
  } catch {
    throw new Error(`${url} gave no JSON`)
  }
}
