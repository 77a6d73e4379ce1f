import type { Command, Option } from './commands.ts'

/** Of the commands that change manifests. */
const manifestOptions: Readonly<Record<string, Option>> = {
  file: {
    about:
      'A file, a folder with all its *.yaml, *.yml and *.json, or - for standard input. May be given several times.',
    value: 'FILE',
    short: 'f',
    multiple: true,
  },
  format: {
    about:
      'yaml: the manifests in their own text; json: all objects as JSON; patch: a line of JSON for each changed document, with its JSON Patch. Default: yaml.',
    value: 'FORMAT',
    short: 'o',
  },
  output: {
    about: 'Write there instead of standard output: a file, or a folder where each result has its own.',
    value: 'PATH',
  },
  'in-place': { about: 'Change the files themselves: all of them, or none when something is wrong.' },
  diff: { about: 'Print what changes as a unified diff, instead of the manifests.' },
  explain: { about: 'Say for each workload what was added and why, or why nothing was.' },
  strict: { about: 'Treat warnings as errors.' },
  quiet: { about: 'No summary on standard error.', short: 'q' },
}

/** The commands that work on manifests, and on what is put into them. */
export const manifestCommands: Readonly<Record<string, Command>> = {
  inject: {
    summary: 'Put sidecars beside the applications of manifests, where annotations ask for them',
    positionals: '[FILE|FOLDER|- ...]',
    about:
      'Reads manifests of Kubernetes and Compose files and prints them with the sidecars of the catalogue that they ask for (outrigger.dev/inject: "logs,proxy"). Comments, order and formatting stay; what has its sidecars already stays as it is. Findings go to standard error with their places. When one workload cannot get what it asks for nothing is written, and the exit code is 1.',
    options: {
      ...manifestOptions,
      catalog: {
        about:
          'Entries of a catalogue: a file or a folder. May be given several times. Default: the catalogue that comes with Outrigger.',
        value: 'PATH',
        multiple: true,
      },
      set: {
        about:
          'A parameter, such as logs.path=/data, for all pods whose annotations do not say otherwise. May be given several times.',
        value: 'ENTRY.PARAMETER=VALUE',
        multiple: true,
      },
      inject: {
        about: 'Sidecars for every workload besides those that annotations ask for: logs,proxy.',
        value: 'NAMES',
      },
      adopt: { about: 'Understand the annotations of other injectors as well.' },
      'kubernetes-version': {
        about:
          'Of the cluster, such as 1.27: without native sidecars classic ones are made. Default: new enough.',
        value: 'VERSION',
      },
      'namespace-file': {
        about:
          'A file with Namespaces, whose annotations are defaults for the pods in them. May be given several times.',
        value: 'FILE',
        multiple: true,
      },
      openshift: { about: 'Leave user ids to the cluster, as OpenShift wants it.' },
    },
    load: () => import('./inject.ts'),
  },
  uninject: {
    summary: 'Take out of manifests what inject has put into them, and nothing else',
    positionals: '[FILE|FOLDER|- ...]',
    options: manifestOptions,
    load: () => import('./uninject.ts'),
  },
  status: {
    summary: 'Show which sidecars workloads have, and which are not as the catalogue has them',
    positionals: '[FILE|FOLDER|- ...]',
    about:
      'Of manifests, or of the pods that run in a cluster. A sidecar is outdated when the catalogue has another version of its entry, changed when its container is not as it was injected, missing when only the annotation is left. Ends with 1 when there is such a one.',
    options: {
      file: manifestOptions['file']!,
      cluster: { about: 'Ask the cluster that kubectl knows, instead of files.' },
      namespace: {
        about: 'With --cluster: only this namespace. Default: all.',
        value: 'NAME',
        short: 'n',
      },
      catalog: {
        about:
          'Entries of a catalogue: a file or a folder. May be given several times. Default: the catalogue that comes with Outrigger.',
        value: 'PATH',
        multiple: true,
      },
      format: { about: 'table or json. Default: table.', value: 'FORMAT', short: 'o' },
    },
    load: () => import('./status.ts'),
  },
  lint: {
    summary: 'Find the mistakes of sidecars in manifests, before they run',
    positionals: '[FILE|DIR|- ...]',
    about:
      'Looks at Kubernetes manifests and Compose files: pods, whatever makes pods, and services. Ends with 1 when there is a finding from --fail-on on, with 2 when something cannot be read. The annotation outrigger.dev/lint-ignore.SC005: REASON waives one check for a workload. --explain lists the checks; --explain SC005 says why one is there.',
    options: {
      output: {
        about:
          'The format: text, json, sarif, junit or github. With =FILE it is written there; may be given several times. Default: text.',
        value: 'FORMAT[=FILE]',
        short: 'o',
        multiple: true,
      },
      'fail-on': {
        about: 'From which severity on a finding makes it fail: info, warning or error. Default: warning.',
        value: 'SEVERITY',
      },
      explain: { about: 'Explain the named checks, or list all.' },
      only: { about: 'Only these checks, by id or name.', value: 'CHECKS', multiple: true },
      disable: { about: 'Not these checks.', value: 'CHECKS', multiple: true },
      fix: {
        about:
          'Mend what is mechanical, in the files; what comes from standard input goes to standard output.',
      },
      diff: { about: 'With --fix: show what would change, and change nothing.' },
      baseline: { about: 'Let the findings of this file be, and tell only new ones.', value: 'FILE' },
      'write-baseline': { about: 'Write all findings there are to this file.', value: 'FILE' },
      'kubernetes-version': { about: 'Of the cluster that it is for. Default: 1.34.', value: 'VERSION' },
      'max-sidecars': {
        about: 'So many sidecars in a pod are a warning, more are an error. Default: 3.',
        value: 'N',
      },
      'max-overhead': {
        about: 'How much sidecars may ask for, in percent of the application. Default: 50.',
        value: 'PERCENT',
      },
      catalog: {
        about:
          'A catalogue of approved sidecars: a file or a folder. Default: the one that comes with Outrigger.',
        value: 'PATH',
        multiple: true,
      },
    },
    load: () => import('./lint.ts'),
  },
  overhead: {
    summary: 'Say what the sidecars of manifests or of a cluster cost, and what would cost less',
    positionals: '[FILE|DIR|- ...]',
    about:
      'By request, by limit and, where something has measured it, by usage; with the formula by which the scheduler reserves for pods, so that a sidecar that hides behind an init container costs nothing. Then a DaemonSet in place of sidecars, and one sidecar in place of several.',
    options: {
      file: { about: 'A file or folder of manifests.', value: 'PATH', short: 'f', multiple: true },
      cluster: {
        about:
          'The pods that run in the cluster that kubectl speaks to, with the sidecars that were injected into them, and its nodes.',
      },
      namespace: { about: 'With --cluster: only this namespace.', value: 'NAME', short: 'n' },
      output: {
        about:
          'text, json or html. With =FILE it is written there; may be given several times. Default: text.',
        value: 'FORMAT[=FILE]',
        short: 'o',
        multiple: true,
      },
      pods: { about: 'As if there were so many pods together.', value: 'N' },
      nodes: {
        about: 'How many nodes there are. Default: those of the cluster, or as many as are needed.',
        value: 'N',
      },
      'node-cpu': {
        about: 'What pods may use of a node. Default: as in the cluster, or 3920m.',
        value: 'QUANTITY',
      },
      'node-memory': {
        about: 'What pods may use of a node. Default: as in the cluster, or 13Gi.',
        value: 'QUANTITY',
      },
      'max-pods': { about: 'Pods on a node. Default: as in the cluster, or 110.', value: 'N' },
      'agent-cpu': { about: 'What an agent of a DaemonSet asks for. Default: 200m.', value: 'QUANTITY' },
      'agent-memory': { about: 'What an agent of a DaemonSet asks for. Default: 256Mi.', value: 'QUANTITY' },
      prices: { about: 'A YAML file with cpuHour, memoryGiBHour and currency.', value: 'FILE' },
      usage: {
        about: 'Measured usage: what kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods has printed.',
        value: 'FILE',
      },
      prometheus: { about: 'Measured usage: a Prometheus with the metrics of cAdvisor.', value: 'URL' },
      'prometheus-token-file': { about: 'With --prometheus: a file with the bearer token.', value: 'FILE' },
      'metrics-api': { about: 'Measured usage: the metrics API of the cluster that kubectl speaks to.' },
      catalog: {
        about:
          'A catalogue of approved sidecars: a file or a folder. Default: the one that comes with Outrigger.',
        value: 'PATH',
        multiple: true,
      },
    },
    load: () => import('./overhead.ts'),
  },
  catalog: {
    summary: 'Look at the approved sidecars, check and compare catalogues of them',
    positionals: '[list|show NAME|validate PATH ...|diff A B]',
    about:
      'list names the sidecars of a catalogue. show NAME or NAME@VERSION tells what one is, adds and takes, and its parameters. validate PATH ... tells every mistake of entries with its place, and ends with 1 when there is one. diff A B compares two catalogues, or with NAME@VERSION twice two entries, says whether running pods need to be made anew, and ends with 1 when they differ. A catalogue is a file, a folder, a .tar or .tar.gz, or a ConfigMap; builtin is the one that comes with Outrigger.',
    options: {
      catalog: {
        about:
          'With list, show and diff NAME NAME: a catalogue; several are taken together. Default: builtin.',
        value: 'PATH',
        multiple: true,
      },
      replace: { about: 'Let entries of a later catalogue take the place of those of an earlier one.' },
      output: { about: 'table, json or yaml. Default: table.', value: 'FORMAT', short: 'o' },
    },
    load: () => import('./catalog.ts'),
  },
}
