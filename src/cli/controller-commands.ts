import type { Command } from './commands.ts'

/** The commands that bring sidecars into a cluster by themselves. */
export const controllerCommands: Readonly<Record<string, Command>> = {
  controller: {
    summary: 'Run the admission webhook that injects sidecars into the pods of a cluster',
    about:
      'Takes reviews of the API server over HTTPS, keeps the certificate, the catalogue and the defaults of namespaces up to date, and watches over pods that run already. outrigger install prints what it needs in a cluster. Signals and reloads are as those of outrigger run.',
    options: {
      config: {
        about:
          'The configuration of the controller, or a folder of *.yaml files. Default: controller.yaml here, then /etc/outrigger/controller.yaml; without one the defaults hold.',
        value: 'FILE',
        short: 'c',
        multiple: true,
      },
      listen: { about: 'Where reviews are taken. Default: 127.0.0.1:10250.', value: 'ADDRESS' },
      catalog: {
        about: 'A file or folder of approved sidecars, instead of those that come with Outrigger.',
        value: 'PATH',
        multiple: true,
      },
      certificate: { about: 'The file of the certificate that API servers are shown.', value: 'FILE' },
      key: { about: 'The file of its key.', value: 'FILE' },
      evict: { about: 'Evict pods that lack a sidecar which they must not be without.' },
      'no-cluster': {
        about:
          'Without a configuration: only the webhook, for trying it out; namespaces have no defaults then.',
      },
    },
    load: () => import('./controller.ts'),
  },
  install: {
    summary: 'Print the manifests that bring the controller into a cluster',
    about:
      'For kubectl apply -f -. Nothing is sent anywhere. A webhook that is away can only concern pods that asked for a sidecar, and stops only those that asked for a required one.',
    options: {
      namespace: {
        about: 'Where the controller lives. Default: outrigger-system.',
        value: 'NAME',
        short: 'n',
      },
      image: { about: 'The image of the controller. Default: that of this version.', value: 'IMAGE' },
      replicas: { about: 'How many. Default: 2.', value: 'N' },
      catalog: {
        about:
          'Files or folders of approved sidecars, which become a ConfigMap. Default: those in the image.',
        value: 'PATH',
        multiple: true,
      },
      certificates: {
        about:
          'self: the controller is its own authority, renews each day and keeps the webhooks up to date. cert-manager. files: a Secret of yours. Default: self.',
        value: 'KIND',
      },
      issuer: {
        about: 'With cert-manager: an Issuer of the namespace. Default: one that signs itself.',
        value: 'NAME',
      },
      secret: { about: 'With files: the Secret with tls.crt and tls.key.', value: 'NAME' },
      'ca-bundle': {
        about: 'With files: the authority that API servers check it against (PEM).',
        value: 'FILE',
      },
      port: {
        about:
          'Where the controller listens in its pod. Default: 10250, which the firewalls of private clusters let API servers reach.',
        value: 'PORT',
      },
      timeout: { about: 'How many seconds an API server waits for an answer. Default: 3.', value: 'SECONDS' },
      'fail-closed': {
        about:
          'Every pod that asks for a sidecar waits for the webhook and is denied when it cannot have it, not only for required ones.',
      },
      adopt: {
        about:
          'Also take pods that ask other injectors, such as those of Dapr, Istio, Linkerd, OpenTelemetry and Vault, and give them the sidecars that stand for theirs.',
      },
      'warn-all': { about: 'Look at all workloads, also those that never mention Outrigger.' },
      evict: { about: 'Evict pods that lack a sidecar which they must not be without.' },
      policy: {
        about:
          'Instead of the controller: a MutatingAdmissionPolicy, by which API servers inject this entry by themselves; all stands for every entry that can be had so. The others need the webhook, and it is told why.',
        value: 'ENTRY',
        multiple: true,
      },
      'policy-version': {
        about: 'With --policy: v1, from Kubernetes 1.36 on, or v1beta1 for 1.34 and 1.35. Default: v1.',
        value: 'VERSION',
      },
      mesh: {
        about:
          'Also the authority of the mesh: identities of this trust domain for sidecars, and the endpoints of Services.',
        value: 'DOMAIN',
      },
      'network-policy': {
        about: 'Also a NetworkPolicy that lets in nothing but reviews, probes and metrics.',
      },
    },
    load: () => import('./install.ts'),
  },
}
