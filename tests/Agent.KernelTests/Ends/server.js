// HTTP/1.1 and HTTP/2 servers of Node.js with TLS: server.js KEY CERTIFICATE HTTP1_PORT HTTP2_PORT
// Idle connections are closed after a second or two; /slow is answered after two.
const fs = require('fs');
const [key, cert] = process.argv.slice(2, 4).map((name) => fs.readFileSync(name));
const [port1, port2] = process.argv.slice(4).map(Number);
const answer = (request, response) => setTimeout(() => response.end('hello\n'), request.url === '/slow' ? 2000 : 0);

const http1 = require('https').createServer({ key, cert }, answer);
// Node.js adds a second of its own.
http1.keepAliveTimeout = 1000;
http1.listen(port1);

const http2 = require('http2').createSecureServer({ key, cert }, answer);
http2.on('session', (session) => session.setTimeout(1000, () => session.close()));
http2.listen(port2);
