// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are places of templates
import type { Catalogue } from '../catalogue/catalogue.ts'
import type { Entry } from '../catalogue/entry.ts'

/** For tests: a small catalogue with a sidecar of every kind that Compose has to tell apart. */
export function fakeCatalogue(): Catalogue {
  const entries = [agent(), proxy(), writer(), bare(), foreign(), holder()]
  return {
    entries,
    find(name) {
      for (const entry of entries)
        if (entry.name === name || Object.hasOwn(entry.aliases, name))
          return { ok: true, entry, set: entry.aliases[name]?.set ?? {} }
      return { ok: false, message: `there is no sidecar "${name}"` }
    },
  }
}

function fakeEntry(name: string, more: Partial<Entry>): Entry {
  return {
    name,
    version: '1.0.0',
    hash: `sha256:${'0'.repeat(64)}`,
    purpose: 'Tests.',
    owner: 'tests',
    required: false,
    order: 50,
    requires: [],
    conflicts: [],
    replaces: [],
    aliases: {},
    parameters: {},
    containers: [],
    initContainers: [],
    volumes: [],
    shared: [],
    files: [],
    application: [],
    pod: {},
    waivers: [],
    ...more,
  }
}

const HEALTHCHECK = { test: ['CMD', 'agent', 'health'], interval: '5s' }

/** Reads logs, with a generated file, a volume of its own and a network of its own. */
function agent(): Entry {
  return fakeEntry('agent', {
    aliases: { logs: { about: 'Logs.', set: { 'logs.on': true } } },
    parameters: {
      'logs.on': { type: 'boolean', default: false },
      'logs.path': { type: 'string', default: '/var/log/app' },
      'logs.text': { type: 'string', default: 'plain' },
    },
    containers: [
      {
        form: 'auto',
        container: {
          name: 'agent',
          resources: { requests: { cpu: '25m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } },
        },
      },
    ],
    shared: [
      {
        $when: 'logs.on',
        name: 'logs',
        path: '${logs.path}',
        sidecar: 'read',
        application: 'write',
        sizeLimit: '1Gi',
      },
    ],
    files: [
      {
        path: '/etc/agent/agent.yaml',
        format: 'yaml',
        content: {
          paths: ['${logs.path}/*.log'],
          text: '${logs.text}',
          home: '$${HOME}',
          app: '${app.container}',
        },
      },
    ],
    compose: {
      mode: 'none',
      service: {
        image: 'example/agent:1',
        command: ['run', '--var', '$${HOME}'],
        read_only: true,
        volumes: ['data:/var/lib/agent', '/tmp'],
        healthcheck: HEALTHCHECK,
        container_name: 'agent',
      },
    },
  })
}

/** In the network of the application, with a variable for it and a port of its own. */
function proxy(): Entry {
  return fakeEntry('proxy', {
    order: 10,
    application: [
      {
        containers: 'all',
        env: [{ name: 'HTTP_PROXY', value: 'http://127.0.0.1:15001/$' }],
        volumeMounts: [],
      },
    ],
    compose: {
      mode: 'network',
      service: {
        image: 'example/proxy:1',
        ports: ['9901:9901'],
        hostname: 'proxy',
        healthcheck: HEALTHCHECK,
        stop_grace_period: '40s',
        deploy: { resources: { limits: { cpus: '1', memory: '128M' } } },
      },
    },
  })
}

/** Writes secrets that the application reads, in memory, at another place; and brings a volume for both. */
function writer(): Entry {
  return fakeEntry('writer', {
    order: 20,
    volumes: [{ name: 'sockets', emptyDir: {} }],
    shared: [
      {
        name: 'secrets',
        path: '/run/secrets/app',
        sidecarPath: '/secrets',
        sidecar: 'write',
        application: 'read',
        sizeLimit: '16Mi',
        medium: 'Memory',
      },
    ],
    application: [
      {
        containers: 'all',
        env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }],
        volumeMounts: [{ name: 'sockets', mountPath: '/run/sockets' }],
      },
    ],
    compose: { mode: 'none', service: { image: 'example/writer:1', volumes: ['sockets:/run/sockets'] } },
  })
}

/** Has no form for Compose. */
function bare(): Entry {
  return fakeEntry('bare', {})
}

function foreign(): Entry {
  return fakeEntry('rival', {
    conflicts: ['proxy'],
    compose: { mode: 'none', service: { image: 'example/rival:1' } },
  })
}

/** Its entry would like the network to be held. */
function holder(): Entry {
  return fakeEntry('mesh', {
    order: 5,
    compose: { mode: 'pause', service: { image: 'example/mesh:1', healthcheck: HEALTHCHECK } },
  })
}
