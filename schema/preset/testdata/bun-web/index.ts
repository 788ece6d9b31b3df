Bun.serve({ fetch: () => new Response("Hello, Team!\n") });
