// The chat with ws for Node.js.
'use strict';

const { WebSocketServer, WebSocket } = require('ws');

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv.at(-1)) });

function broadcast(message) {
  const text = JSON.stringify(message);
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(text);
  }
}

const handlers = {
  echo: (socket, { text }) => socket.send(JSON.stringify({ op: 'echo', text })),
  chat: (socket, { text }) => broadcast({ op: 'chat', text }),
  four: (socket, { text }) => {
    for (let part = 0; part < 4; part += 1) broadcast({ op: 'chat', text, part });
  },
  draw: (socket, { stroke, x, y, color }) => broadcast({ op: 'draw', stroke, x, y, color }),
};

server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    handlers[message.op](socket, message);
  });
});
