import type { Check } from '../../src/lint/check.ts'

/** docs/reference/lint.md: every check of the linter, with why it is there and what to do. */
export function checksPage(checks: readonly Check[]): string {
  const rows = checks.map(
    ({ id, name, severity, title }) =>
      `| [${id}](#${id.toLowerCase()}) | \`${name}\` | ${severity} | ${title} |`,
  )
  const sections = checks.map(
    ({ id, name, severity, title, why, mend, bad, good }) =>
      `## ${id}\n\n**${title}** (\`${name}\`, ${severity})\n\n${why}\n\nMend: ${mend}\n\nFound in:\n\n\`\`\`text\n${bad.trimEnd()}\n\`\`\`\n\nNot in:\n\n\`\`\`text\n${good.trimEnd()}\n\`\`\`\n`,
  )
  return `# Checks of \`outrigger lint\`

Made from the checks themselves; \`outrigger lint --explain SC001\` prints the same. How to use them: [lint](../lint.md).

| id | name | severity | what it finds |
|---|---|---|---|
${rows.join('\n')}

${sections.join('\n')}`
}
