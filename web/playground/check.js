// Uses the playground of a running gateway as a person does, in a browser that
// reaches nothing else: node check.js ORIGIN BROWSER DIRECTORY-FOR-SCREENSHOTS
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium } from "playwright-core";

const [origin, executablePath, shots] = process.argv.slice(2);

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  ],
});

/** What the pages asked for outside, did not get, or complained about. */
const faults = [];

/** Opens the playground as on a first visit. */
async function open(colorScheme) {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1440, height: 900 } });
  const inside = (url) => !/^(https?|wss?):/.test(url) || new URL(url).host === new URL(origin).host;
  context.on("request", (request) => inside(request.url()) || faults.push(`outside request: ${request.url()}`));
  context.on("response", (response) => response.status() < 400 || faults.push(`${response.status()}: ${response.url()}`));
  context.on("requestfailed", (request) => faults.push(`${request.failure().errorText}: ${request.url()}`));
  context.on("weberror", (error) => faults.push(`uncaught: ${error.error().stack}`));
  context.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(`console: ${message.text().slice(0, 500)}`));
  await context.route((url) => !inside(url.href), (route) => route.abort());
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.effectiveDirective} ${e.blockedURI}`));
  });
  const page = await context.newPage();
  page.on("websocket", (socket) => inside(socket.url()) || faults.push(`outside socket: ${socket.url()}`));
  await page.goto(origin);
  await page.getByRole("tab", { name: "Cities" }).waitFor();
  await page.locator(".graphiql-query-editor .monaco-editor").waitFor();
  return page;
}

/** Reads until what is read meets a condition, and returns it. */
async function eventually(page, read, condition) {
  let last;
  for (let tries = 0; tries < 100; tries++) {
    last = await read();
    if (condition(last)) return last;
    await page.waitForTimeout(100);
  }
  assert.fail(`not what was waited for: ${JSON.stringify(last)?.slice(0, 2000)}`);
}

/** The text of an editor: on the page itself is only what is not scrolled away. */
const text = (page, editor) =>
  page.evaluate((name) => globalThis.__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith(name)).getValue(), editor);
const query = (page, condition) => eventually(page, () => text(page, "operation.graphql"), condition);

/** Waits for an answer whose data meet a condition, and returns them. */
async function answer(page, condition) {
  const { data } = await eventually(page, async () => JSON.parse((await text(page, "response.json")) || "{}"), ({ data }) => data && condition(data));
  return data;
}

const run = (page) => page.getByRole("button", { name: /^Execute query/ }).click();

async function choose(page, tab) {
  await page.getByRole("tab", { name: tab, exact: true }).click();
  const example = readFileSync(new URL(`examples/${tab.toLowerCase()}.graphql`, import.meta.url), "utf8");
  await query(page, (shown) => shown === example);
  await settle(page);
}

/** Waits until GraphiQL, 100 ms after a change, has seen which operation there is. */
const settle = (page) => page.evaluate(() => new Promise((done) => setTimeout(done, 200)));

async function shoot(page, name) {
  await settle(page); // for the editor to colour what it shows
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** Replaces the query by what is typed, key by key. */
async function type(page, keys) {
  await page.locator(".graphiql-query-editor .view-lines").click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.press("Delete");
  await page.keyboard.type(keys, { delay: 10 });
}

async function examplesAnswer(page) {
  await run(page);
  const cities = await answer(page, (data) => data.named);
  assert.equal(cities.named.length, 8);
  assert.equal(cities.found.length, 92);
  assert.ok(cities.named.every((city) => typeof city.weather.current.temperature === "number"));
  assert.equal(cities.named.at(-1).countryName, "Canada");
  await shoot(page, "cities");

  await choose(page, "Forecast");
  await run(page);
  const forecast = await answer(page, (data) => data.imperial);
  assert.equal(forecast.weather.city.name, "Kathmandu");
  assert.equal(forecast.weather.hourly.length, 6);
  assert.equal(forecast.weather.daily.length, 3);
  await shoot(page, "forecast");

  await choose(page, "Process");
  await run(page);
  const { processPayload: first } = await answer(page, (data) => data.processPayload);
  assert.deepEqual(first.problems, []);
  assert.equal(first.duplicate, false);
  assert.equal(first.record.city.name, "Mumbai");
  await run(page);
  await answer(page, (data) => data.processPayload?.duplicate);
  await shoot(page, "process");

  await choose(page, "Records");
  await run(page);
  const { records } = await answer(page, (data) => data.records);
  assert.equal(records.nodes[0].payloadId, "evt_10928a");
  assert.equal(records.totalCount, 1);
  await shoot(page, "records");
}

async function subscriptionShowsARecord(page) {
  await choose(page, "Watch");
  const connected = page.waitForEvent("websocket");
  await run(page);
  const socket = await connected;
  await socket.waitForEvent("framesent", { predicate: ({ payload }) => payload.includes('"subscribe"') });
  // The server does not say that it has subscribed: a payload is sent until one is seen.
  let sent = 0;
  const sending = setInterval(() => submit(`evt_watch_${sent++}`).catch((error) => console.error(error)), 200);
  try {
    const { recordChanged } = await answer(page, (data) => data.recordChanged);
    assert.match(recordChanged.record.payloadId, /^evt_watch_/);
    assert.equal(recordChanged.record.city.name, "Oslo");
  } finally {
    clearInterval(sending);
  }
  await shoot(page, "watch");
  const closed = socket.isClosed() ? null : socket.waitForEvent("close");
  await page.getByRole("button", { name: /^Stop query/ }).click();
  await closed;
}

/** Sends a payload from outside the browser. */
async function submit(id) {
  const response = await fetch(new URL("graphql", origin), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      query: "mutation ($payload: JSON!) { processPayload(input: { payload: $payload }) { problems { code } } }",
      variables: { payload: { id, city: "Oslo" } },
    }),
  });
  const { data, errors } = await response.json();
  assert.deepEqual(errors ?? data.processPayload.problems, []);
}

async function typingCompletesAndRuns(page) {
  await page.getByRole("button", { name: "New tab" }).click();
  await type(page, '{ weather(city: "Oslo") { current { tempera');
  const suggestion = page.locator(".suggest-widget .monaco-list-row.focused");
  await suggestion.filter({ hasText: "temperature" }).waitFor();
  await shoot(page, "completion");
  await page.keyboard.press("Tab");
  await query(page, (shown) => /current \{ temperature\s*\}/.test(shown));
  await page.keyboard.press("Escape");
  await settle(page);
  await page.keyboard.press("ControlOrMeta+Enter");
  const { weather } = await answer(page, (data) => data.weather);
  assert.equal(typeof weather.current.temperature, "number");

  await type(page, "{ wether }");
  await page.locator(".graphiql-query-editor .squiggly-error").first().waitFor();
}

async function docsAreThere(page) {
  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await page.getByRole("link", { name: "Query" }).click();
  await page.getByText("Many cities, in the order asked.").first().waitFor();
  await shoot(page, "docs");
}

try {
  const page = await open("light");
  await shoot(page, "first");
  for (const step of [examplesAnswer, subscriptionShowsARecord, typingCompletesAndRuns, docsAreThere]) {
    await step(page);
    console.log(step.name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`));
  }

  const dark = await open("dark");
  await run(dark);
  await answer(dark, (data) => data.named);
  await shoot(dark, "dark");

  assert.deepEqual(faults, []);
  console.log("nothing outside was asked for, and nothing was complained about");
} catch (error) {
  console.error(faults.join("\n"));
  for (const [index, page] of browser.contexts().flatMap((context) => context.pages()).entries()) {
    await shoot(page, `failed-${index}`);
  }
  throw error;
} finally {
  await browser.close();
}
