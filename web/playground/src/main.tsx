import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

import mark from "../mark.svg";
import { examples } from "./examples";
import { fetcher } from "./gateway";

/** What the editor of variables accepts for the schema's own scalars. */
const scalars = {
  JSON: {},
  Date: { type: "string", format: "date" },
  DateTime: { type: "string", format: "date-time" },
} as const;

createRoot(document.getElementById("playground")!).render(
  <GraphiQL
    fetcher={fetcher}
    defaultTabs={examples}
    defaultEditorToolsVisibility="variables"
    customScalarSchemas={scalars}
    inputValueDeprecation
    schemaDescription
  >
    <GraphiQL.Logo>
      <img src={mark} alt="" />
      Barograph
    </GraphiQL.Logo>
  </GraphiQL>,
);
