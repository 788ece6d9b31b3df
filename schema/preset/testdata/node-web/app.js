const http = require('node:http')

// As most servers are written: the port comes from the environment.
http.createServer((_, res) => res.end('Hello, World!')).listen(process.env.PORT || 3000)
