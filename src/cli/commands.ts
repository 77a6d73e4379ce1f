import type { Call } from './call.ts'
import { controllerCommands } from './controller-commands.ts'
import { manifestCommands } from './manifest-commands.ts'
import { secretCommands } from './secret-commands.ts'

/** One command of `outrigger`. The table is also what --help and the reference page are made from. */
export interface Command {
  /** One line, without a full stop. */
  readonly summary: string
  /** What stands behind the name and the options: `[PATH]`. */
  readonly positionals?: string
  /** More than the summary says, for `--help`. */
  readonly about?: string
  readonly options: Readonly<Record<string, Option>>
  /** All arguments are positionals, whatever they look like: somebody else's command line stands there. */
  readonly foreign?: true
  readonly load: () => Promise<Runnable>
}

export interface Option {
  readonly about: string
  /** What stands for the value, such as FILE; a flag has none. */
  readonly value?: string
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: true
}

export interface Runnable {
  /** Resolves with the exit code: 0 all is well, 1 something failed or was found, 2 wrong usage or configuration. */
  run(call: Call): Promise<number>
}

const config: Option = {
  about:
    'A configuration file, or a folder of *.yaml files. May be given several times; later ones add modules. Default: outrigger.yaml here, then /etc/outrigger/outrigger.yaml.',
  value: 'FILE',
  short: 'c',
  multiple: true,
}

/** Every command, in the order of --help; each file is loaded when its command is called. */
export const commands: Readonly<Record<string, Command>> = {
  run: {
    summary: 'Run the sidecar, and the application beside it when a command is given',
    positionals: '[-- COMMAND ...]',
    about:
      'The modules become ready first, then COMMAND (or app.command) starts. When it ends, what is under way is finished and Outrigger ends with its exit code. SIGTERM, SIGINT and SIGQUIT end the application first, a second one at once; SIGHUP reloads the configuration; a run ends when its terminal is closed, or when the script or program that started it dies, but not under nohup … & or setsid; SIGUSR1, SIGUSR2, SIGWINCH and SIGCONT go to the application.',
    options: {
      config,
      'ready-file': {
        about: 'Write a file once the modules are ready; it is removed at the end.',
        value: 'PATH',
      },
      'wait-only': {
        about:
          'Run no modules: wait until the sidecar that runs beside this command is ready, then become COMMAND.',
      },
      admin: {
        about:
          'With --wait-only: the admin address of that sidecar. Default: admin.listen of the configuration, else 127.0.0.1:4600.',
        value: 'ADDRESS',
      },
      timeout: { about: 'With --wait-only: how long to wait. Default: 60s.', value: 'DURATION' },
    },
    load: () => import('./run.ts'),
  },
  check: {
    summary: 'Say what is wrong with a configuration, all at once, without starting anything',
    options: { config },
    load: () => import('./check.ts'),
  },
  health: {
    summary: 'Ask the sidecar on this machine whether it is ready',
    about:
      'Ends with 0 when /readyz says so, else with 1. For health checks in containers, where there is no curl: test: [CMD, outrigger, health].',
    options: {
      config,
      admin: {
        about:
          'The admin address of the sidecar. Default: admin.listen of the configuration, else 127.0.0.1:4600.',
        value: 'ADDRESS',
      },
    },
    load: () => import('./health.ts'),
  },
  explain: {
    summary: 'Show what an option means: its type, default, example and children',
    positionals: '[PATH]',
    about:
      'PATH is an option as messages write it, such as logs.inputs.tail; without one the top level is shown.',
    options: {},
    load: () => import('./explain.ts'),
  },
  init: {
    summary: 'Write a first configuration for what is found in this folder',
    about: 'In a terminal it asks; --yes takes what was found.',
    options: {
      output: {
        about: 'Where to write; - is standard output. Default: outrigger.yaml.',
        value: 'FILE',
        short: 'o',
      },
      yes: { about: 'Ask nothing.', short: 'y' },
      force: { about: 'Overwrite the file when it exists.' },
    },
    load: () => import('./init.ts'),
  },
  schema: {
    summary: 'Print the JSON Schema of outrigger.yaml, for editors',
    options: {},
    load: () => import('./schema.ts'),
  },
  logs: {
    summary: 'Search records, follow them live, try a configuration on lines, give dead letters back',
    positionals: '[test|tail|replay] [QUERY ...|FILE]',
    about:
      'With --store, records of an embedded store are searched: QUERY is a condition, such as \'status >= 500 and path contains "/orders"\'; it works while a sidecar writes to the store. test reads lines from standard input and shows what each format and step of the configuration makes of them, which condition holds, and where the records go; nothing is sent. tail shows a sample of the records that a sidecar takes in, as they come; QUERY chooses. replay FILE gives the dead letters of a file back to the sidecar: each goes again to the output that refused it.',
    options: {
      config,
      input: { about: 'With test and tail: the input that is meant, by its name.', value: 'NAME' },
      tag: {
        about: 'With tail: only records with this tag; * stands for any text. With test: the tag.',
        value: 'TAG',
      },
      output: { about: 'With replay: send them to this output instead.', value: 'NAME' },
      remove: { about: 'With replay: remove the file once all of it is safe with the sidecar.' },
      admin: {
        about:
          'With tail and replay: the admin address of the sidecar. Default: admin.listen of the configuration, else 127.0.0.1:4600.',
        value: 'ADDRESS',
      },
      store: { about: 'The file of the store, or the folder that holds it.', value: 'PATH' },
      text: {
        about: 'Only records with these words; "in quotes" is a phrase, word* stands for all that begin so.',
        value: 'WORDS',
      },
      since: { about: 'Only records from then on: a duration such as 1h, or a date.', value: 'TIME' },
      until: { about: 'Only records before then.', value: 'TIME' },
      limit: { about: 'How many of the newest records to show. Default: 100.', value: 'N', short: 'n' },
      follow: { about: 'Go on with the records that arrive from now on.', short: 'f' },
      count: { about: 'Print only how many records there are.' },
      json: { about: 'Print the records as they are, one JSON object a line.' },
    },
    load: () => import('./logs.ts'),
  },
  proxy: {
    summary: 'Look at the requests that a sidecar carries, or would carry',
    positionals: '[tap|explain REQUEST]',
    about:
      "explain 'GET http://checkout/cart' says which route, rule, access, limits, faults, upstream and endpoint such a request meets and why; 'CONNECT example.com:443', 'tls://vault:8200' and 'tcp://10.0.0.7:5432' are explained too. It goes by the configuration alone; with --live or --admin the sidecar that runs is asked, which knows its endpoints as they are now. It ends with 1 when the request would get no backend. tap shows the requests as they end, until it is told to stop. Secrets are left out. tap and --live ask the admin API of the sidecar on this machine, and cost the sidecar nothing while they are not running.",
    options: {
      config,
      header: {
        about: "With explain: a header of the request, such as 'x-team: blue'.",
        value: 'HEADER',
        short: 'H',
        multiple: true,
      },
      identity: { about: 'With explain: the SPIFFE URI that the client proves.', value: 'URI' },
      address: { about: 'With explain: the IP address of the client. Default: 127.0.0.1.', value: 'ADDRESS' },
      admin: {
        about:
          'The admin address of the sidecar. Default: admin.listen of the configuration, else 127.0.0.1:4600. With explain: ask the sidecar there.',
        value: 'ADDRESS',
      },
      live: { about: 'With explain: ask the sidecar that runs, and not the configuration alone.' },
      path: { about: 'Only requests whose path begins so.', value: 'PREFIX' },
      method: { about: 'Only requests with this method.', value: 'METHOD' },
      status: { about: 'Only requests with this status, or of a class such as 5xx.', value: 'STATUS' },
      route: { about: 'Only requests that met this route, or a rule of it.', value: 'NAME' },
      listener: {
        about: 'Only requests of this listener; with explain, the one that the request comes by.',
        value: 'NAME',
      },
      upstream: { about: 'Only requests that went to this upstream.', value: 'NAME' },
      limit: { about: 'End after so many.', value: 'N', short: 'n' },
      json: { about: 'Print one JSON object a line; with explain, one object.' },
    },
    load: () => import('./proxy.ts'),
  },
  ca: {
    summary: 'Make a certificate authority, issue certificates by hand, or serve it to sidecars',
    positionals: '[init|issue|serve]',
    about:
      'init --trust-domain NAME [--out DIR] [--intermediate] makes the keys and certificates of a new authority. issue --ns NS --sa SA --out DIR writes tls.crt, tls.key and ca.crt for one workload. serve --token-file FILE, or --token-review URL in a Kubernetes cluster, signs the requests of sidecars over HTTPS. No file is ever overwritten.',
    options: {
      'trust-domain': { about: 'With init: the domain that all identities begin with.', value: 'NAME' },
      intermediate: {
        about:
          'With init: also an intermediate that signs, so that the key of the root can be kept elsewhere.',
      },
      ca: { about: 'With issue and serve: the folder that init has made. Default: ca.', value: 'DIR' },
      out: { about: 'With init (default: ca) and issue: where to write.', value: 'DIR' },
      ns: { about: 'With issue: the namespace of the workload.', value: 'NAME' },
      sa: { about: 'With issue: the service account of the workload.', value: 'NAME' },
      dns: {
        about: 'With issue and serve: a DNS name or IP address that the certificate is for as well.',
        value: 'NAME',
        multiple: true,
      },
      ttl: {
        about: 'With issue and serve: how long certificates live, from 1m to 90d. Default: 24h.',
        value: 'DURATION',
      },
      listen: { about: 'With serve: where. Default: 127.0.0.1:4643.', value: 'ADDRESS' },
      'token-file': {
        about: 'With serve: who may have what, one a line: TOKEN NAMESPACE/SERVICE-ACCOUNT [DNS-NAME ...].',
        value: 'FILE',
      },
      'token-review': {
        about:
          'With serve, instead of --token-file: the API server of a cluster, which is asked whose token it is (TokenReview), such as https://kubernetes.default.svc.',
        value: 'URL',
      },
      audience: {
        about: 'With --token-review: whom tokens must have been made for. Default: outrigger.',
        value: 'NAME',
      },
      access: {
        about:
          'With --token-review: the folder with the files token and ca.crt, which may create reviews. Default: /var/run/secrets/kubernetes.io/serviceaccount.',
        value: 'DIR',
      },
    },
    load: () => import('./ca.ts'),
  },
  capture: {
    summary: 'Send the connections of a pod through the sidecar, by rules of nftables or iptables',
    positionals: '[apply|print|remove]',
    about:
      'apply makes the rules, in one step, and may be called again; print shows what apply would do; remove takes away exactly that. TCP to the application goes to the listener with `inbound`, TCP of the application to the listener with `outbound`. DNS, UDP, loopback and what the sidecar itself sends are left alone. Needs root with NET_ADMIN, in the network namespace of the pod.',
    options: {
      'inbound-port': {
        about: 'Where the sidecar takes inbound connections. Default: 15006.',
        value: 'PORT',
      },
      'outbound-port': {
        about: 'Where the sidecar takes outbound connections. Default: 15001.',
        value: 'PORT',
      },
      'inbound-ports': {
        about: 'The ports of the application. Default: * (all).',
        value: 'PORTS',
        multiple: true,
      },
      'exclude-inbound-ports': { about: 'Ports that are left alone.', value: 'PORTS', multiple: true },
      'inbound-port-map': {
        about:
          'Ports whose connections go each to a port of the sidecar of its own, as `inbound.ports` of the listener says: 5432:15432. For a sidecar that cannot ask for the original destination of a connection.',
        value: 'PORT:LISTENPORT',
        multiple: true,
      },
      'outbound-ports': {
        about: 'The ports that are captured. Default: * (all).',
        value: 'PORTS',
        multiple: true,
      },
      'exclude-outbound-ports': { about: 'Ports that are left alone.', value: 'PORTS', multiple: true },
      'outbound-port-map': {
        about:
          'Ports whose connections go each to a port of the sidecar of its own, as `outbound.ports` of the listener says: 5432:15432. For a sidecar that cannot ask for the original destination of a connection.',
        value: 'PORT:LISTENPORT',
        multiple: true,
      },
      'outbound-ranges': {
        about: 'The addresses that are captured, as blocks. Default: * (all).',
        value: 'CIDRS',
        multiple: true,
      },
      'exclude-outbound-ranges': { about: 'Addresses that are left alone.', value: 'CIDRS', multiple: true },
      'exclude-uid': {
        about: 'The user of the sidecar, whose connections are left alone. Default: 1337.',
        value: 'UID',
        multiple: true,
      },
      'exclude-gid': { about: 'A group whose connections are left alone.', value: 'GID', multiple: true },
      'no-inbound': { about: 'Leave connections to the application alone.' },
      'no-outbound': { about: 'Leave connections of the application alone.' },
      'no-ipv6': { about: 'Leave IPv6 alone.' },
      backend: {
        about:
          'auto, nft, iptables, iptables-nft or iptables-legacy. Default: auto, nft where it is installed.',
        value: 'NAME',
      },
      undo: { about: 'With print: what remove would do.' },
    },
    load: () => import('./capture.ts'),
  },
  ...secretCommands,
  ...manifestCommands,
  as: {
    summary: 'Stand in for another product: its flags, files, endpoints and exit codes',
    positionals: '[fluent-bit ARGUMENTS ... | vault ARGUMENTS ...]',
    about:
      'outrigger as fluent-bit -c fluent-bit.yaml runs the pipeline of a Fluent Bit configuration, classic or YAML; outrigger as fluent-bit --help lists its flags. outrigger as vault agent -config=agent.hcl runs the configuration of a Vault Agent; there are vault token, vault status and vault version, too. What cannot be honoured is told at the start, with its place.',
    options: {},
    foreign: true,
    load: () => import('./as.ts'),
  },
  import: {
    summary: 'Translate the configuration of another product',
    positionals: '[istio FILE ... | fluent-bit FILE | vault-agent FILE ...]',
    about:
      'fluent-bit: prints what a configuration of Fluent Bit is in ours. vault-agent: the same for files or folders of Vault Agent. istio: reads VirtualServices and DestinationRules of Istio and prints Gateway API routes and clusters for the proxy; AuthorizationPolicies, RequestAuthentications and PeerAuthentications become the access and tls of a listener. What cannot be carried over is told on stderr with its key; then the exit code is 1.',
    options: {},
    load: () => import('./import.ts'),
  },
  ...controllerCommands,
  version: {
    summary: 'Print the versions of Outrigger and of its runtime',
    options: {},
    load: () => import('./version.ts'),
  },
}
