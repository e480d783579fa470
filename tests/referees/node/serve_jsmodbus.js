// A Modbus TCP server of jsmodbus with 20 holding registers: a read past the end comes back short.
const net = require("net");
const modbus = require("jsmodbus");

const port = Number(process.argv[2]);
const holding = Buffer.alloc(40);
for (let address = 0; address < 20; address += 1) holding.writeUInt16BE(address, 2 * address);
const tcp = new net.Server();
new modbus.server.TCP(tcp, { holding, input: holding });
tcp.listen(port, "127.0.0.1", () => console.log("ready"));
