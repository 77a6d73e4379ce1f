import type { Certificate } from '../../../http/tls/certificate.ts'
import type { Health } from '../../../kernel/module.ts'

const OK: Health = { ready: true, state: 'ok' }

/** Renewals come at two thirds of a life at the latest: who has less than this left was forgotten. */
const LAST_PART = 0.1

/** Degraded in the last tenth of its life, failed after it. The rest of the sidecar stays ready. */
export function certificateHealth(
  name: string,
  { notBeforeMs, notAfterMs }: Pick<Certificate, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): Health {
  const until = new Date(notAfterMs).toISOString()
  const at = (moment: string) => `the certificate ${name} ${moment}`
  if (notAfterMs <= nowMs) return { ready: true, state: 'failed', message: at(`expired at ${until}`) }
  if (notBeforeMs > nowMs)
    return {
      ready: true,
      state: 'failed',
      message: at(`is valid only from ${new Date(notBeforeMs).toISOString()}`),
    }
  if (notAfterMs - nowMs < (notAfterMs - notBeforeMs) * LAST_PART)
    return { ready: true, state: 'degraded', message: at(`expires at ${until} and was not renewed`) }
  return OK
}

/** The one to look at first. */
export function worst(all: readonly Health[]): Health {
  return all.find(({ state }) => state === 'failed') ?? all.find(({ state }) => state === 'degraded') ?? OK
}
