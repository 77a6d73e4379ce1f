import { readFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { ClientTls } from '../../http/client/dial.ts'

/** How a cluster is reached, and as whom. */
export interface ClusterAccess {
  readonly url: URL
  /** The namespace that the caller is at home in. */
  readonly namespace: string
  /** For messages: `the service account in /var/run/…`, `the context prod of ~/.kube/config`. */
  readonly origin: string
  /** The same object until it changes: a rotated authority then makes new connections. */
  tls(): Promise<ClientTls>
  /** The value of Authorization; undefined when the certificate says who we are. */
  authorization(): Promise<string | undefined>
  /** The server did not take the credentials (401): the next call reads them anew. */
  forget(): void
}

/** Its message is for people: what is missing or wrong, where, and what to do. */
export class ClusterAccessError extends Error {
  override readonly name = 'ClusterAccessError'
}

export interface InClusterOptions {
  /** The values of KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly host: string | undefined
  readonly port: string | undefined
  readonly clock: { monotonic(): number }
  /** Where the service account is mounted. Default /var/run/secrets/kubernetes.io/serviceaccount. */
  readonly folder?: string
}

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'
/** The kubelet renews a token long before its end; as often the clients of Kubernetes itself look. */
const READ_EVERY_MS = 60_000

/** The access of a pod by its service account. Rejects with ClusterAccessError outside of a pod. */
export async function inClusterAccess(options: InClusterOptions): Promise<ClusterAccess> {
  const { host, port, clock, folder = FOLDER } = options
  if (!host || !port)
    throw new ClusterAccessError(
      'this is no pod of Kubernetes: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give a kubeconfig',
    )
  const token = new RotatedFile(join(folder, 'token'), clock)
  const authority = new RotatedFile(join(folder, 'ca.crt'), clock)
  const namespace = await new RotatedFile(join(folder, 'namespace'), clock).text()
  await token.text()
  let tls: ClientTls = { ca: await authority.text() }
  return {
    url: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    namespace,
    origin: `the service account in ${folder}`,
    async tls() {
      const ca = await authority.text()
      if (ca !== tls.ca) tls = { ca }
      return tls
    },
    authorization: async () => `Bearer ${await token.text()}`,
    forget: () => {
      token.forget()
      authority.forget()
    },
  }
}

/** A small file that somebody else replaces now and then. What was read last stays in use while it cannot be read. */
export class RotatedFile {
  readonly #path: string
  readonly #clock: { monotonic(): number }
  #text: string | undefined
  #readAtMs = Number.NEGATIVE_INFINITY

  constructor(path: string, clock: { monotonic(): number }) {
    this.#path = path
    this.#clock = clock
  }

  async text(): Promise<string> {
    const nowMs = this.#clock.monotonic()
    if (this.#text !== undefined && nowMs - this.#readAtMs < READ_EVERY_MS) return this.#text
    try {
      const text = (await readFile(this.#path, 'utf8')).trim()
      if (text === '') throw new Error('it is empty')
      this.#text = text
      this.#readAtMs = nowMs
      return text
    } catch (error) {
      if (this.#text !== undefined) return this.#text
      throw new ClusterAccessError(
        `cannot read ${this.#path}: ${(error as Error).message}; is the service account mounted (automountServiceAccountToken)?`,
        { cause: error },
      )
    }
  }

  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY
  }
}
