// A subscription whose connection is lost misses nothing: it goes on after the
// last event it has received.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CombinedGraphQLErrors, type ApolloLink } from '@apollo/client'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { EventSource } from 'eventsource'
import { print } from 'graphql'
import { createClient as createSSEClient } from 'graphql-sse'
import { createClient as createWSClient } from 'graphql-ws'
import { firstValueFrom, Observable } from 'rxjs'

import { Heard } from './changes.js'
import { RecordChanged } from './documents.js'
import { clientOn, newPipeline, processed, url, within } from './gateway.js'
import type { RecordChangedSubscription } from './generated/graphql.js'
import { httpLink, sseLink, webSocketLink } from './links.js'
import { Proxy } from './proxy.js'
import { recordChanges } from './resume.js'

/** Cuts the connection of a subscription that has begun, and checks that nothing is missed and nothing comes twice. */
async function missesNothing(proxy: Proxy, heard: Heard): Promise<void> {
  try {
    await heard.begun()
    await processed(heard.pipeline, 'before')
    await heard.of('before')
    proxy.cut()
    await processed(heard.pipeline, 'missed')
    await processed(heard.pipeline, 'missed too')
    proxy.mend()
    await heard.of('missed too')
    await processed(heard.pipeline, 'after')
    await heard.of('after')
    const from = heard.payloadIds.indexOf('before')
    assert.deepEqual(heard.payloadIds.slice(from), ['before', 'missed', 'missed too', 'after'])
  } finally {
    heard.end()
  }
}

const links: Record<string, (url: string) => ApolloLink> = {
  'a WebSocket': (at) => new GraphQLWsLink(createWSClient({ url: at.replace(/^http/, 'ws'), retryAttempts: 0 })),
  'server-sent events': (at) => sseLink(createSSEClient({ url: at, retryAttempts: 0 })),
  'server-sent events on a single connection': (at) => sseLink(createSSEClient({ url: at, singleConnection: true, retryAttempts: 0 })),
  'multipart HTTP': (at) => httpLink(at),
}

for (const [name, link] of Object.entries(links)) {
  test(`over ${name}, a subscription goes on after its cursor`, async () => {
    await using proxy = await Proxy.start()
    const client = clientOn(link(proxy.url))
    const pipeline = await newPipeline()
    await missesNothing(proxy, new Heard(pipeline, recordChanges(client, pipeline)))
  })
}

test('an EventSource goes on by itself, after its Last-Event-ID', async () => {
  await using proxy = await Proxy.start()
  const pipeline = await newPipeline()
  const address = new URL(proxy.url)
  address.searchParams.set('query', print(RecordChanged))
  address.searchParams.set('variables', JSON.stringify({ pipeline }))
  const resumedAfter: (string | null)[] = []
  const events = new Observable<RecordChangedSubscription['recordChanged']>((observer) => {
    const source = new EventSource(address, {
      fetch: (input, init) => {
        resumedAfter.push(new Headers(init.headers).get('last-event-id'))
        return fetch(input, init)
      },
    })
    source.addEventListener('next', ({ data, lastEventId }) => {
      const event = (JSON.parse(data) as { data: RecordChangedSubscription }).data.recordChanged
      assert.equal(lastEventId, event?.cursor)
      observer.next(event)
    })
    return () => source.close()
  })
  await missesNothing(proxy, new Heard(pipeline, events))
  assert.equal(resumedAfter[0], null)
  assert(resumedAfter.at(-1), 'a Last-Event-ID')
})

test('a cursor that is none is BAD_USER_INPUT', async () => {
  const asked = clientOn(webSocketLink(url)).subscribe({ query: RecordChanged, variables: { pipeline: 'default', after: 'not a cursor' } })
  const { error } = await firstValueFrom(asked.pipe(within('the error')))
  assert(CombinedGraphQLErrors.is(error), `not GraphQL's: ${error}`)
  assert.equal(error.errors[0]?.extensions?.['code'], 'BAD_USER_INPUT')
})
