// node flow.js PORT URL NAME...
//
// A walkerOS flow in one process. POST /collect with the JSON of one event sends it to URL/NAME of
// each NAME: 204 once all have taken it, or 502 for the sender to try again.
// GET /accepted says how many events were answered with 204.

import { createServer } from 'node:http'
import { startFlow } from '@walkeros/collector'
import { sendServer } from '@walkeros/server-core'
import { destinationAPI } from '@walkeros/server-destination-api'

const [port, url, ...names] = process.argv.slice(2)
let accepted = 0

async function bodyOf (request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks))
}

// what walkerOS's source for Express does with `async: false`, without Express
function http ({ config, withScope }) {
  const server = createServer(async (request, response) => {
    if (request.url === '/accepted') {
      return response.end(String(accepted))
    }
    try {
      const data = await bodyOf(request)
      const { ok } = await withScope(request, undefined, ({ push }) => {
        return push({ name: 'order complete', data }) // walkerOS's names have two words
      })
      accepted += ok
      response.writeHead(ok ? 204 : 502).end()
    } catch (error) {
      response.writeHead(error instanceof SyntaxError ? 400 : 500).end()
    }
  })
  server.listen({ host: '127.0.0.1', port: config.settings.port })
  return {
    type: 'http',
    config,
    push: () => {},
    destroy: () => new Promise(resolve => server.close(resolve))
  }
}

// without this walkerOS's own destination takes any answer, and none at all, for a success
async function sendOrThrow (...request) {
  const answer = await sendServer(...request)
  if (!answer.ok) throw new Error(answer.error)
  return answer
}

const destinations = names.map(name => [name, {
  code: destinationAPI,
  env: { sendServer: sendOrThrow },
  config: { settings: { url: `${url}/${name}` }, data: 'data' }
}])

const { collector } = await startFlow({
  sources: { http: { code: http, config: { settings: { port: Number(port) } } } },
  destinations: Object.fromEntries(destinations)
})

process.once('SIGTERM', async () => {
  await collector.command('shutdown')
  process.exit()
})
