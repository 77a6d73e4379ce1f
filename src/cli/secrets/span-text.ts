/** A span of time as people say it: `59 s`, `14 min`, `3 h`, `2 d`; what is over with a minus. */
export function spanText(seconds: number): string {
  const sign = seconds < 0 ? '-' : ''
  const size = Math.abs(seconds)
  if (size < 99.5) return `${sign}${Math.round(size)} s`
  if (size < 99.5 * 60) return `${sign}${Math.round(size / 60)} min`
  if (size < 48 * 3600) return `${sign}${Math.round(size / 3600)} h`
  return `${sign}${Math.round(size / 86_400)} d`
}
