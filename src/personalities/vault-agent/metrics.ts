import type { MetricFamily, Sample } from '../../wire/prometheus/family.ts'

/** Vault Agent's own metrics, from those of the secrets module. */
export function agentFamilies(own: readonly MetricFamily[]): MetricFamily[] {
  const logins = own.find(({ name }) => name === 'outrigger_secrets_logins')?.samples ?? []
  const count = (outcome: string) =>
    logins
      .filter(({ labels }) => has(labels, 'what', 'login') && has(labels, 'outcome', outcome))
      .reduce((sum, { value }) => sum + value, 0)
  const lookups = own.find(({ name }) => name === 'outrigger_secrets_gateway_lookups')?.samples ?? []
  const requests = own.find(({ name }) => name === 'outrigger_secrets_gateway_requests')?.samples ?? []
  const sum = (samples: readonly Sample[], ...outcomes: string[]) =>
    samples
      .filter(({ labels }) => outcomes.some(outcome => has(labels, 'outcome', outcome)))
      .reduce((total, { value }) => total + value, 0)
  return [
    counter('vault_agent_auth_success', 'Logins that worked.', count('ok')),
    counter('vault_agent_auth_failure', 'Logins that failed.', count('failed')),
    counter('vault_agent_proxy_success', 'Requests that Vault carried out.', sum(requests, 'ok')),
    counter('vault_agent_proxy_client_error', 'Requests that Vault refused.', sum(requests, 'client_error')),
    counter(
      'vault_agent_proxy_error',
      'Requests that had no good answer.',
      sum(requests, 'server_error', 'failed'),
    ),
    counter('vault_agent_cache_hit', 'Answers from the cache.', sum(lookups, 'hit')),
    counter('vault_agent_cache_miss', 'Answers that were not in the cache.', sum(lookups, 'miss')),
  ]
}

/** The same as JSON, in the form that `/agent/v1/metrics` has without a format. */
export function agentSummary(families: readonly MetricFamily[], nowMs: number): object {
  const counters = families
    .filter(({ name, type }) => type === 'counter' && name.startsWith('vault_'))
    .map(({ name, samples }) => {
      const count = samples.reduce((sum, { value }) => sum + value, 0)
      return {
        Name: name.replaceAll('_', '.').replace('client.error', 'client_error'),
        Count: count,
        Rate: 0,
        Sum: count,
        Min: count === 0 ? 0 : 1,
        Max: count === 0 ? 0 : 1,
        Mean: count === 0 ? 0 : 1,
        Stddev: 0,
        Labels: {},
      }
    })
  const at = new Date(nowMs)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' +0000 UTC')
  return { Timestamp: at, Gauges: [], Points: [], Counters: counters, Samples: [] }
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, type: 'counter', help, samples: [{ suffix: '', labels: [], value }] }
}

function has(labels: Sample['labels'], name: string, value: string): boolean {
  return labels.some(([key, each]) => key === name && each === value)
}
