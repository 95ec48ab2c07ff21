// Does what a task of tests/interop says, with an official TypeScript client, and prints what it found.
//
//   node visit.mjs 1 < task.json
//   node visit.mjs 2 legacy|auto|2026-07-28 < task.json

import { text } from 'node:stream/consumers'

const [line, mode] = process.argv.slice(2)
const { Client, StreamableHTTPClientTransport } = await {
  1: async () => ({
    ...(await import('@modelcontextprotocol/sdk/client/index.js')),
    ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
  }),
  2: () => import('@modelcontextprotocol/client'),
}[line]()

const task = JSON.parse(await text(process.stdin))
const negotiated = mode?.startsWith('2') ? { pin: mode } : mode
const client = new Client(
  { name: 'test', version: '1' },
  line === '2' ? { versionNegotiation: { mode: negotiated } } : {},
)
// Up to 2025-11-25 a client may ask for a stream of the server's own messages, beside all else and unseen by its user.
const streams = []
const transport = new StreamableHTTPClientTransport(new URL(task.url), {
  requestInit: { headers: task.headers },
  fetch: (url, init) => {
    const answer = fetch(url, init)
    if (init.method === 'GET') streams.push(answer)
    return answer
  },
})
await client.connect(transport)
const called = ([name, args]) => client.callTool({ name, arguments: args })
const found = {
  revision: client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion,
  capabilities: Object.keys(client.getServerCapabilities()),
  tools: (await client.listTools()).tools.map((tool) => tool.name),
  failed: await called(task.failing),
  good: await called(task.good),
}
if (task.resource) {
  found.resource = await client.readResource({ uri: task.resource })
  const [name, args] = task.prompt
  found.prompt = await client.getPrompt({ name, arguments: args })
}
found.streams = (await Promise.all(streams)).map((answer) => answer.status)
await client.close()
console.log(JSON.stringify(found))
