// main.js -- what the daemon posts, read by others' code: spans by the messages that OpenTelemetry publishes, error reports by
// Sentry's Spotlight.
import { readdirSync, rmSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createSpotlightBuffer, pushToSpotlightBuffer } from "@spotlightjs/spotlight/sdk";
import { withDaemon } from "./daemon.js";
import { assert, equal, runAll, test, until } from "./suite.js";

const otlp = createRequire(import.meta.url)("@opentelemetry/otlp-transformer/build/src/generated/root.js");
const Request = otlp.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;

// Whatever is posted to this machine, in order.
async function listening(run) {
  const posts = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      posts.push({ path: request.url, headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(server.address().port, posts);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

// OTLP's JSON is protobuf's, but for identities, which are hexadecimal and not base64.
function asProtobuf(body) {
  for (const resource of body.resourceSpans)
    for (const scope of resource.scopeSpans)
      for (const span of scope.spans) {
        assert(/^(?!0+$)[0-9a-f]{32}$/.test(span.traceId), span.traceId);
        assert(/^(?!0+$)[0-9a-f]{16}$/.test(span.spanId), span.spanId);
        span.traceId = Buffer.from(span.traceId, "hex").toString("base64");
        span.spanId = Buffer.from(span.spanId, "hex").toString("base64");
      }
  return body;
}

// Nothing is lost on the way through the messages: each member is one of theirs, and of its type.
function expectRequest(body) {
  const message = Request.fromObject(asProtobuf(body));
  equal(Request.verify(message), null);
  const wire = Request.decode(Request.encode(message).finish());
  const back = Request.toObject(wire, { longs: String, bytes: String });
  const spans = (of) => of.resourceSpans[0].scopeSpans[0].spans;
  spans(body).forEach((span, i) => equal(spans(back)[i], span)); // first what is short
  equal(back, body);
  return wire;
}

async function registers(daemon, username) {
  const answer = await fetch(`${daemon.url}/api/auth/register`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password: "correct horse battery" }),
  });
  equal(answer.status, 201);
}

test("spans are what OpenTelemetry's collectors take", () =>
  listening(async (port, posts) => {
    const options = { "trace.endpoint": `http://127.0.0.1:${port}/v1/traces`, "trace.one_in": "1" };
    await withDaemon(options, async (daemon) => {
      await registers(daemon, "anna");
      const spans = () => posts.flatMap((post) => JSON.parse(post.body).resourceSpans[0].scopeSpans[0].spans);
      await until("a span of a login, a tick and a statement", () =>
        ["login", "tick", "statement"].every((name) => spans().some((span) => span.name.startsWith(name))), 30000);
      for (const post of posts) {
        equal([post.path, post.headers["content-type"]], ["/v1/traces", "application/json"]);
        const [{ resource, scopeSpans }] = expectRequest(JSON.parse(post.body)).resourceSpans;
        equal(resource.attributes[0].value.stringValue, "openmmod");
        for (const span of scopeSpans[0].spans)
          assert(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano), "it ends before it begins");
      }
    });
  }));

test("an error report is an envelope to Sentry's own reader", () =>
  listening(async (port, posts) => {
    const options = { "errors.dsn": `http://0123456789abcdef@127.0.0.1:${port}/42`, "errors.environment": "a test" };
    await withDaemon(options, async (daemon) => {
      const state = daemon.options["server.state"];
      for (const name of readdirSync(state)) if (name.includes("cert")) rmSync(join(state, name));
      daemon.process.kill("SIGHUP"); // which it refuses, for want of its certificate
      await until("a report", () => posts.length > 0);
      const { path, headers, body } = posts[0];
      equal([path, headers["content-type"]], ["/api/42/envelope/", "application/x-sentry-envelope"]);
      assert(/sentry_key=0123456789abcdef/.test(headers["x-sentry-auth"]), headers["x-sentry-auth"]);
      const container = pushToSpotlightBuffer({
        spotlightBuffer: createSpotlightBuffer(), body, encoding: headers["content-encoding"],
        contentType: headers["content-type"], userAgent: headers["user-agent"],
      });
      equal(container.getEventTypes(), ["event"]);
      const [header, [[item, event]]] = container.getParsedEnvelope().envelope;
      assert(/^[0-9a-f]{32}$/.test(header.event_id), JSON.stringify(header));
      equal([item.type, event.event_id, event.level, event.environment], ["event", header.event_id, "error", "a test"]);
      assert(JSON.stringify(event).includes("reload_refused"), JSON.stringify(event));
    });
  }));

process.exit((await runAll(process.argv[2])) ? 0 : 1);
