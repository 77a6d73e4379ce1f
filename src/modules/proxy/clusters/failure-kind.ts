import type { CallResult } from './cluster.ts'

/** Statuses by which a gateway tells that what is behind it did not answer. */
export function isGatewayStatus(status: number | undefined): boolean {
  return status === 502 || status === 503 || status === 504
}

/** success: an answer below 500; gateway: nothing or a gateway's status came back; error: another 5xx; none: the caller gave up. */
export function kindOfEnd({ outcome, status }: CallResult): 'success' | 'error' | 'gateway' | 'none' {
  if (outcome === 'cancelled') return 'none'
  if (outcome !== 'answered' || isGatewayStatus(status)) return 'gateway'
  return status !== undefined && status >= 500 ? 'error' : 'success'
}
