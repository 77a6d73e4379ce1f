import type { Format } from './first-configuration.ts'

/** The format that these first lines of a file are most likely written in. */
export function guessFormat(text: string): Format {
  const line = text.split('\n').find(candidate => candidate.trim() !== '') ?? ''
  if (/^\d{4}-\d\d-\d\dT\S+ (stdout|stderr) [FP] /.test(line)) return 'cri'
  if (line.startsWith('{')) return isDocker(line) ? 'docker' : 'json'
  return (line.match(/(^|\s)[\w.]+=("[^"]*"|\S*)/g) ?? []).length >= 3 ? 'logfmt' : 'raw'
}

function isDocker(line: string): boolean {
  return /^\{"log":".*"stream":"(stdout|stderr)".*"time":"/.test(line)
}
