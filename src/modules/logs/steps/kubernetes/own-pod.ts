import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../../../kernel/clock/clock.ts'
import { downwardMap } from './downward.ts'
import type { Pod } from './pod.ts'

/** The kubelet writes changed labels within a minute or two; the files are small. */
const READ_EVERY_MS = 30_000
const NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace'

/** This pod, as the files of a downward API volume and the environment tell it. The same object until something changes. */
export class OwnPod {
  readonly #folder: string
  readonly #env: Readonly<Record<string, string | undefined>>
  readonly #clock: Clock
  #readAtMs = Number.NEGATIVE_INFINITY
  #text = ''
  #pod: Pod = {}

  constructor(folder: string, env: Readonly<Record<string, string | undefined>>, clock: Clock) {
    this.#folder = folder
    this.#env = env
    this.#clock = clock
  }

  get pod(): Pod {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#readAtMs < READ_EVERY_MS) return this.#pod
    this.#readAtMs = nowMs
    const pod = this.#read()
    const text = JSON.stringify(pod)
    if (text !== this.#text) {
      this.#text = text
      this.#pod = pod
    }
    return this.#pod
  }

  #read(): Pod {
    const env = this.#env
    const told = (file: string, value: string | undefined) => {
      const text = value || this.#file(file)?.trim()
      return text === '' ? undefined : text
    }
    const [labels, annotations] = [this.#file('labels'), this.#file('annotations')]
    const fields = {
      name: told('name', env['POD_NAME']) ?? env['HOSTNAME'],
      namespace: told('namespace', env['POD_NAMESPACE']) ?? textOf(NAMESPACE)?.trim(),
      uid: told('uid', env['POD_UID']),
      ip: env['POD_IP'],
      node: told('node', env['NODE_NAME']),
      labels: labels === undefined ? undefined : downwardMap(labels),
      annotations: annotations === undefined ? undefined : downwardMap(annotations),
    }
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  }

  #file(name: string): string | undefined {
    return textOf(join(this.#folder, name))
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
