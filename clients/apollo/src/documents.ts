// The operations more than one test sends. Their types come from the gateway's
// schema: a field it does not have does not compile.
import { graphql } from './generated/gql.js'

export const WeatherOfCities = graphql(`
  query WeatherOfCities($names: [String!]!) {
    cities(names: $names) {
      id
      name
      countryName
      weather {
        id
        current { temperature description }
        freshness { state simulated expiresAt }
      }
    }
  }
`)

export const CityByName = graphql(`
  query CityByName($name: String!) {
    city(name: $name) { id name countryName population }
  }
`)

export const CreatePipeline = graphql(`
  mutation CreatePipeline($name: String!) {
    createPipeline(input: { name: $name }) {
      pipeline { id name version active }
      problems { code message }
    }
  }
`)

export const Process = graphql(`
  mutation Process($pipeline: String!, $payload: JSON!) {
    processPayload(input: { pipeline: $pipeline, payload: $payload }) {
      duplicate
      record { id payloadId state result city { id name } }
      problems { code message field }
    }
  }
`)

export const RecordChanged = graphql(`
  subscription RecordChanged($pipeline: String!, $after: String) {
    recordChanged(pipeline: $pipeline, after: $after) {
      cursor
      record { id payloadId state result city { id name } }
    }
  }
`)
