/** What keeps a closing HTTP server of Node open although nothing is asked of it. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections on which no request ever came (a load balancer's probe, a client that connects ahead) are neither idle nor
 * active to Node: `close()` waits for them until their header timeout, 60 to 90 s. Call the returned function when closing:
 * they are cut then, and after `graceMs` every other connection too.
 */
export function watchUnused(server: Server, graceMs: number): () => void {
  const unused = new Set<Socket>();
  let closing = false;
  server.on('connection', (socket: Socket) => {
    if (closing) {
      socket.destroy();
      return;
    }
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', (request) => unused.delete(request.socket));
  return () => {
    closing = true;
    for (const socket of unused) socket.destroy();
    const hard = setTimeout(() => server.closeAllConnections(), graceMs);
    server.once('close', () => clearTimeout(hard));
  };
}
