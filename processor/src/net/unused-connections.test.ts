import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { watchUnused } from './unused-connections';

let server: Server;
let release: (() => void) | undefined;
const sockets: Socket[] = [];

async function listen(): Promise<void> {
  server = createServer((request, response) => {
    if (request.url === '/slow') release = () => response.end('slow');
    else response.end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}
async function open(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  const arrived = once(server, 'connection');
  await once(socket, 'connect');
  await arrived;
  return socket;
}
const closed = (): Promise<'closed'> => new Promise((done) => server.close(() => done('closed')));
const soon = (ms: number): Promise<'open'> => new Promise((done) => setTimeout(() => done('open'), ms));

afterEach(() => {
  for (const s of sockets.splice(0)) s.destroy();
  server.closeAllConnections();
});

it('a connection without a request keeps a server open, unless it is watched', async () => {
  await listen();
  await open();
  const control = closed();
  server.closeIdleConnections();
  expect(await Promise.race([control, soon(500)])).toBe('open');
  sockets[0]!.destroy();
  await control;

  await listen();
  const end = watchUnused(server, 60_000);
  await open();
  const done = closed();
  end();
  expect(await done).toBe('closed');
});

it('a request in flight is answered; one that outlasts the grace is cut', async () => {
  await listen();
  let end = watchUnused(server, 60_000);
  let socket = await open();
  const asked = once(server, 'request');
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await asked;
  let done = closed();
  end();
  expect(await Promise.race([done, soon(200)])).toBe('open');
  const answer = once(socket, 'data');
  release!();
  expect(String((await answer)[0])).toContain('slow');
  expect(await done).toBe('closed');

  await listen();
  end = watchUnused(server, 50);
  socket = await open();
  const again = once(server, 'request');
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await again;
  done = closed();
  end();
  expect(await done).toBe('closed');
});
