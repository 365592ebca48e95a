// protocol.js -- Engine.IO 4 and Socket.IO 5 on the wire, as their authors' own test suites ask (engine.io-protocol and
// socket.io-protocol, test-suite/), for what OpenMMO has: no echo, one namespace, no binary. Plain requests and npm's ws.
import http from "node:http";
import net from "node:net";
import { WebSocket } from "ws";
import { assert, equal, next, test, until, within } from "./suite.js";
import { withDaemon } from "./daemon.js";

const short = { "auth.guests": "yes", "http.ping_interval": "300ms", "http.ping_timeout": "200ms", "http.connect": "1s" };
const lasting = { "auth.guests": "yes" };

// One request on a connection of its own; {status, body, headers}.
export function ask(daemon, query, { method = "GET", body, headers = {}, agent = false } = {}) {
  return within(10000, `${method} ?${query}`, new Promise((resolve, reject) => {
    const request = http.request(`${daemon.url}/socket.io/?${query}`, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve({ status: response.statusCode, body: text, headers: response.headers }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  }));
}

const polling = "EIO=4&transport=polling";

export async function begin(daemon) {
  const { status, body } = await ask(daemon, polling);
  equal(status, 200, "handshake");
  return JSON.parse(body.slice(1)).sid;
}

// A WebSocket whose messages wait for who asks for them.
export function open(daemon, query = "EIO=4&transport=websocket", options = {}) {
  const socket = new WebSocket(`${daemon.url.replace("http", "ws")}/socket.io/?${query}`, options);
  const waiting = [], wanted = [];
  socket.on("message", (data, isBinary) => {
    const text = isBinary ? data : data.toString();
    wanted.length ? wanted.shift()(text) : waiting.push(text);
  });
  socket.on("error", () => {});
  socket.said = (ms = 10000) =>
    waiting.length
      ? Promise.resolve(waiting.shift())
      : within(ms, "a message", new Promise((resolve) => wanted.push(resolve)));
  socket.over = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: `${reason}` })));
  socket.closed = () => within(10000, "the close", socket.over);
  return socket;
}

export async function opened(daemon, query, options) {
  const socket = open(daemon, query, options);
  await next(socket, "open");
  return socket;
}

// Connected to "/" as a guest.
async function joined(daemon) {
  const socket = await opened(daemon);
  await socket.said();
  socket.send("40");
  const answer = await socket.said();
  assert(answer.startsWith("40{"), answer);
  return socket;
}

function hasHandshake(text, upgrades, interval, timeout) {
  assert(text.startsWith("0"), text);
  const value = JSON.parse(text.slice(1));
  equal(Object.keys(value).sort(), ["maxPayload", "pingInterval", "pingTimeout", "sid", "upgrades"]);
  assert(typeof value.sid === "string" && value.sid.length >= 20);
  equal(value.upgrades, upgrades);
  equal([value.pingInterval, value.pingTimeout, value.maxPayload], [interval, timeout, 65536]);
}

test("handshakes", () => withDaemon(short, async (daemon) => {
  const { status, body, headers } = await ask(daemon, polling);
  equal(status, 200);
  hasHandshake(body, ["websocket"], 300, 200);
  equal(headers["content-type"].toLowerCase(), "text/plain; charset=utf-8");
  equal(headers["cache-control"], "no-store");
  const socket = open(daemon);
  hasHandshake(await socket.said(), [], 300, 200);
  assert((await begin(daemon)) !== (await begin(daemon)), "every sid is another");
  socket.close();
}));

test("refusals in Engine.IO's words", () => withDaemon(lasting, async (daemon) => {
  const sid = await begin(daemon);
  const upgrade = {
    Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const rows = [
    ["transport=polling", {}, 5, "Unsupported protocol version"],
    ["EIO=abc&transport=polling", {}, 5, "Unsupported protocol version"],
    ["EIO=3&transport=polling", {}, 5, "Unsupported protocol version"],
    ["EIO=4", {}, 0, "Transport unknown"],
    ["EIO=4&transport=abc", {}, 0, "Transport unknown"],
    ["EIO=4&transport=webtransport", {}, 0, "Transport unknown"],
    ["EIO=4&transport=pollingpollingpolling", {}, 0, "Transport unknown"],
    [polling, { method: "POST", body: "40" }, 2, "Bad handshake method"],
    [polling, { method: "PUT" }, 2, "Bad handshake method"],
    ["EIO=4&transport=websocket", {}, 3, "Bad request"],
    [`${polling}&sid=abc`, {}, 1, "Session ID unknown"],
    [`${polling}&sid=__proto__`, {}, 1, "Session ID unknown"],
    [`${polling}&sid=${"A".repeat(24)}`, {}, 1, "Session ID unknown"],
    [`${polling}&sid=${"A".repeat(240)}`, {}, 1, "Session ID unknown"],
    [`${polling}&sid=_${sid.slice(1)}`, {}, 1, "Session ID unknown"],
    [`${polling}&sid=${sid.slice(0, -1)}${sid.endsWith("A") ? "B" : "A"}`, {}, 1, "Session ID unknown"],
    [`EIO=4&transport=websocket&sid=${sid}`, {}, 3, "Bad request"],
    [`transport=polling&sid=${sid}`, {}, 3, "Bad request"],
    [`${polling}&sid=${sid}`, { method: "DELETE" }, 2, "Bad handshake method"],
    ["EIO=4&transport=websocket", { headers: { ...upgrade, "Sec-WebSocket-Key": "short" } }, 3, "Bad request"],
    ["EIO=4&transport=websocket", { headers: { ...upgrade, "Sec-WebSocket-Version": "8" } }, 3, "Bad request"],
    ["EIO=3&transport=websocket", { headers: upgrade }, 5, "Unsupported protocol version"],
    ["EIO=4&transport=websocket&sid=abc", { headers: upgrade }, 1, "Session ID unknown"],
    [polling, { headers: upgrade }, 3, "Bad request"],
  ];
  for (const [query, options, code, message] of rows) {
    const answer = await ask(daemon, query, options);
    equal([answer.status, answer.body], [400, JSON.stringify({ code, message })], `${JSON.stringify(options)} ${query}`);
  }
  equal((await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "40" })).status, 200, "it is still there");
}));

test("polling: payloads, and what ends a session", () => withDaemon(lasting, async (daemon) => {
  const post = (sid, body, headers) => ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body, headers });
  const poll = (sid) => ask(daemon, `${polling}&sid=${sid}`);
  let sid = await begin(daemon);
  const answer = await post(sid, "40");
  equal([answer.status, answer.body], [200, "ok"]);
  assert((await poll(sid)).body.startsWith('40{"sid":"'));
  equal((await post(sid, '421["game:state"]\x1e422["game:state"]')).status, 200);
  const acks = [];
  while (acks.length < 2)
    acks.push(...(await poll(sid)).body.split("\x1e").filter((packet) => packet.startsWith("43")));
  equal(acks.map((packet) => packet.slice(0, 3)), ["431", "432"]);
  // refused, and the session is over
  for (const bad of ["abc", "", "6\x1e", "2", "0{}"]) {
    sid = await begin(daemon);
    equal((await post(sid, bad)).status, 400, JSON.stringify(bad));
    equal((await poll(sid)).status, 400);
  }
  sid = await begin(daemon);
  equal((await post(sid, Buffer.from([0x34, 0xff, 0xfe]))).status, 400, "no UTF-8");
  sid = await begin(daemon);
  equal((await post(sid, "4a", { "Content-Type": "application/octet-stream" })).status, 400);
  // too large: refused, and nothing else happens
  sid = await begin(daemon);
  equal((await post(sid, "4".padEnd(70000, "x"))).status, 413);
  equal((await post(sid, "40")).status, 200);
  // a second poll beside one that waits
  sid = await begin(daemon);
  const first = poll(sid);
  await until("the second is refused", async () => (await poll(sid)).status === 400);
  equal((await first).body, "1");
  equal((await poll(sid)).status, 400);
  // the client says goodbye
  sid = await begin(daemon);
  const last = poll(sid);
  await new Promise((resolve) => setTimeout(resolve, 50));
  equal((await post(sid, "1")).body, "ok");
  equal((await last).body, "6");
  equal((await poll(sid)).status, 400);
}));

test("a poll whose connection breaks ends the session", () => withDaemon(lasting, async (daemon) => {
  const sid = await begin(daemon);
  const socket = net.connect(daemon.http, "127.0.0.1");
  await next(socket, "connect");
  socket.write(`GET /socket.io/?${polling}&sid=${sid} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  await until("it is over", async () =>
    (await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "3" })).status === 400);
}));

test("pings and their absence", () => withDaemon(short, async (daemon) => {
  const socket = await opened(daemon);
  await socket.said();
  socket.send("40");
  assert((await socket.said()).startsWith("40"));
  for (let i = 0; i < 3; i++) {
    equal(await socket.said(), "2");
    socket.send("3");
  }
  await socket.closed(); // the fourth is not answered
  const sid = await begin(daemon);
  await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "40" });
  assert((await ask(daemon, `${polling}&sid=${sid}`)).body.startsWith("40"));
  for (let i = 0; i < 3; i++) {
    equal((await ask(daemon, `${polling}&sid=${sid}`)).body, "2");
    equal((await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "3" })).body, "ok");
  }
  await until("it is over", async () =>
    (await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "6" })).status === 400);
}));

test("who joins no namespace is closed", () =>
  withDaemon({ ...lasting, "http.connect": "300ms" }, async (daemon) => {
    const socket = await opened(daemon);
    await socket.said();
    equal((await socket.closed()).code, 1008);
    const left = await joined(daemon);
    left.send("41");
    await left.closed();
    const stays = await joined(daemon);
    await new Promise((resolve) => setTimeout(resolve, 700));
    equal(stays.readyState, WebSocket.OPEN);
    stays.close();
  }));

test("the upgrade, step by step", () => withDaemon(lasting, async (daemon) => {
  const sid = await begin(daemon);
  const hanging = ask(daemon, `${polling}&sid=${sid}`);
  const query = `EIO=4&transport=websocket&sid=${sid}`;
  const socket = await opened(daemon, query);
  socket.send("2probe");
  equal(await socket.said(), "3probe");
  equal((await hanging).body, "6");
  equal((await ask(daemon, `${polling}&sid=${sid}`)).body, "6");
  await (await opened(daemon, query)).closed(); // one at a time
  equal((await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "40" })).body, "ok");
  socket.send("5");
  assert((await socket.said()).startsWith("40{"), "what came between waits for it");
  equal((await ask(daemon, `${polling}&sid=${sid}`)).status, 400, "no polling any more");
  await (await opened(daemon, query)).closed();
  socket.send('4212["game:state"]');
  while (!(await socket.said()).startsWith("4312"));
  socket.close();
  await until("it is over", async () => (await ask(daemon, `${polling}&sid=${sid}`)).body.includes("unknown"));
  // a probe that fails leaves the session as it is
  const other = await begin(daemon);
  const probe = await opened(daemon, `EIO=4&transport=websocket&sid=${other}`);
  probe.send("4nonsense");
  await probe.closed();
  equal((await ask(daemon, `${polling}&sid=${other}`, { method: "POST", body: "40" })).body, "ok");
}));

test("Socket.IO: namespaces, acks, malformed packets", () => withDaemon(lasting, async (daemon) => {
  let socket = await opened(daemon);
  await socket.said();
  socket.send("40/random,");
  equal(await socket.said(), '44/random,{"message":"Invalid namespace"}');
  socket.send("40{}");
  const { sid } = JSON.parse((await socket.said()).slice(2));
  assert(typeof sid === "string");
  const ack = async (packet, id) => {
    socket.send(packet);
    for (;;) {
      const text = await socket.said();
      if (text.startsWith(`43${id}[`)) return JSON.parse(text.slice(2 + `${id}`.length))[0];
    }
  };
  equal((await ack('42456["game:state"]', 456)).error === undefined, false, "before the join");
  equal(typeof (await ack('427["no:such:event",{}]', 7)).error, "string");
  equal((await ack('428["player:move",{"x":1}]', 8)).ok, false);
  equal((await ack('429["chat:send",{"message":5}]', 9)).ok, false);
  // binary is passed over, with what is attached
  socket.send('452-10["chat:send",{"message":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]');
  socket.send(Buffer.from([1, 2, 3]));
  socket.send(Buffer.from([4]));
  equal((await ack('4211["game:state"]', 11)).ok !== undefined, true, "it goes on");
  socket.close();
  for (const bad of ["4abc", "42{}", '42abc["x"]', "42[]", '42["connect"]', "4", "40", '40/,{"a":1}x', "47", "44{}",
    '45["x"]', '42/other,["x"]', "41/other,", "2", "0", "", "x"]) {
    socket = await joined(daemon);
    socket.send(bad);
    await socket.closed();
  }
  socket = await joined(daemon);
  socket.send(Buffer.from([1, 2, 3])); // none was announced
  await socket.closed();
  socket = await opened(daemon);
  await socket.said();
  socket.send('42["game:state"]'); // in no namespace
  await socket.closed();
}));

test("a client that goes on so is disconnected with a reason", () => withDaemon(lasting, async (daemon) => {
  const socket = await joined(daemon);
  for (let i = 0; i < 2000; i++) socket.send('42["player:move",{"x":"far"}]');
  const { code, reason } = await socket.closed();
  equal(code, 1008);
  assert(reason.length > 0);
  let text, told;
  while ((text = await socket.said(100).catch(() => null)) !== null)
    if (text.startsWith('42["server:disconnect"')) told = JSON.parse(text.slice(2))[1].reason;
  equal(told, reason);
}));

test("RFC 6455 on the wire", () => withDaemon(lasting, async (daemon) => {
  const frame = (first, payload, { masked = true, length } = {}) => {
    const body = Buffer.from(payload), mask = Buffer.from([1, 2, 3, 4]);
    const head = Buffer.from([first, (masked ? 0x80 : 0) | (length ?? body.length)]);
    return masked ? Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i % 4])]) : Buffer.concat([head, body]);
  };
  const rows = [
    ["unmasked", frame(0x81, "40", { masked: false }), 1002],
    ["RSV", frame(0xc1, "40"), 1002],
    ["an unknown opcode", frame(0x83, ""), 1002],
    ["a continuation of nothing", frame(0x80, "40"), 1002],
    ["a ping in fragments", frame(0x09, ""), 1002],
    ["text that is none", frame(0x81, [0x34, 0xff]), 1007],
    ["a close frame of one byte", frame(0x88, [3]), 1002],
    ["a close frame with a forbidden code", frame(0x88, [0x03, 0xed]), 1002],
    ["too large a message", Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 1, 2, 3, 4]), 1009],
  ];
  for (const [what, bytes, code] of rows) {
    const socket = await opened(daemon);
    await socket.said();
    socket._socket.write(bytes);
    equal((await socket.closed()).code, code, what);
  }
  const socket = await opened(daemon);
  await socket.said();
  socket._socket.write(Buffer.concat([frame(0x01, "4"), frame(0x89, "between"), frame(0x80, "0")]));
  equal(`${await next(socket, "pong")}`, "between");
  assert((await socket.said()).startsWith("40{"), "a message in fragments");
  equal(socket.extensions, "", "permessage-deflate is declined");
  socket.close(1000);
  equal((await socket.closed()).code, 1000);
}));

test("noise on the wire hurts nobody", () => withDaemon({ ...lasting, "net.io_threads": "2" }, async (daemon) => {
  const witness = await joined(daemon);
  let seed = 12345;
  const random = (n) => ((seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) >>> 8) % n;
  const words = ["0", "1", "2probe", "3", "40", "41", '42["player:join",{"username":"n"}]', '42["player:move",{"x":1,"y":0,"z":1}]',
    '42["chat:send",{"message":"x"}]', "43", "44", '451-["x"]', "5", "6", "b", "\x1e", "[[[[[[", '42["', "\u0000", "é"];
  const noise = () => {
    let text = "";
    for (let i = random(4); i >= 0; i--) text += words[random(words.length)];
    return text;
  };
  const rounds = [];
  for (let i = 0; i < 60; i++)
    rounds.push((async () => {
      const socket = open(daemon);
      await Promise.race([next(socket, "open").catch(() => {}), socket.over]);
      for (let j = 0; j < 20 && socket.readyState === WebSocket.OPEN; j++)
        random(3) ? socket.send(noise()) : socket._socket.write(Buffer.from(Array.from({ length: random(40) }, () => random(256))));
      socket.terminate();
      const sid = await begin(daemon);
      for (let j = 0; j < 5; j++) {
        await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: noise() });
        if (!random(3)) {
          const probe = open(daemon, `EIO=4&transport=websocket&sid=${sid}`);
          probe.once("open", () => (probe.send(noise()), probe.send("5"), setTimeout(() => probe.terminate(), 20)));
        }
      }
    })());
  await Promise.all(rounds);
  witness.send('421["game:state"]');
  while (!(await witness.said()).startsWith("431"));
  witness.close();
}));

test("new sessions of one address are counted, its polls are not", () =>
  withDaemon({ ...lasting, "limits.exempt": "", "http.reads_per_minute": "1" }, async (daemon) => {
    const sids = [];
    for (let i = 0; i < 10; i++) sids.push(await begin(daemon));
    const refused = await ask(daemon, polling);
    equal(refused.status, 429);
    assert(Number(refused.headers["retry-after"]) > 0);
    equal((await open(daemon).closed()).code, 1006, "nor by WebSocket");
    for (const sid of sids)
      equal((await ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body: "40" })).body, "ok");
  }));

test("other origins may poll where the configuration says so", () =>
  withDaemon({ ...lasting, "http.cors_origins": "https://play.example.org" }, async (daemon) => {
    const allowed = { Origin: "https://play.example.org" }, other = { Origin: "https://elsewhere.example.org" };
    const before = { ...allowed, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
    equal((await ask(daemon, polling, { headers: allowed })).headers["access-control-allow-origin"], "https://play.example.org");
    equal((await ask(daemon, polling, { headers: other })).headers["access-control-allow-origin"], undefined);
    const preflight = await ask(daemon, polling, { method: "OPTIONS", headers: before });
    equal([preflight.status, preflight.headers["access-control-allow-origin"]], [204, "https://play.example.org"]);
    assert(preflight.headers["access-control-allow-methods"].includes("POST"));
    const refused = await ask(daemon, `${polling}&sid=x`, { headers: allowed });
    equal([refused.status, refused.headers["access-control-allow-origin"]], [400, "https://play.example.org"], "errors too");
  }));

// A session lives on one io thread, its requests come in on any.
for (const threads of ["0", "1", "2", "4"])
  test(`sessions are found from every thread: net.io_threads = ${threads}`, () =>
    withDaemon({ ...lasting, "net.io_threads": threads }, async (daemon) => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
      await Promise.all(Array.from({ length: 40 }, async (_, i) => {
        const options = i % 2 ? { agent } : {};
        const sid = await begin(daemon);
        const post = (body) => ask(daemon, `${polling}&sid=${sid}`, { method: "POST", body, ...options });
        equal((await post("40")).body, "ok");
        assert((await ask(daemon, `${polling}&sid=${sid}`)).body.startsWith("40{"));
        for (let j = 0; j < 4; j++) {
          equal((await post(`42${j}["game:state"]`)).body, "ok");
          let got = "";
          while (!got.includes(`43${j}[`)) got = (await ask(daemon, `${polling}&sid=${sid}`)).body;
        }
        const socket = await opened(daemon, `EIO=4&transport=websocket&sid=${sid}`);
        socket.send("2probe");
        equal(await socket.said(), "3probe");
        socket.send("5");
        socket.send('4299["game:state"]');
        while (!(await socket.said()).startsWith("4399["));
        socket.close();
        await socket.closed();
      }));
      agent.destroy();
    }));
