// A network between the browser and the server that a test can break.
import { connect, createServer } from 'node:net';

/** Network passes connections on to a port of this machine. */
export class Network {
  #pairs = new Set();
  #stalled = new Set();
  #away = false;
  #server;

  /** Listens on any free port. */
  static async to(port) {
    const network = new Network();
    network.#server = createServer({ noDelay: true }, (browser) => network.#pass(browser, port));
    await new Promise((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  get port() {
    return this.#server.address().port;
  }

  /** Ends every connection. New ones are possible. */
  cut() {
    this.#pairs.forEach((pair) => pair.end());
  }

  /** Ends every connection and accepts none, as when there is no server. */
  goAway() {
    this.#away = true;
    this.cut();
  }

  /** Loses everything in one direction, 'up' to the server or 'down' to the browser, and ends no connection. */
  stall(direction) {
    this.#stalled.add(direction);
    this.#pairs.forEach((pair) => pair[direction].pause());
  }

  /** From now on everything is passed on. What was stalled is lost with its connections. */
  heal() {
    this.#away = false;
    if (this.#stalled.size > 0) {
      this.#stalled.clear();
      this.cut();
    }
  }

  close() {
    this.cut();
    this.#server.close();
  }

  #pass(browser, port) {
    if (this.#away) {
      browser.destroy();
      return;
    }
    const server = connect({ port, host: '127.0.0.1', noDelay: true });
    const pair = {
      up: browser,
      down: server,
      end: () => {
        this.#pairs.delete(pair);
        browser.destroy();
        server.destroy();
      },
    };
    this.#pairs.add(pair);
    for (const [from, to] of [[browser, server], [server, browser]]) {
      from.on('data', (bytes) => to.write(bytes));
      from.on('error', pair.end);
      from.on('close', pair.end);
    }
    this.#stalled.forEach((direction) => pair[direction].pause());
  }
}
