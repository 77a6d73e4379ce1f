import type { Clock, Timer } from './clock.ts'

/** The machine's time. */
export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    timeout: (ms, call) => cancels(setTimeout(call, ms)),
    interval: (ms, call) => cancels(setInterval(call, ms)),
    sleep: (ms, signal) => sleep(ms, signal),
  }
}

function cancels(timer: NodeJS.Timeout): Timer {
  return { cancel: () => clearTimeout(timer) }
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      clearTimeout(timer)
      reject(signal!.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}
