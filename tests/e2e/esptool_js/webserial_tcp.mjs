// SPDX-License-Identifier: Apache-2.0
// What esptool-js needs of a Web Serial port, over TCP: streams both ways, and modem lines that lead nowhere.
import net from "node:net";

export class TcpSerialPort {
  constructor(host, port) {
    Object.assign(this, { host, port, readable: null, writable: null });
  }

  async open() {
    const socket = net.connect(this.port, this.host);
    socket.setNoDelay(true);
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    this.socket = socket;
    this.readable = new ReadableStream({
      start(controller) {
        socket.on("data", (data) => controller.enqueue(new Uint8Array(data)));
        socket.on("close", () => { try { controller.close(); } catch { /* it was cancelled */ } });
      },
    });
    this.writable = new WritableStream({
      write: (data) => new Promise((resolve) => socket.write(Buffer.from(data), resolve)),
    });
  }

  async close() {
    this.socket.destroy();
    this.readable = this.writable = null;
  }

  async setSignals() {}

  getInfo() {
    return {};
  }
}
