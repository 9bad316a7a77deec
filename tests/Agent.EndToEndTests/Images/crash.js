// A web server of Node.js at port 8080 that fails.
//
//   crash.js drop EVERY      closes the connection of every EVERYth request instead of answering
//   crash.js exit AFTER      ends AFTER milliseconds after it began to listen, whatever it has to answer by then
//
// It answers after 200 ms.
const http = require('http');
const [way, number] = process.argv.slice(2);
let requests = 0;
const server = http.createServer((request, response) => {
  request.resume();
  const drops = way === 'drop' && ++requests % Number(number) === 0;
  setTimeout(() => (drops ? request.socket.destroy() : response.end('hello\n')), 200);
});
server.keepAliveTimeout = 620000;
server.headersTimeout = 625000;
process.on('SIGTERM', () => process.exit());
server.listen(8080, () => way === 'exit' && setTimeout(() => process.exit(1), Number(number)));
