/* eslint-disable */
import * as types from './graphql.js';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query WeatherOfCities($names: [String!]!, $units: Units!) {\n    cities(names: $names) {\n      name\n      countryName\n      weather(units: $units) {\n        current { temperature condition description }\n        freshness { state simulated }\n      }\n    }\n  }\n": typeof types.WeatherOfCitiesDocument,
    "\n  mutation Process($payload: JSON!) {\n    processPayload(input: { payload: $payload }) {\n      duplicate\n      record { id payloadId result city { name } }\n      problems { code message }\n    }\n  }\n": typeof types.ProcessDocument,
    "\n  query Records($city: String!, $since: DateTime!, $after: String) {\n    records(first: 2, after: $after, filter: { city: $city, receivedSince: $since }, orderBy: { direction: ASC }) {\n      nodes { payloadId state receivedAt }\n      pageInfo { endCursor hasNextPage }\n    }\n  }\n": typeof types.RecordsDocument,
};
const documents: Documents = {
    "\n  query WeatherOfCities($names: [String!]!, $units: Units!) {\n    cities(names: $names) {\n      name\n      countryName\n      weather(units: $units) {\n        current { temperature condition description }\n        freshness { state simulated }\n      }\n    }\n  }\n": types.WeatherOfCitiesDocument,
    "\n  mutation Process($payload: JSON!) {\n    processPayload(input: { payload: $payload }) {\n      duplicate\n      record { id payloadId result city { name } }\n      problems { code message }\n    }\n  }\n": types.ProcessDocument,
    "\n  query Records($city: String!, $since: DateTime!, $after: String) {\n    records(first: 2, after: $after, filter: { city: $city, receivedSince: $since }, orderBy: { direction: ASC }) {\n      nodes { payloadId state receivedAt }\n      pageInfo { endCursor hasNextPage }\n    }\n  }\n": types.RecordsDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WeatherOfCities($names: [String!]!, $units: Units!) {\n    cities(names: $names) {\n      name\n      countryName\n      weather(units: $units) {\n        current { temperature condition description }\n        freshness { state simulated }\n      }\n    }\n  }\n"): typeof import('./graphql.js').WeatherOfCitiesDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Process($payload: JSON!) {\n    processPayload(input: { payload: $payload }) {\n      duplicate\n      record { id payloadId result city { name } }\n      problems { code message }\n    }\n  }\n"): typeof import('./graphql.js').ProcessDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Records($city: String!, $since: DateTime!, $after: String) {\n    records(first: 2, after: $after, filter: { city: $city, receivedSince: $since }, orderBy: { direction: ASC }) {\n      nodes { payloadId state receivedAt }\n      pageInfo { endCursor hasNextPage }\n    }\n  }\n"): typeof import('./graphql.js').RecordsDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
