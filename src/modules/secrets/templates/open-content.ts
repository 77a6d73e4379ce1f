import { readFile } from 'node:fs/promises'
import { errorText } from '../../../kernel/log/format.ts'
import { parseReference } from '../reference.ts'
import type { ContentConfig } from './config.ts'
import type { Content } from './content.ts'

export interface ContentHost {
  readonly sources: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: () => number
}

/** What a content's options say, ready to be made. Rejects with a message for people, with the place in a template. */
export async function openContent(config: ContentConfig, name: string, host: ContentHost): Promise<Content> {
  if (config.secret !== undefined) {
    const { secretContent } = await import('./secret-content.ts')
    return secretContent(
      parseReference(config.secret, host.sources)!,
      config.secret,
      config.format,
      config.maxSizeBytes,
    )
  }
  const { templateContent } = await import('./template-content.ts')
  const { templateFile, delimiters, missingKey, maxSizeBytes, sandbox, functionDenylist = [] } = config
  const text = config.template ?? (await readTemplate(templateFile!, name))
  return templateContent(text, {
    ...host,
    // Some two hundred functions that few templates call.
    moreFunctions: text.includes('sprig_') ? (await import('./sprig/table.ts')).sprigFunctions(host.now) : [],
    functionDenylist,
    name: templateFile ?? name,
    missingKey,
    maxBytes: maxSizeBytes,
    ...(sandbox !== undefined && { sandbox }),
    ...(delimiters !== undefined && { delimiters: [delimiters[0]!, delimiters[1]!] }),
  })
}

async function readTemplate(path: string, name: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(
      `${name}: templateFile ${path}: ${code === 'ENOENT' ? 'there is no such file' : errorText(error)}`,
    )
  }
}
