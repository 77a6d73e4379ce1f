const RENEW_FROM = 0.5
const RENEW_UNTIL = 0.7
const FIRST_RETRY_MS = 1000
const MAX_RETRY_MS = 5 * 60_000

/** When to ask for the next certificate: at 50 to 70 % of the lifetime, so that sidecars that began together spread. `random` is in [0, 1). */
export function renewAtMs(issuedAtMs: number, notAfterMs: number, random: number): number {
  return issuedAtMs + (notAfterMs - issuedAtMs) * (RENEW_FROM + (RENEW_UNTIL - RENEW_FROM) * random)
}

/** The pause after so many failures in a row: doubled up to five minutes, half of it random. */
export function retryAfterMs(failures: number, random: number): number {
  const ceiling = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 30))
  return ceiling * (0.5 + 0.5 * random)
}
