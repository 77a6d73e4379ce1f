/** Settings that entries of the catalogue in the package cannot do without, by entry. */
export const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cloud-sql-proxy': { 'cloud-sql-proxy.instance': 'project:region-north1:instance' },
  dapr: { 'dapr.components': 'components' },
  'database-proxy': { 'database-proxy.servers': 'db-1:5432,db-2:5432' },
  'git-sync': { 'git-sync.repository': 'https://example.com/team/site.git' },
  'oauth2-proxy': {
    'oauth2-proxy.issuer': 'https://login.example.com',
    'oauth2-proxy.secret': 'oauth2',
    'oauth2-proxy.redirectUrl': 'https://shop.example.com/oauth2/callback',
    'oauth2-proxy.emailDomains': '*',
  },
  opa: { 'opa.policies.configMap': 'policies' },
  'otel-collector': { 'otel-collector.endpoint': 'http://collector:4317' },
  pgbouncer: { 'pgbouncer.host': 'db-1', 'pgbouncer.secret': 'db' },
  'postgres-exporter': { 'postgres-exporter.secret': 'db' },
  'tls-proxy': { 'tls-proxy.secret': 'tls' },
  'vault-agent': {
    'vault-agent.role': 'shop',
    'vault-agent.secrets': '[{"file":"db.json","path":"secret/data/db"}]',
  },
}
