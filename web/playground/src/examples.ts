import cities from "../examples/cities.graphql?raw";
import forecast from "../examples/forecast.graphql?raw";
import forecastVariables from "../examples/forecast.json?raw";
import process from "../examples/process.graphql?raw";
import processVariables from "../examples/process.json?raw";
import records from "../examples/records.graphql?raw";
import watch from "../examples/watch.graphql?raw";

/**
 * The tabs of a first visit. Each example answers on a gateway that has just
 * been started. The first has no variables: GraphiQL does not show them there.
 */
export const examples = [
  { query: cities },
  { query: forecast, variables: forecastVariables },
  { query: process, variables: processVariables },
  { query: records },
  { query: watch },
];
