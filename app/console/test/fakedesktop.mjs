// The server's side of RFB 3.8, as little as a viewer needs to show one picture.

const width = 640;
const height = 400;

/** Gives every stream that the page opens to `answer`, as a playwright WebSocketRoute. */
export async function streams(page, answer) {
  await page.routeWebSocket('**/stream', answer);
  // noVNC looks for a socket's methods on its immediate prototype; those of playwright's are one further up.
  await page.addInitScript(() => {
    const methods = Object.getOwnPropertyDescriptors(Object.getPrototypeOf(WebSocket.prototype));
    delete methods.constructor;
    Object.defineProperties(WebSocket.prototype, methods);
  });
}

/**
 * Answers a playwright WebSocketRoute as a desktop would: handshake without authentication, then one picture, and again
 * each time that the page asks for all of it. `ws.silent` makes it a desktop that is out of reach.
 */
export function serve(ws) {
  const steps = [
    () => Buffer.from([1, 1]), // the viewer's version: one security type, none
    () => Buffer.alloc(4), // its choice: fine
    () => init(), // its wish to share
    () => picture(), // its first wishes: the picture, whatever they are
  ];
  ws.onMessage((bytes) => {
    if (!ws.silent && (steps.length > 0 || isQuestion(bytes))) {
      ws.send((steps.shift() ?? picture)());
    }
  });
  ws.send(Buffer.from('RFB 003.008\n'));
}

/** Whether that is a FramebufferUpdateRequest that is not incremental. */
function isQuestion(bytes) {
  return bytes[0] === 3 && bytes[1] === 0;
}

function init() {
  const name = Buffer.from('fake');
  const head = Buffer.alloc(24);
  head.writeUInt16BE(width, 0);
  head.writeUInt16BE(height, 2);
  // 32 bits a pixel, 24 of them colour, little endian, true colour; 255 each at 16, 8 and 0.
  Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(head, 4);
  head.writeUInt32BE(name.length, 20);
  return Buffer.concat([head, name]);
}

/** One raw rectangle: a light window on a dark ground. */
function picture() {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(width, 8);
  head.writeUInt16BE(height, 10);
  const pixels = Buffer.alloc(width * height * 4, 0x30);
  for (let y = 80; y < 320; y++) {
    pixels.fill(0xe0, (y * width + 120) * 4, (y * width + 520) * 4);
  }
  return Buffer.concat([head, pixels]);
}
