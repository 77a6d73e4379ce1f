import { type Infer, s } from '../../../kernel/config/schema.ts'

export const watchdogConfig = s.object(
  {
    interval: s.duration({
      about: 'How often all pods are looked at, and gauges and Events follow.',
      default: '30s',
      min: '1s',
    }),
    grace: s.duration({
      about: 'A pod younger than this is not told of: it may be on its way.',
      default: '15s',
    }),
    events: s.boolean({
      about: 'Whether an Event is written beside a pod that lacks a sidecar, or has another than it should.',
      default: true,
    }),
    maxEventsPerMinute: s.integer({
      about: 'Above it Events are left out, and counted.',
      default: 30,
      min: 1,
    }),
    evict: s.object(
      {
        perMinute: s.integer({ about: 'At most so many pods.', default: 2, min: 1, max: 600 }),
        perOwner: s.integer({
          about:
            'Of one owner at most so many an hour: pods that come back without the sidecar are not evicted again and again.',
          default: 3,
          min: 1,
        }),
      },
      {
        about:
          'Pods that lack a sidecar which they must not be without are evicted, so that their owner makes them anew. PodDisruptionBudgets are respected, and a pod that nobody would make anew is left. Off unless given.',
        optional: true,
      },
    ),
  },
  {
    about:
      'Looks for pods that lack a sidecar they asked for, or whose sidecar is no longer as the catalogue has it. Needs `cluster` and `injection`.',
  },
)

export type WatchdogConfig = Infer<typeof watchdogConfig>
