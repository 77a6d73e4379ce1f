import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parseSync } from 'rolldown/utils'

/** What a source file imports, uses and is, as far as the architecture test asks. Paths are relative to the repository. */
export interface SourceFile {
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  /** `process.env` and `process.exit`, with their lines. */
  readonly processUses: readonly { readonly name: string; readonly line: number }[]
  /** Lines of statements at module scope that do something when the file is imported. */
  readonly effects: readonly number[]
}

export interface Import {
  /** A path relative to the repository for our own files, else the specifier as written. */
  readonly target: string
  /** type: erased; static: loaded with the file; lazy: `import()` or `process.getBuiltinModule()`. */
  readonly kind: 'type' | 'static' | 'lazy'
  readonly line: number
}

const root = dirname(import.meta.dirname)

/** The TypeScript files below a folder of the repository whose paths are wanted, sorted by path. */
export function readSources(folder: string, isWanted: (path: string) => boolean): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .filter(isWanted)
    .sort()
    .map(path => readSource(path, readFileSync(join(root, path), 'utf8')))
}

/** One file; its text is given, so that the test can show that each rule bites. */
export function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text, { lang: 'ts', sourceType: 'module' })
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const imports: Import[] = []
  const processUses: { name: string; line: number }[] = []
  walk(program as unknown as Node, node => {
    const line = lineAt(node.start)
    const found = importOf(node)
    if (found !== undefined) imports.push({ ...found, target: resolve(path, found.target), line })
    const use = processUse(node)
    if (use !== undefined) processUses.push({ name: use, line })
  })
  const body = (program as unknown as { body: Node[] }).body
  const effects = body.filter(hasEffect).map(node => lineAt(node.start))
  return { path, lines: text.split('\n').length - 1, imports, processUses, effects }
}

type Node = { readonly type: string; readonly start: number } & Record<string, unknown>

function importOf(node: Node): { target: string; kind: Import['kind'] } | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration': {
      const target = literal(node['source'])
      return target === undefined ? undefined : { target, kind: isErased(node) ? 'type' : 'static' }
    }
    case 'TSImportType': {
      const target = literal(node['source']) ?? literal((node['argument'] as Node | undefined)?.['literal'])
      return target === undefined ? undefined : { target, kind: 'type' }
    }
    case 'ImportExpression': {
      const target = literal(node['source'])
      return target === undefined ? undefined : { target, kind: 'lazy' }
    }
    case 'CallExpression': {
      const target = literal((node['arguments'] as unknown[])[0])
      const isBuiltin = memberOfProcess(node['callee'] as Node) === 'getBuiltinModule'
      return isBuiltin && target !== undefined ? { target, kind: 'lazy' } : undefined
    }
    default:
      return undefined
  }
}

function isErased(node: Node): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  const specifiers = (node['specifiers'] ?? []) as Node[]
  return (
    specifiers.length > 0 &&
    specifiers.every(each => each['importKind'] === 'type' || each['exportKind'] === 'type')
  )
}

function processUse(node: Node): string | undefined {
  const member = memberOfProcess(node)
  return member === 'env' || member === 'exit' ? `process.${member}` : undefined
}

function memberOfProcess(node: Node): string | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const object = node['object'] as Node
  if (object.type !== 'Identifier' || object['name'] !== 'process') return undefined
  return (node['property'] as Node)['name'] as string | undefined
}

/** `start()` or `await x` standing alone at module scope; declarations may compute tables. */
function hasEffect(statement: Node): boolean {
  if (statement.type !== 'ExpressionStatement') return false
  const expression = statement['expression'] as Node
  return ['CallExpression', 'AwaitExpression', 'NewExpression'].includes(expression.type)
}

function literal(node: unknown): string | undefined {
  const value = (node as { value?: unknown } | null | undefined)?.value
  return typeof value === 'string' ? value : undefined
}

function resolve(from: string, target: string): string {
  return target.startsWith('.') ? join(dirname(from), target) : target
}

function walk(node: Node, visit: (node: Node) => void): void {
  visit(node)
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child !== null && typeof child === 'object' && typeof (child as Node).type === 'string')
        walk(child as Node, visit)
    }
  }
}
