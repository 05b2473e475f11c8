// What a watched query comes to.
import type { ObservableQuery, OperationVariables } from '@apollo/client'
import { filter, firstValueFrom, lastValueFrom, takeWhile, toArray } from 'rxjs'

import { within } from './gateway.js'

type Whole<Data> = ObservableQuery.Result<Data, 'complete'>

/** The next whole result that meets a condition. */
export function loaded<Data, Variables extends OperationVariables>(
  query: ObservableQuery<Data, Variables>,
  when: (result: Whole<Data>) => boolean = () => true,
): Promise<Whole<Data>> {
  const whole = (result: ObservableQuery.Result<Data>): result is Whole<Data> => result.dataState === 'complete' && when(result)
  return firstValueFrom(query.pipe(filter(whole), within('a whole result')))
}

/** Every result that has data, until the query has ended. */
export function results<Data, Variables extends OperationVariables>(query: ObservableQuery<Data, Variables>): Promise<ObservableQuery.Result<Data>[]> {
  const going = ({ loading, dataState }: ObservableQuery.Result<Data>) => loading || dataState === 'streaming'
  return lastValueFrom(query.pipe(takeWhile(going, true), filter(({ dataState }) => dataState !== 'empty'), toArray(), within('the last result')))
}
