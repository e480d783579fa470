// A Modbus TCP server of modbus-serial: unit 1, register = address, exception 2 at the hole.
const { ServerTCP } = require("modbus-serial");

const [port, hole] = process.argv.slice(2).map(Number);
const asked = (address) => {
  if (address === hole) {
    const error = new Error("hole");
    error.modbusErrorCode = 2;
    throw error;
  }
  return address;
};
const held = new Map();
const vector = {
  getHoldingRegister: (address) => (held.has(address) ? held.get(address) : asked(address)),
  getInputRegister: asked,
  setRegister: (address, value) => held.set(address, value),
};
const server = new ServerTCP(vector, { host: "127.0.0.1", port, unitID: 1 });
server.on("initialized", () => console.log("ready"));
