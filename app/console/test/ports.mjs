// Ports of this machine for what a test starts.
import { createServer } from 'node:net';

/** A port on which nothing listens, below those that the kernel gives to connections and to those who ask for any port. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    const listen = () => probe.listen(20000 + Math.floor(Math.random() * 12767), '127.0.0.1');
    probe.on('error', (error) => (error.code === 'EADDRINUSE' ? listen() : reject(error)));
    probe.on('listening', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
    listen();
  });
}
