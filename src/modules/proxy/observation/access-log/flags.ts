import type { FailureCode } from '../../failure.ts'

interface Flag {
  readonly short: string
  readonly long: string
}

const NO_ROUTE: Flag = { short: 'NR', long: 'NoRouteFound' }
const UPSTREAM_FAILURE: Flag = { short: 'UF', long: 'UpstreamConnectionFailure' }
const OVERFLOW: Flag = { short: 'UO', long: 'UpstreamOverflow' }
const PROTOCOL: Flag = { short: 'DPE', long: 'DownstreamProtocolError' }
const REFUSED: Flag = { short: 'UAEX', long: 'UnauthorizedExternalService' }
const NONE: Flag = { short: '-', long: '-' }

/** Envoy's response flags for our codes of failures, for those whose tools read them. */
export const RESPONSE_FLAGS: Readonly<Record<FailureCode, Flag>> = {
  bad_request: PROTOCOL,
  route_not_found: NO_ROUTE,
  denied: REFUSED,
  unauthenticated: REFUSED,
  rate_limited: { short: 'RL', long: 'RateLimited' },
  limits_unavailable: { short: 'RLSE', long: 'RateLimitServiceError' },
  no_backend: { short: 'NC', long: 'NoClusterFound' },
  no_healthy_upstream: { short: 'UH', long: 'NoHealthyUpstream' },
  circuit_open: OVERFLOW,
  upstream_connect_failed: UPSTREAM_FAILURE,
  upstream_reset: { short: 'UC', long: 'UpstreamConnectionTermination' },
  upstream_malformed: { short: 'UPE', long: 'UpstreamProtocolError' },
  upstream_tls_failed: UPSTREAM_FAILURE,
  identity_unknown: UPSTREAM_FAILURE,
  connect_timeout: UPSTREAM_FAILURE,
  timeout: { short: 'UT', long: 'UpstreamRequestTimeout' },
  budget_exhausted: OVERFLOW,
  request_timeout: { short: 'SI', long: 'StreamIdleTimeout' },
  body_too_large: NONE,
  client_gone: { short: 'DC', long: 'DownstreamConnectionTermination' },
  fault_injected: { short: 'FI', long: 'FaultInjected' },
  draining: { short: 'LR', long: 'LocalReset' },
  loop_detected: NONE,
}
