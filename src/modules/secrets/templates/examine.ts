import { existsSync } from 'node:fs'
import { entryNames } from '../../../kernel/config/entry-names.ts'
import type { Problem } from '../../../kernel/config/problem.ts'
import type { SecretsConfig } from '../config.ts'
import { contentsOf, type PlacedContent } from '../deliveries/kinds.ts'
import { openContent } from './open-content.ts'

/** What is wrong with the templates, each at the option that it comes from. A file that is not there is no mistake of this kind. */
export async function examineTemplates(config: SecretsConfig): Promise<Problem[]> {
  const host = { sources: entryNames(config.sources), env: {}, now: () => 0 }
  const problems: Problem[] = []
  for (const { path, content } of templatesOf(config)) {
    const { templateFile } = content
    if (templateFile !== undefined && !existsSync(templateFile)) continue
    const option = templateFile === undefined ? 'template' : 'templateFile'
    try {
      await openContent(content, option, host)
    } catch (error) {
      problems.push({ path: [...path, option], message: (error as Error).message })
    }
  }
  return problems
}

/** Templates that are expected in files which are not there now. */
export function missingTemplates(config: SecretsConfig): Problem[] {
  return templatesOf(config).flatMap(({ path, content: { templateFile } }) =>
    templateFile === undefined || existsSync(templateFile)
      ? []
      : [{ path: [...path, 'templateFile'], message: `there is no file ${templateFile} on this machine` }],
  )
}

function templatesOf({ deliveries }: SecretsConfig): PlacedContent[] {
  return deliveries.flatMap((delivery, index) =>
    contentsOf(delivery)
      .filter(({ content }) => content.secret === undefined)
      .map(({ path, content }) => ({ path: ['deliveries', index, delivery.kind, ...path], content })),
  )
}
