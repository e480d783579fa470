// A client of @bacnet-js/client: one command a line on stdin, one JSON answer a line on stdout.
const bacnet = require("@bacnet-js/client");

const readline = require("node:readline");

const [address, ownPort] = process.argv.slice(2);
const PRESENT_VALUE = 85;
const PRIORITY_ARRAY = 87;
const NULL = 0;
const REAL = 4;
const peer = { address };
const target = { type: 2, instance: 1 };
const client = new (bacnet.default || bacnet)({
  port: Number(ownPort),
  interface: "127.0.0.1",
  broadcastAddress: "127.255.255.255",
  apduTimeout: 1500,
});

const values = async (property) =>
  (await client.readProperty(peer, target, property)).values.map(({ value }) => value);
const write = (value, priority) =>
  client.writeProperty(peer, target, PRESENT_VALUE, [value], { priority: Number(priority) });
const commands = {
  read: async () => (await values(PRESENT_VALUE))[0],
  slots: () => values(PRIORITY_ARRAY),
  write: (priority, value) => write({ type: REAL, value: Number(value) }, priority),
  release: (priority) => write({ type: NULL, value: null }, priority),
};

client.on("listening", () => console.log('"ready"'));
readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const [command, ...words] = line.split(" ");
  try {
    console.log(JSON.stringify((await commands[command](...words)) ?? null));
  } catch (error) {
    console.log(JSON.stringify({ error: String(error) }));
  }
});
