/** Of the report: light or dark as the reader has it, and fit for paper. */
export const STYLE = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #52616f; --paper: #fbfcfd; --line: #dde4ea; --bar: #1f7a8c; --card: #ffffff }
@media (prefers-color-scheme: dark) { :root { --ink: #e4ebf1; --soft: #a3b2bf; --paper: #11181f; --line: #2a3642; --bar: #4fb3c6; --card: #18212a } }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main { max-width: 64rem; margin: 0 auto; padding: 2rem 1rem 4rem }
h1 { margin: 0 } h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem } h3 { margin: 1.5rem 0 .5rem; font-size: 1rem }
ul { padding-left: 1.2rem } li { margin: .25rem 0 }
.lead, .note, footer { color: var(--soft) } .note { font-size: .85rem } footer { margin-top: 3rem; font-size: .85rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem }
.card h2 { margin: 0; font-size: .9rem; color: var(--soft) } .card p { margin: .25rem 0 }
.big { font-size: 1.8rem; font-weight: 600 } .big small { font-size: .9rem; font-weight: 400; color: var(--soft) }
.bars { width: 100%; max-width: 760px; height: auto } .bars rect { fill: var(--bar) } .bars text { fill: var(--ink); font-size: 13px } .bars .label { fill: var(--soft) }
.scroll { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .875rem }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top }
thead th { white-space: nowrap } tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 12rem }
.number { text-align: right; font-variant-numeric: tabular-nums } .number, .names { white-space: nowrap }
@media print { body { background: none } section { break-inside: avoid } }
`.trim()
