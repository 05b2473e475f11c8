// The client that the README begins with.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Heard } from './changes.js'
import { newClient } from './client.js'
import { newPipeline, processed, url } from './gateway.js'
import { graphql } from './generated/gql.js'
import { recordChanges } from './resume.js'
import { results } from './watched.js'

const Overview = graphql(`
  query Overview($pipeline: String!) {
    records(filter: { pipeline: $pipeline }, first: 10) {
      edges { cursor node { id payloadId ... on Record @defer { city { id weather { id current { temperature } } } } } }
      pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
`)

test('one client has persisted queries, deferred parts, pages and subscriptions', async () => {
  const client = newClient(url)
  const pipeline = await newPipeline()
  const heard = new Heard(pipeline, recordChanges(client, pipeline))
  await heard.begun()
  await processed(pipeline, 'a', { city: 'Mumbai' })
  assert.equal((await heard.of('a')).record?.city?.name, 'Mumbai')
  heard.end()

  const seen = await results(client.watchQuery({ query: Overview, variables: { pipeline } }))
  assert.deepEqual([seen[0]?.dataState, seen.at(-1)?.dataState], ['streaming', 'complete'])
  const [edge] = seen.at(-1)?.data?.records?.edges ?? []
  assert.equal(edge?.node?.payloadId, 'a')
  assert.equal(typeof edge?.node?.city?.weather?.current?.temperature, 'number')
})
