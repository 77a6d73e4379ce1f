import { at, isObject, type Json } from './json.ts'
import { parseQuantity } from './quantity.ts'
import { containersOf, type PodContainer } from './workload.ts'

/** By resource name (`cpu`, `memory`, `ephemeral-storage`, …), in base units: processors, bytes. */
export type Amounts = Readonly<Record<string, number>>

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** Resources that a pod may ask for as a whole; the others are asked for by containers alone. */
const POD_LEVEL = /^(?:cpu|memory|hugepages-.+)$/

/** What one container asks for. A limit without a request is the request, as the API server defaults it. */
export function requestsOf({ container }: PodContainer): Amounts {
  return {
    ...amounts(at(container, ['resources', 'limits'])),
    ...amounts(at(container, ['resources', 'requests'])),
  }
}

export function limitsOf({ container }: PodContainer): Amounts {
  return amounts(at(container, ['resources', 'limits']))
}

/**
 * What the scheduler reserves for a pod (PodRequests of k8s.io/component-helpers): native sidecars count with the
 * application's containers, and with each init container that starts after them; the largest of these counts.
 * `template` holds `spec`.
 */
export function podRequests(template: Json | undefined): Amounts {
  const sum = effective(containersOf(template), requestsOf)
  const wholeLimits = podLevel(at(template, ['spec', 'resources', 'limits']))
  const whole = { ...wholeLimits, ...podLevel(at(template, ['spec', 'resources', 'requests'])) }
  return add({ ...sum, ...whole }, amounts(at(template, ['spec', 'overhead'])))
}

/** The same of limits. A resource that a container of the application or a sidecar has no limit of is left out: nothing bounds the pod. */
export function podLimits(template: Json | undefined): Amounts {
  const containers = containersOf(template)
  const sum = effective(containers, limitsOf)
  const lasting = containers.filter(({ role }) => role !== 'init')
  const bounded = Object.entries(sum).filter(([name]) =>
    lasting.every(each => limitsOf(each)[name] !== undefined),
  )
  const whole = podLevel(at(template, ['spec', 'resources', 'limits']))
  const limits = { ...Object.fromEntries(bounded), ...whole }
  const overhead = amounts(at(template, ['spec', 'overhead']))
  return Object.fromEntries(
    Object.entries(limits).map(([name, value]) => [name, value + (overhead[name] ?? 0)]),
  )
}

/**
 * Guaranteed: every container, init containers too, has limits of processor and memory, and asks for exactly these.
 * BestEffort: none asks for any of them. Resources of the pod as a whole decide alone where they are given.
 */
export function qosClass(template: Json | undefined): QosClass {
  if (isGuaranteed(template)) return 'Guaranteed'
  const isSet = (resources: Json | undefined) => {
    const { cpu = 0, memory = 0 } = {
      ...amounts(at(resources, ['limits'])),
      ...amounts(at(resources, ['requests'])),
    }
    return cpu > 0 || memory > 0
  }
  return resourcesOf(template).some(isSet) ? 'Burstable' : 'BestEffort'
}

/** The first container that is not exact settles it: most pods are read no further. */
export function isGuaranteed(template: Json | undefined): boolean {
  const all = resourcesOf(template)
  return (
    all.length > 0 &&
    all.every(resources =>
      ['cpu', 'memory'].every(name => {
        const limit = parseQuantity(at(resources, ['limits', name]))
        const request = parseQuantity(at(resources, ['requests', name])) ?? limit
        return limit !== undefined && limit > 0 && request === limit
      }),
    )
  )
}

/** Those of the pod as a whole, or of each container. */
function resourcesOf(template: Json | undefined): (Json | undefined)[] {
  const whole = at(template, ['spec', 'resources'])
  return isObject(whole) ? [whole] : containersOf(template).map(({ container }) => container['resources'])
}

/** Adds per resource. */
export function add(one: Amounts, other: Amounts): Amounts {
  const sum: Record<string, number> = { ...one }
  for (const [name, value] of Object.entries(other)) sum[name] = exact((sum[name] ?? 0) + value)
  return sum
}

/** 0.1 + 0.2 is 0.3: quantities go down to a billionth. Amounts of bytes are whole as they are. */
function exact(value: number): number {
  return Math.abs(value) < 1e6 ? Math.round(value * 1e9) / 1e9 : value
}

function effective(containers: readonly PodContainer[], of: (container: PodContainer) => Amounts): Amounts {
  let lasting: Amounts = {}
  let sidecars: Amounts = {}
  let peak: Amounts = {}
  for (const container of containers) {
    const own = of(container)
    if (container.role === 'app') lasting = add(lasting, own)
    else if (container.role === 'sidecar') {
      lasting = add(lasting, own)
      sidecars = add(sidecars, own)
      peak = largest(peak, sidecars)
    } else peak = largest(peak, add(sidecars, own))
  }
  return largest(lasting, peak)
}

function largest(one: Amounts, other: Amounts): Amounts {
  const result: Record<string, number> = { ...one }
  for (const [name, value] of Object.entries(other)) result[name] = Math.max(result[name] ?? 0, value)
  return result
}

function podLevel(value: Json | undefined): Amounts {
  return Object.fromEntries(Object.entries(amounts(value)).filter(([name]) => POD_LEVEL.test(name)))
}

/** What is no quantity counts as nothing. */
function amounts(value: Json | undefined): Amounts {
  if (!isObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, text]) => {
      const amount = parseQuantity(text)
      return amount === undefined ? [] : [[name, amount]]
    }),
  )
}
