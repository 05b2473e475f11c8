/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Where a report comes from. */
export type FreshnessState =
  /** From the cache, and fresh. */
  | 'CACHED'
  /** Fetched for this answer. */
  | 'LIVE'
  /** Past its expiry, whether being refreshed or not: the best there is at the moment. */
  | 'STALE';

/** The reasons a mutation is refused for. */
export type ProblemCode =
  /** The API key to make would allow more than you may do, or reach pipelines that you do not. */
  | 'API_KEY_EXCEEDS_CALLER'
  /** The API key to make has something wrong in it, at `field`. */
  | 'API_KEY_INVALID'
  /** There is no such API key. */
  | 'API_KEY_NOT_FOUND'
  /** The definition has something wrong in it, at `field`. The place in an expression is told as line:column. */
  | 'DEFINITION_INVALID'
  /** More payloads are waiting than the server takes on: try again later. */
  | 'OVERLOADED'
  /** The pipeline has a record with the payload's `id` and other content. */
  | 'PAYLOAD_CONFLICT'
  /** The payload's `id` is not a string of 1 to 255 characters, or has one in it that controls lines or the direction of text. */
  | 'PAYLOAD_ID_INVALID'
  /** The payload has no `id`. */
  | 'PAYLOAD_ID_MISSING'
  /** The payload is not as the pipeline's definition wants it. */
  | 'PAYLOAD_INVALID'
  /** The payload is not a JSON object. */
  | 'PAYLOAD_NOT_OBJECT'
  /** The payload is over 256 KiB. */
  | 'PAYLOAD_TOO_LARGE'
  /** The pipeline's description is over 1000 characters. */
  | 'PIPELINE_DESCRIPTION_INVALID'
  /** The pipeline has been deactivated. */
  | 'PIPELINE_INACTIVE'
  /** The pipeline's name does not follow the rule. */
  | 'PIPELINE_NAME_INVALID'
  /** There is a pipeline of that name. */
  | 'PIPELINE_NAME_TAKEN'
  /** There is no pipeline of that name. */
  | 'PIPELINE_NOT_FOUND'
  /** The pipeline has another version by now than the one expected. */
  | 'PIPELINE_VERSION_CONFLICT'
  /** It was not said which records: either by ids, or by a filter with a pipeline. */
  | 'RECORDS_NOT_NAMED'
  /** There is no such record. */
  | 'RECORD_NOT_FOUND'
  /** The record is neither DEAD nor SKIPPED. */
  | 'RECORD_NOT_REPLAYABLE'
  /** A step of the pipeline could not do its work. The record tells why, and when it is tried again. */
  | 'STEP_FAILED'
  /** The weather was not fetched anew: that has just been done, or the provider has no quota left or fails. */
  | 'WEATHER_NOT_REFRESHED';

/**
 * How far a record has come. QUEUED, PROCESSING and RETRYING lead to PROCESSED, SKIPPED or DEAD; a replay leads from SKIPPED
 * and DEAD to QUEUED.
 */
export type RecordState =
  /** Failed for good: its error is kept. */
  | 'DEAD'
  /** Done: its result is there. */
  | 'PROCESSED'
  /** Is being worked on. */
  | 'PROCESSING'
  /** Waits for a worker. */
  | 'QUEUED'
  /** Failed, and will be tried again. */
  | 'RETRYING'
  /** Left out by a filter of its pipeline. */
  | 'SKIPPED';

/** The units of an answer. Values are fetched once, in metric units, and converted here. */
export type Units =
  /** °F, mph, inch, inHg. */
  | 'IMPERIAL'
  /** °C, km/h, mm, hPa. */
  | 'METRIC';

/** The groups of WMO code table 4677 that forecasts use. */
export type WeatherCondition =
  /** Code 0. */
  | 'CLEAR'
  /** Codes 51, 53 and 55. */
  | 'DRIZZLE'
  /** Codes 45 and 48. */
  | 'FOG'
  /** Codes 56 and 57. */
  | 'FREEZING_DRIZZLE'
  /** Codes 66 and 67. */
  | 'FREEZING_RAIN'
  /** Code 3. */
  | 'OVERCAST'
  /** Codes 1 and 2. */
  | 'PARTLY_CLOUDY'
  /** Codes 61, 63 and 65. */
  | 'RAIN'
  /** Codes 80, 81 and 82. */
  | 'RAIN_SHOWERS'
  /** Codes 71, 73 and 75. */
  | 'SNOW'
  /** Code 77. */
  | 'SNOW_GRAINS'
  /** Codes 85 and 86. */
  | 'SNOW_SHOWERS'
  /** Code 95. */
  | 'THUNDERSTORM'
  /** Codes 96 and 99. */
  | 'THUNDERSTORM_WITH_HAIL';

export type WeatherOfCitiesQueryVariables = Exact<{
  names: Array<string> | string;
  units: Units;
}>;


export type WeatherOfCitiesQuery = { cities: Array<{ name: string, countryName: string, weather: { current: { temperature: number | null, condition: WeatherCondition | null, description: string | null } | null, freshness: { state: FreshnessState, simulated: boolean } } | null } | null> | null };

export type ProcessMutationVariables = Exact<{
  payload: unknown;
}>;


export type ProcessMutation = { processPayload: { duplicate: boolean, record: { id: string, payloadId: string, result: unknown, city: { name: string } | null } | null, problems: Array<{ code: ProblemCode, message: string }> } | null };

export type RecordsQueryVariables = Exact<{
  city: string;
  since: string;
  after?: string | null | undefined;
}>;


export type RecordsQuery = { records: { nodes: Array<{ payloadId: string, state: RecordState, receivedAt: string }>, pageInfo: { endCursor: string | null, hasNextPage: boolean } } | null };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const WeatherOfCitiesDocument = new TypedDocumentString(`
    query WeatherOfCities($names: [String!]!, $units: Units!) {
  cities(names: $names) {
    name
    countryName
    weather(units: $units) {
      current {
        temperature
        condition
        description
      }
      freshness {
        state
        simulated
      }
    }
  }
}
    `) as unknown as TypedDocumentString<WeatherOfCitiesQuery, WeatherOfCitiesQueryVariables>;
export const ProcessDocument = new TypedDocumentString(`
    mutation Process($payload: JSON!) {
  processPayload(input: {payload: $payload}) {
    duplicate
    record {
      id
      payloadId
      result
      city {
        name
      }
    }
    problems {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ProcessMutation, ProcessMutationVariables>;
export const RecordsDocument = new TypedDocumentString(`
    query Records($city: String!, $since: DateTime!, $after: String) {
  records(
    first: 2
    after: $after
    filter: {city: $city, receivedSince: $since}
    orderBy: {direction: ASC}
  ) {
    nodes {
      payloadId
      state
      receivedAt
    }
    pageInfo {
      endCursor
      hasNextPage
    }
  }
}
    `) as unknown as TypedDocumentString<RecordsQuery, RecordsQueryVariables>;