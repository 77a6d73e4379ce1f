/** A sidecar that people know, and how it is told from an application. */
export interface KnownSidecar {
  readonly name: string
  /** Names that containers of it usually have. */
  readonly containers: readonly string[]
  /** Ends of the image's name, without registry, tag and digest. */
  readonly images: readonly string[]
  /** What it does: two that do the same stand in each other's way. */
  readonly does: Duty
}

export type Duty =
  | 'proxy'
  | 'logs'
  | 'metrics'
  | 'exporter'
  | 'secrets'
  | 'policy'
  | 'runtime'
  | 'database'
  | 'files'
  | 'auth'

/** The usual ones of others, and ours. */
export const KNOWN_SIDECARS: readonly KnownSidecar[] = [
  known('outrigger', 'proxy', ['outrigger'], ['outrigger/outrigger']),
  known('istio', 'proxy', ['istio-proxy'], ['istio/proxyv2', 'proxyv2']),
  known('linkerd', 'proxy', ['linkerd-proxy'], ['linkerd/proxy']),
  known(
    'consul',
    'proxy',
    ['consul-dataplane', 'envoy-sidecar'],
    ['hashicorp/consul-dataplane', 'consul-dataplane'],
  ),
  known('kuma', 'proxy', ['kuma-sidecar'], ['kuma-dp']),
  known('envoy', 'proxy', ['envoy'], ['envoyproxy/envoy', 'aws-appmesh-envoy']),
  known('dapr', 'runtime', ['daprd'], ['daprio/daprd', 'daprio/dapr']),
  known('vault-agent', 'secrets', ['vault-agent'], ['hashicorp/vault', 'openbao/openbao']),
  known('opa', 'policy', ['opa', 'opa-envoy'], ['openpolicyagent/opa', 'opa']),
  known(
    'fluent-bit',
    'logs',
    ['fluent-bit', 'fluentbit'],
    ['fluent/fluent-bit', 'fluentbit/fluent-bit', 'aws-for-fluent-bit'],
  ),
  known('fluentd', 'logs', ['fluentd'], ['fluent/fluentd', 'fluentd']),
  known('filebeat', 'logs', ['filebeat'], ['beats/filebeat', 'filebeat']),
  known('logstash', 'logs', ['logstash'], ['logstash/logstash', 'logstash']),
  known('promtail', 'logs', ['promtail'], ['grafana/promtail']),
  known('vector', 'logs', ['vector'], ['timberio/vector']),
  known('log-collector', 'logs', ['log-collector', 'log-shipper', 'logging-agent', 'log-agent'], []),
  known(
    'otel-collector',
    'metrics',
    ['otc-container', 'otel-collector', 'otel-agent'],
    [
      'opentelemetry-collector',
      'opentelemetry-collector-contrib',
      'opentelemetry-collector-k8s',
      'aws-otel-collector',
    ],
  ),
  known('datadog', 'metrics', ['datadog-agent', 'datadog-agent-injected', 'trace-agent'], ['datadog/agent']),
  known('jaeger', 'metrics', ['jaeger-agent'], ['jaegertracing/jaeger-agent']),
  known('grafana-agent', 'metrics', ['grafana-agent', 'alloy'], ['grafana/agent', 'grafana/alloy']),
  known('telegraf', 'metrics', ['telegraf'], ['telegraf']),
  known(
    'statsd-exporter',
    'exporter',
    ['statsd-exporter', 'prom-statsd-exporter'],
    ['prom/statsd-exporter', 'prometheus/statsd-exporter'],
  ),
  known('redis-exporter', 'exporter', ['redis-exporter'], ['oliver006/redis_exporter']),
  known('postgres-exporter', 'exporter', ['postgres-exporter'], ['prometheuscommunity/postgres-exporter']),
  known(
    'nginx-exporter',
    'exporter',
    ['nginx-exporter', 'nginx-prometheus-exporter'],
    ['nginx/nginx-prometheus-exporter', 'nginx-prometheus-exporter'],
  ),
  known('jmx-exporter', 'exporter', ['jmx-exporter'], ['bitnami/jmx-exporter']),
  known(
    'cloud-sql-proxy',
    'database',
    ['cloud-sql-proxy', 'cloudsql-proxy'],
    ['cloud-sql-proxy', 'gce-proxy'],
  ),
  known('alloydb-auth-proxy', 'database', ['alloydb-auth-proxy'], ['alloydb-auth-proxy']),
  known('pgbouncer', 'database', ['pgbouncer'], ['pgbouncer', 'edoburu/pgbouncer', 'bitnami/pgbouncer']),
  known('git-sync', 'files', ['git-sync'], ['git-sync/git-sync', 'git-sync']),
  known(
    'config-reloader',
    'files',
    ['config-reloader', 'configmap-reload'],
    ['prometheus-config-reloader', 'configmap-reload', 'k8s-sidecar'],
  ),
  known(
    'oauth2-proxy',
    'auth',
    ['oauth2-proxy', 'oauth-proxy'],
    ['oauth2-proxy/oauth2-proxy', 'openshift/oauth-proxy'],
  ),
  known(
    'kube-rbac-proxy',
    'auth',
    ['kube-rbac-proxy'],
    ['brancz/kube-rbac-proxy', 'kubebuilder/kube-rbac-proxy'],
  ),
]

function known(
  name: string,
  does: Duty,
  containers: readonly string[],
  images: readonly string[],
): KnownSidecar {
  return { name, does, containers, images }
}
