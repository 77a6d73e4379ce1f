import type { CatalogueFile } from '../catalogue/read.ts'

/** What `outrigger install` was asked for. */
export interface InstallOptions {
  readonly namespace: string
  readonly image: string
  readonly replicas: number
  /** Where the controller takes reviews, in its pod. */
  readonly port: number
  /** How long an API server waits for an answer. */
  readonly timeoutSeconds: number
  readonly certificates: Certificates
  /** Every pod that asks for a sidecar waits for the webhook, not only those that ask for a required one. */
  readonly failClosed: boolean
  /** Workloads that never mention Outrigger are looked at, too. */
  readonly warnAll: boolean
  /** Pods that ask other injectors are asked about, too. */
  readonly adopt: boolean
  /** Pods that lack a required sidecar are evicted. */
  readonly evict: boolean
  readonly networkPolicy: boolean
  /** Also the authority of the mesh, for this trust domain. */
  readonly mesh: string | undefined
  /** A catalogue besides the one in the image: it takes its place. */
  readonly catalogue: readonly CatalogueFile[] | undefined
  /** Names that required entries are asked for by. */
  readonly required: readonly string[]
}

export type Certificates =
  /** The controller makes its own authority and keeps the webhooks' caBundle up to date. */
  | { readonly kind: 'self' }
  /** `issuer`: of the namespace; unless given one that signs itself is made. */
  | { readonly kind: 'cert-manager'; readonly issuer?: string }
  /** A Secret of the namespace with tls.crt and tls.key; `authority`: PEM. */
  | { readonly kind: 'files'; readonly secret: string; readonly authority: string }

export const DEFAULT_INSTALL: Omit<InstallOptions, 'image' | 'required'> = {
  namespace: 'outrigger-system',
  replicas: 2,
  port: 10250,
  timeoutSeconds: 3,
  certificates: { kind: 'self' },
  failClosed: false,
  warnAll: false,
  adopt: false,
  evict: false,
  networkPolicy: false,
  mesh: undefined,
  catalogue: undefined,
}

/** Of the Deployment, its Service, service account, roles and webhook configurations. */
export const NAME = 'outrigger-controller'
export const CATALOGUE_NAME = 'outrigger-catalog'
/** What the controller keeps in its namespace. */
export const SECRET_NAME = 'outrigger-webhook'
export const LEASE_NAME = 'outrigger-controller'
export const MESH_SECRET_NAME = 'outrigger-mesh-authority'
export const ADMIN_PORT = 4601
/** Where sidecars get identities and endpoints. */
export const MESH_PORT = 4700
/** Where it listens for kubelet and Prometheus, and what is mounted where. */
export const CONFIG_FOLDER = '/etc/outrigger/controller'
export const CATALOGUE_FOLDER = '/etc/outrigger/catalog'
export const CERTIFICATE_FOLDER = '/etc/outrigger/tls'

export const SELECTOR = {
  'app.kubernetes.io/name': 'outrigger',
  'app.kubernetes.io/component': 'controller',
}
export const LABELS = { ...SELECTOR, 'app.kubernetes.io/part-of': 'outrigger' }
