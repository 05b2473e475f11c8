import { ApolloClient, InMemoryCache } from '@apollo/client'
import { GraphQL17Alpha9Handler } from '@apollo/client/incremental'
import { relayStylePagination } from '@apollo/client/utilities'

import { httpLink, persistedLink, split, webSocketLink } from './links.js'

// #region client
export function newClient(url: string): ApolloClient {
  return new ApolloClient({
    cache: new InMemoryCache({
      typePolicies: { Query: { fields: { records: relayStylePagination(['filter', 'orderBy']) } } },
    }),
    link: split(webSocketLink(url), persistedLink(httpLink(url), { get: true })),
    incrementalHandler: new GraphQL17Alpha9Handler(), // @defer; Defer20220824Handler works too
  })
}
// #endregion
