// node worker.js SOCKET URL
//
// Posts the event of each job in the queue of the server at SOCKET to URL/NAME, the name of the job,
// 32 at a time over connections that stay open.

import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { Pool } from 'undici'

const [socket, url] = process.argv.slice(2)
const CONCURRENCY = 32

const pool = new Pool(url, { connections: CONCURRENCY })
const headers = { 'content-type': 'application/json' }

async function forward (job) {
  const body = JSON.stringify(job.data)
  const path = `/${job.name}`
  const answer = await pool.request({ method: 'POST', path, headers, body })
  await answer.body.dump() // else the connection is not free for the next
  if (answer.statusCode >= 300) {
    throw new Error(`answered ${answer.statusCode}`) // BullMQ tries again
  }
}

const worker = new Worker('events', forward, {
  connection: new Redis(socket, { maxRetriesPerRequest: null }),
  concurrency: CONCURRENCY
})
worker.on('error', console.error)

process.once('SIGTERM', async () => {
  await worker.close()
  await pool.close()
  process.exit()
})
