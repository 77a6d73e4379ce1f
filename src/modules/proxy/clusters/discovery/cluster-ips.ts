import { isIP } from 'node:net'
import { s } from '../../../../kernel/config/schema.ts'

/** How Kubernetes writes that a Service is headless. */
export const HEADLESS = 'None'

/** Kubernetes gives a Service one for each family of addresses. */
const MAX_CLUSTER_IPS = 16

/** `spec.clusterIPs` of a Service. */
export const clusterIPs = s.list(
  s.string({
    about: 'An IP address without port, or None.',
    pattern: /^(?:None|[0-9a-fA-F.:]+)$/,
    expected: 'an IP address, or None',
    example: '10.96.0.12',
  }),
  {
    about:
      'The cluster IPs of the Service that this upstream stands for (its `spec.clusterIPs`): captured connections to these addresses are for that Service. [None] is a headless Service: the addresses are those of its endpoints.',
    optional: true,
    minItems: 1,
    example: ['10.96.0.12'],
  },
)

/** What is wrong with them that their form lets pass, and with which one; undefined for nothing. */
export function wrongClusterIp(
  list: readonly string[],
): { readonly index: number; readonly message: string } | undefined {
  const index = list.findIndex(text => text !== HEADLESS && isIP(text) === 0)
  if (index !== -1) return { index, message: `expected an IP address, or None, got "${list[index]}"` }
  if (list.length > 1 && list.includes(HEADLESS))
    return { index: list.indexOf(HEADLESS), message: 'a headless Service has no cluster IPs' }
  if (list.length <= MAX_CLUSTER_IPS) return undefined
  return {
    index: MAX_CLUSTER_IPS,
    message: `expected at most ${MAX_CLUSTER_IPS} addresses, got ${list.length}`,
  }
}

/** A list from outside: whole or not at all. Undefined where none is said; a text is what is wrong. */
export function readClusterIps(input: unknown): readonly string[] | string | undefined {
  if (input === undefined) return undefined
  const decoded = clusterIPs.decode(input)
  if (!decoded.ok) return `\`clusterIPs\`: ${decoded.problems[0]!.message}`
  const wrong = wrongClusterIp(decoded.value ?? [])
  return wrong === undefined ? decoded.value : `\`clusterIPs\`: ${wrong.message}`
}
