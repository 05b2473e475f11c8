import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { InMemoryCache } from '@apollo/client'
import { relayStylePagination } from '@apollo/client/utilities'

import { graphql } from './generated/gql.js'
import { clientOn, newPipeline, processed, url } from './gateway.js'
import { httpLink } from './links.js'
import { loaded } from './watched.js'

const RecordPage = graphql(`
  query RecordPage($filter: RecordFilter!, $first: Int, $after: String, $last: Int, $before: String) {
    records(filter: $filter, orderBy: { direction: ASC }, first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id payloadId } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
      totalCount
    }
  }
`)

const sent = Array.from({ length: 8 }, (_, i) => `record-${i}`)
let filter: { pipeline: string }

before(async () => {
  filter = { pipeline: await newPipeline() }
  for (const id of sent) await processed(filter.pipeline, id)
})

function records() {
  const cache = new InMemoryCache({
    typePolicies: { Query: { fields: { records: relayStylePagination(['filter', 'orderBy']) } } },
  })
  return clientOn(httpLink(url), { cache })
}

test('relayStylePagination walks forward through every record once', async () => {
  const query = records().watchQuery({ query: RecordPage, variables: { filter, first: 3 } })
  const subscription = query.subscribe(() => {})
  let page = (await loaded(query)).data.records
  assert.equal(page?.pageInfo.hasPreviousPage, false)
  const cursors = new Set<string | null | undefined>()
  while (page?.pageInfo.hasNextPage) {
    const after: string | null = page.pageInfo.endCursor
    assert(!cursors.has(after), 'a page again')
    cursors.add(after)
    page = (await query.fetchMore({ variables: { first: 3, after } })).data?.records ?? null
  }
  assert.equal(cursors.size, 2)
  const { data } = await loaded(query, ({ data }) => data.records?.edges.length === sent.length)
  assert.deepEqual(data.records?.edges.map((e) => e.node.payloadId), sent)
  assert.deepEqual([data.records?.totalCount, data.records?.pageInfo.hasNextPage], [sent.length, false])
  subscription.unsubscribe()
})

test('relayStylePagination walks backward through every record once', async () => {
  const query = records().watchQuery({ query: RecordPage, variables: { filter, last: 3 } })
  const subscription = query.subscribe(() => {})
  let page = (await loaded(query)).data.records
  assert.deepEqual(page?.edges.map((e) => e.node.payloadId), sent.slice(-3))
  assert.equal(page?.pageInfo.hasNextPage, false)
  const cursors = new Set<string | null | undefined>()
  while (page?.pageInfo.hasPreviousPage) {
    const before: string | null = page.pageInfo.startCursor
    assert(!cursors.has(before), 'a page again')
    cursors.add(before)
    page = (await query.fetchMore({ variables: { last: 3, before } })).data?.records ?? null
  }
  assert.equal(cursors.size, 2)
  const { data } = await loaded(query, ({ data }) => data.records?.edges.length === sent.length)
  assert.deepEqual(data.records?.edges.map((e) => e.node.payloadId), sent)
  assert.deepEqual([data.records?.totalCount, data.records?.pageInfo.hasPreviousPage], [sent.length, false])
  subscription.unsubscribe()
})
