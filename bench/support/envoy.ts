import type { Certificates, Hop } from './hop.ts'

const type = (name: string) => ({ '@type': `type.googleapis.com/${name}` })
const socketAddress = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } })
const limitless = 1_000_000

/** One listener, one cluster, the router as only filter, no access log: the least that Envoy forwards with. */
export function envoyConfiguration(hop: Hop, certificates: Certificates): object {
  return {
    static_resources: {
      listeners: [
        {
          name: 'front',
          address: socketAddress(hop.port),
          filter_chains: [{ filters: [networkFilter(hop)], ...downstreamTls(hop, certificates) }],
        },
      ],
      clusters: [cluster(hop, certificates)],
    },
  }
}

function networkFilter({ from }: Hop): object {
  if (from === 'tcp')
    return {
      name: 'tcp',
      typed_config: {
        ...type('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy'),
        stat_prefix: 'front',
        cluster: 'back',
      },
    }
  return {
    name: 'http',
    typed_config: {
      ...type('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: 'front',
      codec_type: 'AUTO',
      route_config: {
        virtual_hosts: [
          { name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'back' } }] },
        ],
      },
      http_filters: [
        {
          name: 'router',
          typed_config: type('envoy.extensions.filters.http.router.v3.Router'),
        },
      ],
    },
  }
}

function cluster({ to, backendPort }: Hop, { ca, client }: Certificates): object {
  const protocol = to === 'http2' ? { http2_protocol_options: {} } : { http_protocol_options: {} }
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions'
  const known = to === 'mtls' ? { tls_certificates: [filesOf(client)] } : {}
  const validation = {
    validation_context: {
      trusted_ca: { filename: ca },
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'localhost' } }],
    },
  }
  return {
    name: 'back',
    type: 'STATIC',
    circuit_breakers: {
      thresholds: [{ max_connections: limitless, max_pending_requests: limitless, max_requests: limitless }],
    },
    load_assignment: {
      cluster_name: 'back',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(backendPort) } }] }],
    },
    ...(to !== 'tcp' && {
      typed_extension_protocol_options: { [options]: { ...type(options), explicit_http_config: protocol } },
    }),
    ...((to === 'tls' || to === 'mtls') && {
      transport_socket: {
        name: 'tls',
        typed_config: {
          ...type('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
          sni: 'localhost',
          common_tls_context: { ...validation, ...known },
        },
      },
    }),
  }
}

function downstreamTls({ from }: Hop, { ca, server }: Certificates): object {
  if (from !== 'tls' && from !== 'mtls') return {}
  const asked = from === 'mtls' ? { validation_context: { trusted_ca: { filename: ca } } } : {}
  return {
    transport_socket: {
      name: 'tls',
      typed_config: {
        ...type('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
        require_client_certificate: from === 'mtls',
        common_tls_context: { tls_certificates: [filesOf(server)], ...asked },
      },
    },
  }
}

function filesOf({ cert, key }: { readonly cert: string; readonly key: string }): object {
  return { certificate_chain: { filename: cert }, private_key: { filename: key } }
}
