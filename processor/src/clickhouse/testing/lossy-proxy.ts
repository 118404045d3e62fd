/** A proxy before ClickHouse that can lose an answer: the request is carried out, and the connection breaks. */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LossyProxy {
  url: string;
  /** The next answer does not arrive. */
  loseNext(): void;
  close(): Promise<void>;
}

export async function startLossyProxy(target: string): Promise<LossyProxy> {
  let lose = false;
  const server = createServer((from, to) => {
    const losing = lose;
    lose = false;
    const onward = request(
      new URL(from.url ?? '/', target),
      { method: from.method, headers: from.headers },
      (answer) => {
        if (losing) answer.on('end', () => to.destroy()).resume();
        else {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
        }
      },
    );
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext: () => (lose = true),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
