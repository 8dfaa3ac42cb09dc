// Answers questions, one JSON value a line: `{ask: "person", field: "email", text: ...}`. An answer
// is `{answer: ...}`, or `{refused: "why"}` where the code that is asked throws.
"use strict";

const fetching = require.resolve("cross-fetch", {
  paths: [require.resolve("@segment/actions-core")],
});
const fetched = require(fetching);

const sent = [];

/** In the place of the network, for whatever loads cross-fetch after this. */
async function record(...request) {
  sent.push(await new fetched.Request(...request).text());
  return new fetched.Response("{}", { status: 200 });
}
require.cache[fetching].exports = Object.assign(record, { ...fetched, default: record, fetch: record });

const { createTestIntegration } = require("@segment/actions-core");
const { ParamBuilder } = require("capi-param-builder-nodejs");
const {
  getNormalizedAndHashedPII,
  getNormalizedPII,
} = require("capi-param-builder-nodejs/src/piiUtil/PIIUtil.js");

const destinations = "@segment/action-destinations/dist/destinations";
const integrations = {
  linkedin: createTestIntegration(require(`${destinations}/linkedin-conversions`).default),
  microsoft_uet: createTestIntegration(require(`${destinations}/ms-bing-capi`).default),
  meta: createTestIntegration(require(`${destinations}/facebook-conversions-api`).default),
  ga4: createTestIntegration(require(`${destinations}/google-analytics-4`).default),
  pinterest: createTestIntegration(require(`${destinations}/pinterest-conversions`).default),
  reddit: createTestIntegration(require(`${destinations}/reddit-conversions-api`).default),
  snapchat: createTestIntegration(require(`${destinations}/snap-conversions-api`).default),
  tiktok: createTestIntegration(require(`${destinations}/tiktok-conversions`).default),
};

const answers = {
  /** The text that is hashed; null for none. */
  person: ({ field, text }) => getNormalizedPII(text, field),

  /** The hash with its mark. */
  hash: ({ field, text }) => getNormalizedAndHashedPII(text, field),

  /** `fbc` and `fbp` as they go to the Conversions API. */
  click({ query, cookies, referrer }) {
    const builder = new ParamBuilder(["shop.example"]);
    builder.processRequest("shop.example", query, cookies, referrer);
    return { fbc: builder.getFbc(), fbp: builder.getFbp() };
  },

  /** The bodies of the requests that Segment makes of a message with its own mapping. */
  async segment({ destination, action, mapping, settings, auth, event }) {
    sent.length = 0;
    const how = { event, mapping, settings, auth, useDefaultMappings: true };
    await integrations[destination].testAction(action, how);
    return sent.map((body) => JSON.parse(body));
  },
};

async function answer(line) {
  try {
    const { ask, ...question } = JSON.parse(line);
    return { answer: await answers[ask](question) };
  } catch (error) {
    return { refused: String(error.message) };
  }
}

(async () => {
  for await (const line of require("node:readline").createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
  }
})();
