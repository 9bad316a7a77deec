// A web server of Node.js at port 8080.
//
//   server.js KEEP_ALIVE [ANSWER_AFTER] [BUSY_AT BUSY_FOR]
//
// All in milliseconds. KEEP_ALIVE is server.keepAliveTimeout, or "default". BUSY_AT after the last request the event loop
// is blocked for BUSY_FOR, outside the timers' phase: what came meanwhile is read after the timers have run.
// Says "in work" of each request that it does not answer at once.
// With TLS_KEY and TLS_CERTIFICATE (PEM) in its environment it speaks TLS.
const { TLS_KEY: key, TLS_CERTIFICATE: cert } = process.env;
const http = require(key ? 'https' : 'http');
const [keepAlive, answerAfter = '0', busyAt, busyFor] = process.argv.slice(2);

function block() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(busyFor));
}

let quiet;
const server = http.createServer(key ? { key, cert } : {}, (request, response) => {
  request.resume();
  if (answerAfter !== '0') {
    console.log('in work');
  }
  setTimeout(() => response.end('hello\n'), Number(answerAfter));
  if (busyAt) {
    clearTimeout(quiet);
    quiet = setTimeout(() => setImmediate(block), Number(busyAt));
  }
});
if (keepAlive !== 'default') {
  server.keepAliveTimeout = Number(keepAlive);
  server.headersTimeout = Number(keepAlive) + 5000;
}

process.on('SIGTERM', () => process.exit());
server.listen(8080);
