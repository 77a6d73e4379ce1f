import { fieldNotation } from '../../values/accessor.ts'
import { readWords } from '../../values/scalars.ts'
import { option } from '../option.ts'
import type { FilterPlugin } from '../plugin.ts'

/** The plugin's names of what it knows. */
const FACTS: Readonly<Record<string, string>> = {
  ClusterName: 'cluster',
  ContainerInstanceArn: 'instanceArn',
  ContainerInstanceARN: 'instanceArn',
  ContainerInstanceID: 'instanceId',
  ECSAgentVersion: 'agentVersion',
  TaskID: 'taskId',
  TaskARN: 'taskArn',
  TaskDefinitionFamily: 'family',
  TaskDefinitionVersion: 'revision',
  ECSContainerName: 'container',
  DockerContainerName: 'dockerName',
  ContainerID: 'containerId',
}

/** Tasks of Amazon ECS, told by the agent of their instance. */
export const ecs: FilterPlugin = {
  about: 'Adds metadata of the ECS task',
  options: {
    add: option.text(undefined, { repeated: true }),
    ecs_tag_prefix: option.text(''),
    cluster_metadata_only: option.needless(
      'fields that name a task are left out where it is not known',
      'false',
    ),
    ecs_meta_cache_ttl: option.needless('what is known of a container does not change', '3600'),
    ecs_meta_host: option.text('127.0.0.1'),
    ecs_meta_port: option.integer('51678'),
    agent_endpoint_retries: option.needless('the agent is asked until it answers', '2'),
  },
  translate(settings) {
    const fields = settings.written('add').flatMap(({ text, place }) => {
      const [key, ...words] = readWords(text)
      const name = key === undefined ? undefined : fieldNotation([key])
      const template = words.join(' ')
      const unknown = [...template.matchAll(/\$(\w+)/g)].find(([, fact]) => FACTS[fact] === undefined)
      if (name !== undefined && template !== '' && unknown === undefined)
        return [[name, template.replace(/\$(\w+)/g, (_, fact: string) => `{${FACTS[fact]}}`)] as const]
      const known = Object.keys(FACTS).map(fact => `$${fact}`)
      const message =
        unknown === undefined ? `expected a key and a text, got "${text}"` : `${unknown[0]} is not known`
      settings.fail(place, 'add', message, `there are ${known.join(', ')}`)
      return []
    })
    const prefix = settings.text('ecs_tag_prefix')
    const url = `http://${settings.text('ecs_meta_host') ?? '127.0.0.1'}:${settings.integer('ecs_meta_port') ?? 51678}`
    return [
      {
        ecs: {
          fields: Object.fromEntries(fields),
          introspection: { url, ...(prefix !== undefined && { tagPrefix: prefix }) },
        },
      },
    ]
  },
}
