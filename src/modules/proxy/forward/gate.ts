import type { HeaderList } from '../../../wire/http1/headers.ts'
import type { Refusal } from '../refusal.ts'
import type { RequestView } from '../request.ts'

/** The request as it goes on, or why it does not. */
export type Admission = RequestView | Refusal

/** What lets requests in. */
export interface Gate {
  /** Takes away what only the sidecar may say of a caller; before anything looks at the headers. */
  strip(headers: HeaderList): void
  /** A promise only where something has to be waited for. `route` is empty when no route matches. Never rejects. */
  admit(view: RequestView, route: string): Admission | Promise<Admission>
}

export function isRefusal(admission: Admission): admission is Refusal {
  return 'code' in admission
}
