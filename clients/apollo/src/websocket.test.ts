// graphql-transport-ws, by graphql-ws.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { receivesChanges, toldWhatIsWrong } from './changes.js'
import { CityByName } from './documents.js'
import { clientOn, url } from './gateway.js'
import { webSocketLink } from './links.js'

test('a subscription over a WebSocket receives what a mutation changes', () => receivesChanges(webSocketLink(url)))

test('a subscription over a WebSocket is told what is wrong with it', () => toldWhatIsWrong(webSocketLink(url)))

test('queries go over a WebSocket too', async () => {
  const { data } = await clientOn(webSocketLink(url)).query({ query: CityByName, variables: { name: 'Mumbai' } })
  assert.equal(data?.city?.countryName, 'India')
})
