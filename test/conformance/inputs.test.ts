// What every input on streams keeps, whoever sends.

import { receivers } from '../inputs/receivers.ts'
import { inputConformance } from './inputs.ts'

for (const receiver of receivers) inputConformance(receiver)
