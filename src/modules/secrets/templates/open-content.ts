import { readFile } from 'node:fs/promises'
import { errorText } from '../../../kernel/log/format.ts'
import { parseReference } from '../reference.ts'
import type { ContentConfig } from './config.ts'
import type { Asking, Content } from './content.ts'
import type { Family } from './functions/define.ts'
import type { TemplateGiven } from './template-content.ts'

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
  const {
    templateFile,
    delimiters,
    missingKey,
    maxSizeBytes,
    sandbox,
    programs,
    functionDenylist = [],
  } = config
  const text = config.template ?? (await readTemplate(templateFile!, name))
  return templateContent(text, {
    ...host,
    ...(await functionsIn(text, host)),
    functionDenylist,
    name: templateFile ?? name,
    missingKey,
    maxBytes: maxSizeBytes,
    programs,
    ...(sandbox !== undefined && { sandbox }),
    ...(delimiters !== undefined && { delimiters: [delimiters[0]!, delimiters[1]!] }),
  })
}

/** Functions that few templates call. */
async function functionsIn(
  text: string,
  { now }: ContentHost,
): Promise<Pick<TemplateGiven, 'moreFunctions' | 'moreOfAPass'>> {
  const families: Family[] = []
  const ofAPass: ((asking: Asking) => Family)[] = []
  if (text.includes('sprig_')) families.push((await import('./sprig/table.ts')).sprigFunctions(now))
  if (/sprig_(gen|bcrypt|htpasswd)/.test(text)) {
    const { GENERATORS, sprigGenerators } = await import('./sprig/generators.ts')
    families.push(GENERATORS)
    ofAPass.push(asking => sprigGenerators(asking, now))
  }
  if (text.includes('spew_')) families.push((await import('./functions/spew.ts')).SPEW)
  if (text.includes('sockaddr')) {
    const { sockaddrFunctions } = await import('./sockaddr/sockaddr.ts')
    const { readNetwork } = await import('./sockaddr/interfaces.ts')
    families.push(sockaddrFunctions(readNetwork))
  }
  return { moreFunctions: families.flat(), moreOfAPass: asking => ofAPass.flatMap(of => of(asking)) }
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
