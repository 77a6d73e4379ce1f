import type { Cause } from '../failure.ts'
import type { Tree } from '../tree.ts'

export function roleCauses(object: Tree): Cause[] {
  const causes: Cause[] = []
  for (const [index, rule] of (object['rules'] ?? []).entries()) {
    const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [] } = rule
    const required = (key: string, list: readonly unknown[]) => {
      if (list.length === 0) causes.push({ field: `rules[${index}].${key}`, message: 'Required value' })
    }
    required('verbs', verbs)
    if (nonResourceURLs.length > 0) {
      if (object['kind'] === 'Role')
        causes.push({
          field: `rules[${index}].nonResourceURLs`,
          message: 'Invalid value: namespaced rules cannot apply to non-resource URLs',
        })
      continue
    }
    required('apiGroups', apiGroups)
    required('resources', resources)
  }
  return causes
}
