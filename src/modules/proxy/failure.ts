/**
 * Why a request did not get its answer from the application: one code, the same in the `outrigger-error` response
 * header, in the log and in the metric. The status is what the client gets when nothing was sent yet.
 */
export const FAILURES = {
  bad_request: { status: 400, about: 'the request is not one that may be forwarded' },
  route_not_found: { status: 404, about: 'no route matches the request' },
  denied: { status: 403, about: 'an access rule refuses the request' },
  unauthenticated: { status: 401, about: 'the request needs an identity that it does not prove' },
  rate_limited: { status: 429, about: 'the caller used up its rate' },
  limits_unavailable: { status: 503, about: 'the limits that sidecars share cannot be counted' },
  no_backend: { status: 500, about: 'the route names no backend that exists' },
  no_healthy_upstream: { status: 503, about: 'no endpoint of the backend may be used' },
  circuit_open: { status: 503, about: 'the backend has as many connections or requests as it is allowed' },
  upstream_connect_failed: { status: 502, about: 'no connection to the endpoint' },
  upstream_reset: { status: 502, about: 'the endpoint broke off before its answer' },
  upstream_malformed: { status: 502, about: 'the endpoint sent something that is not HTTP' },
  identity_unknown: {
    status: 502,
    about: 'who is to be met at the endpoint is not known, and without that nothing may be sent there',
  },
  upstream_tls_failed: { status: 502, about: 'no trusted connection to the endpoint' },
  connect_timeout: { status: 504, about: 'the endpoint did not take the connection in time' },
  timeout: { status: 504, about: 'the answer did not come in time' },
  budget_exhausted: { status: 503, about: 'another try would exceed the retry budget' },
  request_timeout: { status: 408, about: 'the request body did not come in time' },
  body_too_large: { status: 413, about: 'the request body is larger than allowed' },
  client_gone: { status: 499, about: 'the client went away before its answer' },
  fault_injected: { status: 503, about: 'a configured fault' },
  draining: { status: 503, about: 'the sidecar is about to end' },
  loop_detected: { status: 508, about: 'the request has come through this sidecar already' },
} as const satisfies Record<string, { readonly status: number; readonly about: string }>

export type FailureCode = keyof typeof FAILURES
