// Clients that come in bursts, with quiet moments between them.
//
//   clients.js ADDRESS/PORT/SIZES/GAPS...
//
// SIZES (requests at the same time) and GAPS (milliseconds until the next burst) are taken in turn, from the start again at
// their end. POST, because a proxy may not repeat such a request. Each request has a connection of its own.
// SIGUSR2: no more of them; "rests" is printed when the last has its answer.
const http = require('http');
let waiting = 0;
let isLast = false;

function rest() {
  if (isLast && waiting === 0) {
    console.log('rests');
  }
}

function post(host, port) {
  waiting++;
  return new Promise((resolve) => {
    const request = http.request({ host, port, path: '/', method: 'POST', agent: false }, (response) => {
      response.resume();
      response.on('close', resolve);
    });
    request.on('error', resolve);
    request.end('x');
  }).then(() => {
    waiting--;
    rest();
  });
}

async function run(target) {
  const [address, port, ...lists] = target.split('/');
  const [sizes, gaps] = lists.map((list) => list.split(',').map(Number));
  for (let i = 0; !isLast; i++) {
    await Promise.all(Array.from({ length: sizes[i % sizes.length] }, () => post(address, port)));
    await new Promise((resolve) => setTimeout(resolve, gaps[i % gaps.length]));
  }
}

process.on('SIGTERM', () => process.exit());
process.on('SIGUSR2', () => {
  isLast = true;
  rest();
});
setInterval(() => {}, 60000); // stays when it rests
process.argv.slice(2).forEach(run);
