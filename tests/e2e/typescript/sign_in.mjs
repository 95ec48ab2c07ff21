// Signs in from nothing but the URL of an MCP server, with an official TypeScript client, and calls a tool.
//
//   node sign_in.mjs 1|2 URL TOOL
//
// Prints as JSON what the tool answered, before and after the access token was good no more, where the browser was
// sent, and as whom the client was registered.

const [line, url, tool] = process.argv.slice(2)
const { Client, StreamableHTTPClientTransport, UnauthorizedError } = await {
  1: async () => ({
    ...(await import('@modelcontextprotocol/sdk/client/index.js')),
    ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
    ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
  }),
  2: () => import('@modelcontextprotocol/client'),
}[line]()

const CALLBACK = 'http://localhost:3118/callback'

// Keeps everything in memory, and is the browser as well: fills in the page for signing in, and notes where it is led.
class Person {
  visited = []
  clientMetadata = {
    client_name: 'test',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }

  get redirectUrl() {
    return CALLBACK
  }

  clientInformation() {
    return this.client
  }

  saveClientInformation(client) {
    this.client = client
  }

  tokens() {
    return this.saved
  }

  saveTokens(tokens) {
    this.saved = tokens
  }

  codeVerifier() {
    return this.verifier
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier
  }

  async redirectToAuthorization(address) {
    this.visited.push(address.href)
    const form = new URLSearchParams(address.search)
    form.set('username', 'alice')
    const answer = await fetch(address.origin + address.pathname, { method: 'POST', body: form, redirect: 'manual' })
    const location = answer.headers.get('location')
    if (!location?.startsWith(CALLBACK)) throw new Error(`Signing in answers ${answer.status}: ${await answer.text()}`)
    this.returned = new URL(location).searchParams
  }
}

async function connected(person) {
  const client = new Client({ name: 'test', version: '1' })
  const transport = new StreamableHTTPClientTransport(new URL(url), { authProvider: person })
  try {
    await client.connect(transport)
    return client
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error
    // The 1.x line takes the code alone.
    await transport.finishAuth(line === '1' ? person.returned.get('code') : person.returned)
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider: person }))
  return client
}

const person = new Person()
const client = await connected(person)
const called = async () => (await client.callTool({ name: tool, arguments: {} })).structuredContent
const first = await called()
const { access_token, refresh_token } = person.saved
person.saved = { ...person.saved, access_token: 'expired' }
const second = await called()
await client.close()
console.log(
  JSON.stringify({
    answers: [first, second],
    visited: person.visited,
    client_id: person.client.client_id,
    rotated: [person.saved.access_token !== access_token, person.saved.refresh_token !== refresh_token],
  }),
)
