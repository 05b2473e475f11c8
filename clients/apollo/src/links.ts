// The links that work with Barograph, as a front end writes them. README.md shows
// each; a test holds the two together.
import { ApolloLink, HttpLink, Observable } from '@apollo/client'
import { BatchHttpLink } from '@apollo/client/link/batch-http'
import { SetContextLink } from '@apollo/client/link/context'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
import { OperationTypeNode, print } from 'graphql'
import { createClient as createSSEClient, type Client as SSEClient } from 'graphql-sse'
import { createClient as createWSClient } from 'graphql-ws'

// #region http
export function httpLink(uri: string, options: HttpLink.Options = {}): ApolloLink {
  return new HttpLink({ uri, ...options })
}
// #endregion

// #region persisted
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function persistedLink(http: ApolloLink, { get }: { get: boolean }): ApolloLink {
  return new PersistedQueryLink({ sha256, useGETForHashedQueries: get }).concat(http)
}
// #endregion

// #region batch
export function batchLink(uri: string, options: BatchHttpLink.Options = {}): ApolloLink {
  return new BatchHttpLink({ uri, batchMax: 20, batchInterval: 10, ...options })
}
// #endregion

// #region websocket
export function webSocketLink(url: string): ApolloLink {
  return new GraphQLWsLink(createWSClient({ url: url.replace(/^http/, 'ws') }))
}
// #endregion

// #region token
/** Asked before each request and each connection, so that it may renew the token; undefined is for none. */
export type Token = () => string | undefined | Promise<string | undefined>

export function tokenLink(token: Token, rest: ApolloLink): ApolloLink {
  return new SetContextLink(async ({ headers }) => {
    const current = await token()
    return { headers: { ...headers, ...(current && { authorization: `Bearer ${current}` }) } }
  }).concat(rest)
}

export function webSocketLinkWith(url: string, token: Token): ApolloLink {
  return new GraphQLWsLink(
    createWSClient({
      url: url.replace(/^http/, 'ws'),
      connectionParams: async () => {
        const current = await token()
        return current ? { Authorization: `Bearer ${current}` } : {}
      },
    }),
  )
}
// #endregion

// #region sse
type Subscriber = Pick<SSEClient, 'subscribe'>

/** One connection a subscription: for HTTP/2. */
export function distinctConnections(url: string): Subscriber {
  return createSSEClient({ url })
}

/** One connection for all: HTTP/1.1 gives a browser six. */
export function singleConnection(url: string): Subscriber {
  return createSSEClient({ url, singleConnection: true })
}

export function sseLink(client: Subscriber): ApolloLink {
  return new ApolloLink(({ query, variables, operationName, extensions }) =>
    new Observable((observer) =>
      client.subscribe<Record<string, any>, Record<string, any>>(
        { query: print(query), variables, extensions, ...(operationName && { operationName }) },
        {
          next: (result) => observer.next(result),
          error: (error) => observer.error(error),
          complete: () => observer.complete(),
        },
      ),
    ),
  )
}
// #endregion

// #region split
export function split(subscriptions: ApolloLink, rest: ApolloLink): ApolloLink {
  return ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, subscriptions, rest)
}
// #endregion
