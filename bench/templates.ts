/** Templates as they are written for secrets: rendered by us and by Go's text/template, in turn. Needs `go`. */
import { Template } from '../src/wire/gotemplate/template.ts'
import type { Value } from '../src/wire/gotemplate/value.ts'
import { startOracle } from '../test/oracles/gotemplate.ts'

const TEMPLATES = {
  'two fields': 'username={{ .data.username }}\npassword={{ .data.password }}\n',
  'a list of servers': `{{- range $i, $server := .servers }}{{ if $i }},{{ end }}
{{ with $server }}{{ printf "%s:%d" .host .port }}{{ if eq .host "h3" }} backup{{ end }}{{ end }}
{{- else }}none{{ end }}
`,
  'all keys, escaped': '{{ range $k, $v := .data }}{{ $k }}="{{ $v | js }}"\n{{ end }}',
} as const

const DATA: Value = new Map<Value, Value>([
  [
    'data',
    new Map(['username', 'password', 'host', 'port', 'database'].map(key => [key, `the "${key}" of <it>`])),
  ],
  [
    'servers',
    Array.from(
      { length: 10 },
      (_, n) =>
        new Map<Value, Value>([
          ['host', `h${n}`],
          ['port', BigInt(5432 + n)],
        ]),
    ),
  ],
])

const EXECUTIONS = 20_000
const ROUNDS = 5

const oracle = await startOracle()
console.log('\nµs per execution, the best of some rounds\n')
for (const [name, text] of Object.entries(TEMPLATES)) {
  const template = Template.compile(text, { name })
  const best = { ours: Number.POSITIVE_INFINITY, go: Number.POSITIVE_INFINITY }
  for (let round = 0; round < ROUNDS; round++) {
    const begin = process.hrtime.bigint()
    for (let n = 0; n < EXECUTIONS; n++) template.execute(DATA)
    best.ours = Math.min(best.ours, Number(process.hrtime.bigint() - begin))
    const [answer] = await oracle.ask([
      { template: text, data: DATA, missingKey: 'default', rounds: EXECUTIONS },
    ])
    if (answer?.output !== template.execute(DATA)) throw new Error(`${name}: Go has another output`)
    best.go = Math.min(best.go, answer.nanoseconds ?? Number.NaN)
  }
  const [ours, go] = [best.ours / EXECUTIONS / 1000, best.go / EXECUTIONS / 1000]
  console.log(
    `${name.padEnd(24)}ours ${ours.toFixed(2).padStart(7)}   Go ${go.toFixed(2).padStart(7)}   ${(ours / go).toFixed(2)} x`,
  )
}
await oracle.stop()
