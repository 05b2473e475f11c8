// Composes the gateway at a URL with a second subgraph that extends its entities,
// and resolves entities as a router does.
import assert from 'node:assert/strict';
import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const url = process.argv[2];

async function ask(query, variables = {}) {
  const res = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body: JSON.stringify({ query, variables }),
  });
  return res.json();
}

const { data, errors } = await ask('{ _service { sdl } }');
assert.equal(errors, undefined);

const visits = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
  type City @key(fields: "id") { id: ID! visitors: Int! }
  type Record @key(fields: "id") { id: ID! reviewed: Boolean! }
  type Pipeline @key(fields: "name") { name: String! owner: String }
  type PageInfo @shareable { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
  type Query { busiest: City lastReviewed: Record }
`;
const composed = composeServices([
  { name: 'barograph', url, typeDefs: parse(data._service.sdl) },
  { name: 'visits', url: 'http://visits.invalid', typeDefs: parse(visits) },
]);
assert.deepEqual(composed.errors?.map(String) ?? [], []);
const supergraph = composed.schema.toAPISchema();
for (const coordinate of ['City.weather', 'City.visitors', 'Record.result', 'Record.reviewed', 'Pipeline.owner', 'Query.busiest', 'Subscription.recordChanged']) {
  const [type, field] = coordinate.split('.');
  assert.ok(supergraph.type(type)?.field(field), `the supergraph has no ${coordinate}`);
}
assert.match(composed.supergraphSdl, /type Weather\b[^{]*@requiresScopes\(scopes: \[\["weather:read"\]\]\)/, 'a router knows what a type takes');
assert.match(composed.supergraphSdl, /type City\b[^{]*@authenticated/, 'and what takes a credential');
assert.deepEqual(composed.hints.filter((h) => h.definition.level.value >= 60).map(String), [], 'no warnings');

const taken = await ask('mutation { processPayload(input: { payload: { id: "entity", city: "Lima" } }) { record { id } } }');
const lima = await ask('{ city(name: "Lima") { id } }');
const answer = await ask(
  `query ($of: [_Any!]!) {
    _entities(representations: $of) {
      ... on City { name weather { current { temperature } } }
      ... on Record { payloadId state }
      ... on Pipeline { active }
    }
  }`,
  {
    of: [
      { __typename: 'City', id: lima.data.city.id },
      { __typename: 'Record', id: taken.data.processPayload.record.id },
      { __typename: 'Pipeline', name: 'default' },
      { __typename: 'City', id: 'City:1' },
    ],
  },
);
const [city, record, pipeline, nobody] = answer.data._entities;
assert.equal(city.name, 'Lima');
assert.equal(typeof city.weather.current.temperature, 'number');
assert.deepEqual(record, { payloadId: 'entity', state: 'PROCESSED' });
assert.deepEqual(pipeline, { active: true });
assert.equal(nobody, null);
assert.deepEqual(answer.errors.map((e) => [e.path, e.extensions.code]), [[['_entities', 3], 'NOT_FOUND']]);
console.log('composed with another subgraph, and resolved its entities');
