export type StepConfig = { kind: 'none' }
