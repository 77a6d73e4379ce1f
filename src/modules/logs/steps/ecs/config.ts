import type { Problem } from '../../../../kernel/config/problem.ts'
import { type Infer, s } from '../../../../kernel/config/schema.ts'
import { checkField, FIELD_NOTATION } from '../../condition/field.ts'

export const TASK_FACTS = [
  'cluster',
  'taskArn',
  'taskId',
  'family',
  'revision',
  'container',
  'dockerName',
  'containerId',
  'instanceArn',
  'instanceId',
  'agentVersion',
] as const

export type TaskFact = (typeof TASK_FACTS)[number]

export const ecsConfig = s.object(
  {
    fields: s.map(
      s.string({ about: `Text with places such as {taskId}. There are ${TASK_FACTS.join(', ')}.` }),
      {
        about: `The fields and their texts; ${FIELD_NOTATION}. A field whose text names something unknown is left out.`,
        default: {
          ecs_cluster: '{cluster}',
          ecs_task_arn: '{taskArn}',
          ecs_task_definition: '{family}:{revision}',
          ecs_container: '{container}',
        },
      },
    ),
    introspection: s.object(
      {
        url: s.url({
          about: 'Where the agent of the container instance answers.',
          protocols: ['http'],
          default: 'http://127.0.0.1:51678',
        }),
        tagPrefix: s.string({
          about: 'What stands in the tag before the id of the container (12 digits or all 64).',
          default: '',
          example: 'ecs.',
        }),
      },
      {
        about:
          'Records are of all tasks of a container instance, and the agent there is asked. Without it they are of the task that this sidecar belongs to, which the task metadata endpoint describes (ECS_CONTAINER_METADATA_URI_V4).',
        optional: true,
      },
    ),
    retryInterval: s.duration({
      about:
        'How long to wait before somebody is asked again: who did not answer, or did not know a container.',
      default: '2s',
      min: '100ms',
    }),
  },
  {
    about:
      'Adds what is known of the task of Amazon ECS that a record is of. A record that has a field of that name keeps it. The container is known from the tag, as FireLens makes it, or by its id.',
  },
)

export type EcsConfig = Infer<typeof ecsConfig>

/** The places in a text. */
export const PLACE = /\{(\w*)\}/g

export function checkEcs({ fields }: EcsConfig, path: Problem['path']): Problem[] {
  return Object.entries(fields).flatMap(([field, text]) => {
    const here = [...path, 'fields', field]
    const unknown = [...text.matchAll(PLACE)].find(([, name]) => !TASK_FACTS.includes(name as TaskFact))
    return [
      ...checkField(field, here),
      ...(unknown === undefined
        ? []
        : [
            {
              path: here,
              message: `"${unknown[0]}" is not known`,
              hint: `there are ${TASK_FACTS.join(', ')}`,
            },
          ]),
    ]
  })
}
