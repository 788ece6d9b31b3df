// Reads the page anew for each request, as development servers do.
const { readFileSync } = require("node:fs");
require("node:http")
  .createServer((_, response) => response.end(readFileSync("index.html")))
  .listen(process.env.PORT, "127.0.0.1");
