import type { Health } from '../module.ts'
import type { Route } from './routes.ts'
import type { Status } from './status.ts'

/** The page for people: one look says whether all is well. No script; it works from any terminal's browser too. */
export function page(status: Status, routes: readonly Route[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outrigger: ${escapeHtml(verdict(status))}</title>
<style>${STYLE}</style>
<body>
<header>
<h1>Outrigger</h1>
<p class="verdict ${status.ready ? status.state : 'failed'}">${escapeHtml(verdict(status))}</p>
</header>
<main>
${status.message ? `<p class="message">${escapeHtml(status.message)}</p>` : ''}
<dl class="figures">${figures(status)
    .map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join('')}</dl>
<h2>Modules</h2>
${modulesTable(status.modules)}
<h2>Reloads</h2>
${reloadsTable(status)}
<h2>Endpoints</h2>
<table>${routes.map(routeRow).join('')}</table>
</main>
</body>
</html>
`
}

function verdict({ phase, ready, state }: Status): string {
  if (phase !== 'running') return phase
  if (!ready) return 'not ready'
  return state === 'ok' ? 'ready' : `ready, ${state}`
}

function figures(status: Status): [string, string][] {
  const { privateBytes, residentBytes, cpuSeconds } = status.process
  return [
    ['up', duration(status.uptimeSeconds)],
    ['CPU', `${cpuSeconds.toFixed(1)} s`],
    ['memory', megabytes(residentBytes)],
    ...(privateBytes === undefined ? [] : [['private memory', megabytes(privateBytes)] as [string, string]]),
    ['configuration', status.configuration.hash],
    ['log level', status.logLevel],
    ['version', status.version],
    ['Node', status.nodeVersion],
  ]
}

function modulesTable(modules: Readonly<Record<string, Health>>): string {
  const rows = Object.entries(modules).flatMap(([name, health]) => healthRows(name, health, 0))
  if (rows.length === 0) return '<p>The configuration names none.</p>'
  return `<table><tr><th>Module</th><th>State</th><th></th></tr>${rows.join('')}</table>`
}

function healthRows(name: string, health: Health, depth: number): string[] {
  const state = health.ready || health.state === 'failed' ? health.state : 'not ready'
  const row = `<tr><td style="padding-left:${0.75 + depth * 1.5}em">${escapeHtml(name)}</td><td><span class="state ${health.state}">${state}</span></td><td>${escapeHtml(health.message ?? '')}</td></tr>`
  return [
    row,
    ...Object.entries(health.parts ?? {}).flatMap(([part, inner]) => healthRows(part, inner, depth + 1)),
  ]
}

function reloadsTable({ reloads }: Status): string {
  if (reloads.length === 0) return '<p>None since the start.</p>'
  const rows = reloads.map(
    ({ at, trigger, outcome, hash, message }) =>
      `<tr><td>${at.slice(0, 19).replace('T', ' ')}</td><td>${trigger}</td><td>${outcome.replace('_', ' ')}</td><td><code>${hash}</code></td><td><pre>${escapeHtml(message ?? '')}</pre></td></tr>`,
  )
  return `<table><tr><th>When (UTC)</th><th>By</th><th>Outcome</th><th>Runs</th><th></th></tr>${rows.join('')}</table>`
}

function routeRow({ path, about, methods }: Route): string {
  const names = Object.keys(methods).join(', ')
  const linked =
    methods['GET'] && !path.endsWith('*')
      ? `<a href="${escapeHtml(path)}">${escapeHtml(path)}</a>`
      : escapeHtml(path)
  return `<tr><td>${names}</td><td>${linked}</td><td>${escapeHtml(about)}</td></tr>`
}

function duration(seconds: number): string {
  const units: [number, string][] = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
  ]
  const at = units.findIndex(([size]) => seconds >= size)
  if (at === -1) return '0 s'
  const [size, name] = units[at]!
  const smaller = units[at + 1]
  const rest = smaller ? ` ${Math.floor((seconds % size) / smaller[0])} ${smaller[1]}` : ''
  return `${Math.floor(seconds / size)} ${name}${rest}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2733; --soft: #5b6875; --line: #dde3e8; --paper: #fff; --ok: #1a7f4b; --warn: #a15c00; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ee; --soft: #98a4b0; --line: #2c3640; --paper: #141a20; --ok: #57c98d; --warn: #e5a54b; --bad: #f2857d } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header { display: flex; align-items: center; gap: 1em; padding: 1.25em 2em; border-bottom: 1px solid var(--line) }
main { max-width: 62em; padding: 0 2em 3em }
h1 { margin: 0; font-size: 1.25em } h2 { margin: 2em 0 .5em; font-size: 1em }
.verdict, .state { margin: 0; padding: .05em .7em; border: 1px solid; border-radius: 1em; font-size: .875em; white-space: nowrap }
.ok { color: var(--ok) } .degraded { color: var(--warn) } .failed { color: var(--bad) }
.message { padding: .75em 1em; border-left: 3px solid var(--warn) }
.figures { display: flex; flex-wrap: wrap; gap: 1em 2.5em; margin: 1.5em 0 } .figures dt { color: var(--soft); font-size: .875em } .figures dd { margin: 0; font-variant-numeric: tabular-nums }
table { width: 100%; border-collapse: collapse } th { color: var(--soft); font-weight: normal; font-size: .875em }
th, td { padding: .4rem .75rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top }
pre { margin: 0; white-space: pre-wrap; font-size: .85em } a { color: inherit }
td, .message, pre { overflow-wrap: anywhere }
@media (max-width: 44em) {
  header { padding: 1em } main { padding: 0 1em 2em }
  tr { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .75em; padding: .4em 0; border-bottom: 1px solid var(--line) }
  td { border: 0; padding: 0 } td:last-child:not(:empty) { flex-basis: 100% } td:has(pre:empty), tr:has(th) { display: none }
}
`
