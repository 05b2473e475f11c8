import type { ApolloClient } from '@apollo/client'
import { defer, map, retry, tap } from 'rxjs'

import { RecordChanged } from './documents.js'

// #region resume
/** Hears of each record that changes, also of those that change while the connection is lost. */
export function recordChanges(client: ApolloClient, pipeline: string) {
  let after: string | undefined
  return defer(() => client.subscribe({ query: RecordChanged, variables: { pipeline, after } })).pipe(
    map(({ data, error }) => {
      if (error) throw error
      return data?.recordChanged
    }),
    tap((event) => (after = event?.cursor ?? after)),
    retry({ delay: 500 }),
  )
}
// #endregion
