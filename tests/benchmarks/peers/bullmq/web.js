// node web.js SOCKET PORT NAME...
//
// POST /collect with the JSON of one event: 204 once a job of each NAME is in the queue, which is as
// durable as the Redis or Valkey server at SOCKET makes it.

import { Queue } from 'bullmq'
import Fastify from 'fastify'
import { Redis } from 'ioredis'

const [socket, port, ...names] = process.argv.slice(2)

const queue = new Queue('events', {
  // without a queue in ioredis a sender is told at once when the store is away; its
  // enableAutoPipelining was tried in both programs, alone and together, and saved nothing
  connection: new Redis(socket, { enableOfflineQueue: false }),
  defaultJobOptions: {
    attempts: 8,
    backoff: { type: 'exponential', delay: 1000 },
    removeOnComplete: true
  }
})
queue.on('error', console.error)

const fastify = Fastify()

// browsers send it as text, to which the browser asks for no permission first
fastify.addContentTypeParser(
  'text/plain', { parseAs: 'string' }, fastify.getDefaultJsonParser('error', 'error')
)

fastify.post('/collect', async (request, reply) => {
  const data = request.body
  if (names.length === 1) {
    await queue.add(names[0], data)
  } else {
    await queue.addBulk(names.map(name => ({ name, data }))) // all or none, in one transaction
  }
  return reply.code(204).send()
})

process.once('SIGTERM', async () => {
  await fastify.close()
  await queue.close()
  process.exit()
})

await queue.waitUntilReady()
await fastify.listen({ host: '127.0.0.1', port: Number(port) })
