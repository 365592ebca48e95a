// player.js -- the game as a user of the old stack wrote it: npm's socket.io-client, unmodified, with its default options,
// by polling only, by WebSocket only.
import { io } from "socket.io-client";
import { assert, equal, next, test, until, within } from "./suite.js";
import { Daemon, withDaemon } from "./daemon.js";

const guests = { "auth.guests": "yes" };
const transports = { "default options": {}, "polling only": { transports: ["polling"] }, "WebSocket only": { transports: ["websocket"] } };

// A socket that remembers what it was told: others by id, chat lines, corrections.
export function play(url, options = {}) {
  const socket = io(url, { forceNew: true, ...options });
  socket.others = new Map();
  socket.lines = [];
  socket.states = 0;
  socket.moves = 0;
  socket.on("game:state", ({ players }) => {
    socket.states++;
    socket.others = new Map(players.map((player) => [player.id, player]));
  });
  socket.on("player:joined", (player) => socket.others.set(player.id, player));
  socket.on("player:moved", ({ id, position }) => {
    socket.moves++;
    const other = socket.others.get(id);
    if (other) other.position = position;
    else socket.strays = (socket.strays ?? 0) + 1;
  });
  socket.on("player:left", ({ id }) => socket.others.delete(id));
  socket.on("chat:message", (line) => socket.lines.push(line));
  socket.on("disconnect", (reason) => (socket.ended = reason));
  socket.on("server:disconnect", ({ reason }) => (socket.sentAway = reason));
  socket.on("player:corrected", ({ position }) => (socket.corrected = position));
  return socket;
}

export const named = (socket, name) => [...socket.others.values()].find((player) => player.username === name);

const center = { x: 0, y: 0, z: 0 };

export async function enter(url, username, options = {}, position = center) {
  const socket = play(url, options);
  await within(15000, `${username} connects`, new Promise((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  }));
  const state = next(socket, "game:state", 15000);
  const ack = await socket.timeout(15000).emitWithAck("player:join", { username, position });
  equal(ack, { ok: true }, `${username} joins`);
  await state;
  return socket;
}

// Walk to a place near by: one wish after the other, until it is near enough there in another's eyes.
async function walk(socket, witness, name, to) {
  return until(`${name} is seen at ${JSON.stringify(to)}`, () => {
    socket.emit("player:move", to);
    const seen = named(witness, name);
    return seen && Math.hypot(seen.position.x - to.x, seen.position.z - to.z) < 0.5 && seen;
  }, 20000);
}

for (const [how, options] of Object.entries(transports))
  test(`join, move, chat, leave: ${how}`, () => withDaemon(guests, async (daemon) => {
    const anna = await enter(daemon.url, "anna", options);
    assert(anna.id && anna.io.engine.id !== anna.id, "the session's id is a secret");
    equal(anna.others.size, 0, "alone");
    const bert = await enter(daemon.url, "bert", options, { x: 4, y: 0, z: 4 });
    const seen = await until("anna sees bert", () => named(anna, "bert"));
    equal(seen.id, bert.id, "a player's id is its own socket.id");
    equal(Object.keys(seen).sort(), ["id", "position", "username"]);
    equal(Object.keys(seen.position).sort(), ["x", "y", "z"]);
    equal([...bert.others.keys()], [anna.id], "game:state has those in view, oneself left out");
    if (how === "default options") await until("the upgrade", () => anna.io.engine.transport.name === "websocket");
    else equal(anna.io.engine.transport.name, options.transports[0]);

    const goal = { x: seen.position.x + 3, y: 0, z: seen.position.z };
    await walk(bert, anna, "bert", goal);
    equal(anna.strays ?? 0, 0, "nobody moves who did not come");
    equal(bert.others.has(bert.id), false, "no echo");

    bert.emit("chat:send", { message: "hello, \"world\" \u00e9 \u{1f600}" });
    const line = await until("anna hears bert", () => anna.lines.find((said) => said.id === bert.id));
    equal(Object.keys(line).sort(), ["id", "message", "timestamp", "username"]);
    equal([line.username, line.message], ["bert", "hello, \"world\" \u00e9 \u{1f600}"]);
    assert(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(line.timestamp), line.timestamp);
    await until("the sender too", () => bert.lines.some((said) => said.id === bert.id));
    equal(await bert.timeout(5000).emitWithAck("chat:message", { message: "by the alias" }), { ok: true });
    await until("the alias is heard", () => anna.lines.some((said) => said.message === "by the alias"));

    const states = anna.states;
    anna.emit("game:state");
    await until("game:state again", () => anna.states > states);
    equal([...anna.others.keys()], [bert.id]);

    equal((await bert.timeout(5000).emitWithAck("player:join", { username: "again" })).ok, false, "a second join");
    equal((await bert.timeout(5000).emitWithAck("player:move", { x: "far" })).ok, false);
    equal((await bert.timeout(5000).emitWithAck("chat:send", {})).ok, false);
    equal((await bert.timeout(5000).emitWithAck("nobody:knows", 1)).ok, false);

    // too far in one step: walked towards, and told the truth
    bert.emit("player:move", { x: goal.x + 60, y: 0, z: goal.z });
    await until("bert is corrected", () => bert.corrected);

    bert.disconnect();
    await until("bert left", () => anna.others.size === 0);
    anna.disconnect();
  }));

test("connect_error says why", () => withDaemon({}, async (daemon) => {
  const refused = async (options, url = daemon.url) => {
    const socket = play(url, { reconnection: false, ...options });
    const error = await next(socket, "connect_error");
    socket.disconnect();
    return error.message;
  };
  for (const options of Object.values(transports)) {
    equal(await refused(options), "authentication required");
    equal(await refused({ ...options, auth: { token: "nonsense" } }), "invalid token");
    equal(await refused({ ...options, auth: { token: 5 } }), "invalid token");
    equal(await refused({ ...options, auth: { token: "a.b.c" } }), "invalid token");
    equal(await refused(options, `${daemon.url}/admin`), "Invalid namespace");
  }
}));

test("with a token: the account's name counts, and one place", () => withDaemon({}, async (daemon) => {
  const post = (path, body) =>
    fetch(`${daemon.url}${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const response = await post("/api/auth/register", { username: "carla", password: "correct horse battery" });
  equal(response.status, 201, await response.clone().text());
  const { access_token: token } = await response.json();
  const carla = await enter(daemon.url, "somebody else", { auth: { token } });
  const other = (await (await post("/api/auth/register", { username: "dora", password: "correct horse battery" })).json()).access_token;
  const dora = await enter(daemon.url, "x", { auth: { token: other } });
  await until("by his name", () => named(dora, "carla") && named(carla, "dora"));
  const gone = next(carla, "disconnect");
  const told = next(carla, "server:disconnect");
  const again = await enter(daemon.url, "x", { auth: { token } });
  equal(await gone, "io server disconnect", "a newer login");
  assert((await told).reason.length > 0);
  equal(again.connected, true);
  for (const socket of [carla, dora, again]) socket.disconnect();
}));

test("a restart: clients come back by themselves", async () => {
  const daemon = new Daemon(guests);
  try {
    await daemon.start();
    const players = await Promise.all(Object.values(transports).map((options, i) =>
      enter(daemon.url, `returner${i}`, { ...options, reconnectionDelay: 50, reconnectionDelayMax: 200 })));
    const down = players.map((player) => next(player, "disconnect", 20000));
    await daemon.stop();
    for (const reason of await Promise.all(down))
      assert(reason === "transport close" || reason === "transport error", reason);
    const up = players.map((player) => next(player, "connect", 30000));
    await daemon.start();
    await Promise.all(up);
    await Promise.all(players.map(async (player, i) => {
      assert(player.id, "it has an id again");
      equal(await player.timeout(15000).emitWithAck("player:join", { username: `returner${i}` }), { ok: true });
    }));
    await until("they see each other", () => players.every((player) => player.others.size === 2));
    // and it is killed
    const killed = players.map((player) => next(player, "connect", 30000));
    await daemon.stop("SIGKILL");
    await daemon.start();
    await Promise.all(killed);
    for (const player of players) player.disconnect();
  } finally {
    await daemon.end();
  }
});

for (const threads of ["0", "2"])
  test(`100 clients and native bots in one world: net.io_threads = ${threads}`, () =>
    withDaemon({ ...guests, "net.io_threads": threads }, async (daemon) => {
      const bots = daemon.bots(["--players", "10", "--seconds", "600", "--rate", "50", "--talk", "60"]);
      const hows = Object.values(transports);
      const players = await Promise.all(Array.from({ length: 100 }, (_, i) =>
        enter(daemon.url, `web${i}`, hows[i % 3], { x: (i % 10) - 5, y: 0, z: Math.floor(i / 10) - 5 })));
      await until("everybody sees everybody, bots too", () =>
        players.every((player) => player.others.size === 109), 30000);
      equal(new Set(players.map((player) => player.id)).size, 100);
      const moves = players.map((player) => player.moves);
      await until("a bot is heard by all", () => players.every((player) => player.lines.some(({ username, id }) =>
        username.startsWith("bot") && player.others.get(id)?.username === username)), 20000);
      await until("bots are seen moving", () => players.every((player, i) => player.moves > moves[i]), 20000);
      const here = players[0].others.get(players[1].id).position;
      const goal = { x: here.x + 2, y: 0, z: here.z + 1 };
      players[1].emit("player:move", goal);
      const near = ({ position }) => Math.hypot(position.x - goal.x, position.z - goal.z) < 0.5;
      await until("all see one move", () =>
        players.every((player) => player === players[1] || near(player.others.get(players[1].id))), 20000);
      players[2].emit("chat:send", { message: "to all" });
      await until("all hear one line", () =>
        players.every((player) => player.lines.some(({ id, message }) => id === players[2].id && message === "to all")));
      const left = players.splice(0, 50);
      for (const player of left) player.disconnect();
      await until("all see fifty leave", () => players.every((player) => player.others.size === 59), 20000);
      equal(players.filter((player) => !player.connected).length, 0, "nobody was lost");
      for (const player of players) player.disconnect();
      bots.kill("SIGTERM");
      await bots.ended;
    }));

// Connections that are carried to another io thread take their TLS with them.
for (const threads of ["0", "4"])
  test(`by TLS: net.io_threads = ${threads}`, () =>
    withDaemon({ ...guests, "http.tls_listen": "127.0.0.1:0", "net.io_threads": threads }, async (daemon) => {
      const url = `https://127.0.0.1:${daemon.https}`, hows = Object.values(transports);
      const players = await Promise.all(Array.from({ length: 24 }, (_, i) =>
        enter(url, `tls${i}`, { ...hows[i % 3], rejectUnauthorized: false }, { x: i % 5, y: 0, z: i / 5 })));
      await until("all see all", () => players.every((player) => player.others.size === 23), 30000);
      await until("those who can are upgraded", () =>
        players.every((player, i) => i % 3 === 1 || player.io.engine.transport.name === "websocket"));
      for (let round = 0; round < 10; round++)
        for (const player of players)
          equal(await player.timeout(15000).emitWithAck("player:move", { x: round / 10, y: 0, z: 1 }), { ok: true });
      for (const player of players) player.disconnect();
    }));

test("who does not read is passed over, and hurts nobody", () => withDaemon(guests, async (daemon) => {
  const watcher = await enter(daemon.url, "watcher", { transports: ["websocket"] });
  const sleeper = await enter(daemon.url, "sleeper", { transports: ["websocket"] });
  const walkers = await Promise.all(Array.from({ length: 60 }, (_, i) => enter(daemon.url, `walker${i}`)));
  await until("all are there", () => sleeper.others.size === 61 && watcher.others.size === 61);
  const before = [watcher.moves, sleeper.moves];
  sleeper.io.engine.transport.ws._socket.pause();
  for (let round = 0; round < 100; round++) {
    for (const [i, walker] of walkers.entries()) walker.emit("player:move", { x: (i % 8) + (round % 8), y: 0, z: i / 8 });
    if (round % 5 === 0) sleeper.emit("game:state"); // and it asks for more than it reads
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  walkers.pop().disconnect();
  await until("the watcher sees one leave", () => watcher.others.size === 60);
  sleeper.io.engine.transport.ws._socket.resume();
  await until("the sleeper too, when it wakes", () => {
    assert(sleeper.connected, `it is gone: ${sleeper.ended} ${sleeper.sentAway}`);
    return sleeper.others.size === 60;
  });
  const [seen, slept] = [watcher.moves - before[0], sleeper.moves - before[1]];
  assert(slept < 0.8 * seen, `what is old was not kept for it: ${slept} of ${seen}`);
  await until("and where all are", () => walkers.every((walker) => {
    const a = sleeper.others.get(walker.id)?.position, b = watcher.others.get(walker.id)?.position;
    return a && b && Math.hypot(a.x - b.x, a.z - b.z) < 0.5;
  }));
  equal([watcher, sleeper, ...walkers].filter((socket) => !socket.connected).length, 0, "nobody was lost");
  for (const socket of [watcher, sleeper, ...walkers]) socket.disconnect();
}));
