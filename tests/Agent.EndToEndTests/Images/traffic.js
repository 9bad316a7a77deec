// Well-behaved clients of web servers.
//
//   traffic.js closing ADDRESS PORT PER_SECOND    a connection of its own for each request, closed after the answer
//   traffic.js pool ADDRESS PORT SIZE EVERY       SIZE connections kept for ever, each used every EVERY milliseconds
const http = require('http');
const [way, host, port, count, every] = process.argv.slice(2);
const agent = way === 'pool' ? new http.Agent({ keepAlive: true, maxSockets: Number(count), maxFreeSockets: Number(count) }) : false;

function ask() {
  http.get({ host, port, agent }, (response) => response.resume()).on('error', (error) => console.log(error.message));
}

function round() {
  for (let i = 0; i < (agent ? count : 1); i++) ask();
}

process.on('SIGTERM', () => process.exit());
setInterval(round, agent ? Number(every) : 1000 / count);
