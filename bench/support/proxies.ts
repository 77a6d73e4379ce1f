/** The other sides of the bench of the proxy, from Debian's packages: nginx as backend, HAProxy and nginx as proxies. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Program {
  /** The process that does the work. */
  readonly pid: number
  stop(): Promise<void>
}

/** Serves /small (12 bytes) and /large (64 KiB), or forwards everything to `backendPort`. */
export async function startNginx(port: number, backendPort?: number): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-nginx-'))
  mkdirSync(join(folder, 'www'))
  writeFileSync(join(folder, 'www', 'small'), 'hello world\n')
  writeFileSync(join(folder, 'www', 'large'), Buffer.alloc(64 * 1024, 'x'))
  const forward = `location / { proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection ""; }`
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; master_process off; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 100000000; sendfile on; tcp_nodelay on; open_file_cache max=10;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  ${backendPort === undefined ? '' : `upstream back { server 127.0.0.1:${backendPort}; keepalive 1024; keepalive_requests 100000000; }`}
  server { listen 127.0.0.1:${port} backlog=4096; root ${folder}/www; ${backendPort === undefined ? '' : forward} }
}`,
  )
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-e', 'stderr'], { stdio: 'inherit' })
  await listening(port, child)
  return { pid: child.pid!, stop: () => stop(child, folder) }
}

/** HAProxy with one thread. */
export async function startHaproxy(port: number, backendPort: number): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'outrigger-haproxy-'))
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:${port} backlog 4096
  default_backend back
backend back
  server one 127.0.0.1:${backendPort}
`,
  )
  const child = spawn('haproxy', ['-f', join(folder, 'haproxy.cfg'), '-db'], { stdio: 'inherit' })
  await listening(port, child)
  return { pid: child.pid!, stop: () => stop(child, folder) }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

async function stop(child: ChildProcess, folder: string): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  rmSync(folder, { recursive: true, force: true })
}
