import type { TypedDocumentString } from './generated/graphql.js'

/** An error that came beside, or instead of, data. */
export interface GraphQLError {
  message: string
  path?: (string | number)[]
  extensions?: { code?: string; retryable?: boolean; retryAfterMs?: number }
}

/** What a gateway answers: data may be there although some of it failed. */
export interface Answer<Data> {
  data?: Data | null
  errors?: GraphQLError[]
}

/** Sends an operation to the endpoint at url. The types of variables and data are the operation's. */
export async function ask<Data, Variables>(
  url: string,
  operation: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Answer<Data>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query: operation.toString(), variables }),
  })
  // A refused request has a GraphQL answer too, with errors and no data.
  return (await response.json()) as Answer<Data>
}

/** Sends an operation that must succeed as a whole, and returns its data. */
export async function data<Data, Variables>(
  url: string,
  operation: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const answer = await ask(url, operation, variables)
  if (answer.errors?.length || !answer.data) {
    throw new Error(`the gateway answers ${JSON.stringify(answer.errors)}`)
  }
  return answer.data
}
