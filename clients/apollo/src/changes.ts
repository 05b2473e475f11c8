// What a subscription must do over any link.
import assert from 'node:assert/strict'

import { CombinedGraphQLErrors, type ApolloLink } from '@apollo/client'
import { parse } from 'graphql'
import { exhaustMap, filter, firstValueFrom, map, ReplaySubject, timer, type Observable } from 'rxjs'

import { RecordChanged } from './documents.js'
import { clientOn, newPipeline, processed, url, within } from './gateway.js'
import type { RecordChangedSubscription } from './generated/graphql.js'
import { httpLink, split } from './links.js'

type Event = NonNullable<RecordChangedSubscription['recordChanged']>

/** What has been heard of a pipeline's records. */
export class Heard {
  readonly #events = new ReplaySubject<Event>()
  readonly #subscription
  readonly payloadIds: string[] = []

  constructor(readonly pipeline: string, events: Observable<Event | null | undefined>) {
    this.#events.subscribe({ next: (event) => this.payloadIds.push(event.record!.payloadId), error: () => {} })
    this.#subscription = events.pipe(filter((event) => event != null)).subscribe(this.#events)
  }

  /** Waits until a record is heard of. */
  async of(payloadId: string): Promise<Event> {
    return firstValueFrom(this.#events.pipe(filter((event) => event.record?.payloadId === payloadId), within(`the change of ${payloadId}`)))
  }

  /** Processes payloads until one is heard of: nobody else says that the subscription has begun. */
  async begun(): Promise<void> {
    const knocking = timer(0, 100).pipe(exhaustMap((i) => processed(this.pipeline, `knock-${i}`))).subscribe()
    try {
      await firstValueFrom(this.#events.pipe(within('a first change')))
    } finally {
      knocking.unsubscribe()
    }
  }

  end(): void {
    this.#subscription.unsubscribe()
  }
}

/** Subscribes to two pipelines over a link, and checks that each hears its own changes, each once. */
export async function receivesChanges(link: ApolloLink): Promise<void> {
  const client = clientOn(split(link, httpLink(url)))
  const hear = (pipeline: string) =>
    new Heard(pipeline, client.subscribe({ query: RecordChanged, variables: { pipeline } }).pipe(map(({ data, error }) => {
      if (error) throw error
      return data?.recordChanged
    })))
  const one = hear(await newPipeline())
  const other = hear(await newPipeline())
  try {
    await Promise.all([one.begun(), other.begun()])
    await processed(other.pipeline, 'not for one', { city: 'Paris' })
    await processed(one.pipeline, 'wanted', { city: 'Mumbai' })
    const { record } = await one.of('wanted')
    assert.deepEqual([record?.state, record?.city?.name], ['PROCESSED', 'Mumbai'])
    assert.equal((await other.of('not for one')).record?.city?.name, 'Paris')
    assert(!one.payloadIds.includes('not for one'))
    assert.deepEqual(one.payloadIds, [...new Set(one.payloadIds)], 'each once')
  } finally {
    one.end()
    other.end()
  }
}

/** Subscribes to what is not there over a link, and checks that the client is told. */
export async function toldWhatIsWrong(link: ApolloLink): Promise<void> {
  const asked = clientOn(link).subscribe({ query: parse('subscription { recordBurnt { cursor } }') })
  const { error } = await firstValueFrom(asked.pipe(within('the error')))
  assert(CombinedGraphQLErrors.is(error), `not GraphQL's: ${error}`)
  assert.equal(error.errors[0]?.extensions?.['code'], 'GRAPHQL_VALIDATION_FAILED')
}
