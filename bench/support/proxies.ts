/** The other sides of the bench of the proxy: nginx as backend; nginx, HAProxy and Envoy as proxies, each on one thread. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { envoyConfiguration } from './envoy.ts'
import type { Certificates, Hop, Speech } from './hop.ts'
import { ownFolder, type Program, startProgram } from './programs.ts'

/**
 * Serves /small (12 bytes) and /large (64 KiB) to a GET; a POST to the same paths under /grpc gets them with the
 * trailer of a gRPC answer.
 */
export function startBackend(port: number, speech: Speech, certificates: Certificates): Promise<Program> {
  const folder = ownFolder('backend')
  mkdirSync(join(folder, 'www'))
  writeFileSync(join(folder, 'www', 'small'), 'hello world\n')
  writeFileSync(join(folder, 'www', 'large'), Buffer.alloc(64 * 1024, 'x'))
  return startNginxWith(
    port,
    folder,
    `server {
    listen ${nginxListen(port, speech)}; root ${folder}/www;${nginxTls(speech, certificates)}
    http2_max_concurrent_streams 20000;
    location /grpc { alias ${folder}/www; add_trailer grpc-status 0; error_page 405 =200 $uri; types { } default_type application/grpc; }
  }`,
  )
}

/** Undefined for what nginx cannot do: Debian's nginx-light relays no TCP. */
export function startNginx(hop: Hop, certificates: Certificates): Promise<Program> | undefined {
  const { port, backendPort, from, to } = hop
  if (from === 'tcp') return undefined
  const { client, ca } = certificates
  const secured = to === 'tls' || to === 'mtls'
  const pass = to === 'http2' ? 'grpc_pass grpc://back;' : `proxy_pass http${secured ? 's' : ''}://back;`
  const verified = secured
    ? `proxy_ssl_trusted_certificate ${ca}; proxy_ssl_verify on; proxy_ssl_name localhost; proxy_ssl_server_name on;`
    : ''
  const known =
    to === 'mtls' ? `proxy_ssl_certificate ${client.cert}; proxy_ssl_certificate_key ${client.key};` : ''
  return startNginxWith(
    port,
    ownFolder('nginx'),
    `upstream back { server 127.0.0.1:${backendPort}; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen ${nginxListen(port, from)};${nginxTls(from, certificates)}
    http2_max_concurrent_streams 20000;
    location / { ${pass} proxy_http_version 1.1; proxy_set_header Connection ""; ${verified} ${known} }
  }`,
  )
}

function nginxListen(port: number, speech: Speech): string {
  const kind = speech === 'http2' ? ' http2' : speech === 'tls' || speech === 'mtls' ? ' ssl' : ''
  return `127.0.0.1:${port}${kind} backlog=4096`
}

function nginxTls(speech: Speech, { server, ca }: Certificates): string {
  if (speech !== 'tls' && speech !== 'mtls') return ''
  const own = ` ssl_certificate ${server.cert}; ssl_certificate_key ${server.key};`
  return speech === 'tls' ? own : `${own} ssl_client_certificate ${ca}; ssl_verify_client on;`
}

function startNginxWith(port: number, folder: string, http: string): Promise<Program> {
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; master_process off; pid ${folder}/pid; error_log stderr crit;
worker_rlimit_nofile 20000; events { worker_connections 16384; }
http {
  access_log off; keepalive_requests 100000000; sendfile on; tcp_nodelay on; open_file_cache max=10;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  ${http}
}`,
  )
  return startProgram(['nginx', '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], port, folder)
}

export function startHaproxy(hop: Hop, certificates: Certificates): Promise<Program> {
  const { port, backendPort, from, to } = hop
  const folder = ownFolder('haproxy')
  const both = (name: string) => join(certificates.folder, `${name}-both.pem`)
  const taken = {
    http1: '',
    tcp: '',
    http2: 'proto h2',
    tls: `ssl crt ${both('server')}`,
    mtls: `ssl crt ${both('server')} ca-file ${certificates.ca} verify required`,
  }
  const trusted = `ssl ca-file ${certificates.ca} sni str(localhost) verifyhost localhost verify required`
  const given = {
    http1: '',
    tcp: '',
    http2: 'proto h2',
    tls: trusted,
    mtls: `${trusted} crt ${both('client')}`,
  }
  const http = from === 'tcp' ? '' : '  option forwardfor\n  http-reuse always\n'
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  nbthread 1
  maxconn 8192
  tune.h2.max-concurrent-streams 1000
defaults
  mode ${from === 'tcp' ? 'tcp' : 'http'}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${http}frontend front
  bind 127.0.0.1:${port} backlog 4096 ${taken[from]}
  default_backend back
backend back
  server one 127.0.0.1:${backendPort} ${given[to]}
`,
  )
  return startProgram(['haproxy', '-f', join(folder, 'haproxy.cfg'), '-db'], port, folder)
}

export function startEnvoy(hop: Hop, certificates: Certificates): Promise<Program> {
  const folder = ownFolder('envoy')
  const path = join(folder, 'envoy.json')
  writeFileSync(path, JSON.stringify(envoyConfiguration(hop, certificates)))
  const quiet = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error']
  return startProgram(['envoy', '-c', path, ...quiet], hop.port, folder)
}
