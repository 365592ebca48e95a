// daemon.js -- an openmmod of the test's own, on ports that the kernel chose, in a directory of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const build = process.cwd(); // the build's root

const common = {
  "net.listen": "127.0.0.1:0",
  "http.listen": "127.0.0.1:0",
  "metrics.listen": "",
  "limits.exempt": "127.0.0.0/8",
  "accounts.argon2_ops": "1",
  "accounts.argon2_memory": "8KiB",
};

function field(line, name) {
  const at = new RegExp(`\\b${name}=("[^"]*"|\\S+)`).exec(line);
  return at && at[1].replaceAll('"', "");
}

export class Daemon {
  constructor(options = {}) {
    this.directory = mkdtempSync(join(tmpdir(), "openmmo-interop-"));
    this.options = {
      ...common,
      "server.state": join(this.directory, "state"),
      "admin.socket": join(this.directory, "admin.sock"),
      ...options,
    };
    this.log = "";
  }

  async start() {
    const args = ["-c", "/dev/null", ...Object.entries(this.options).map(([name, value]) => `--${name}=${value}`)];
    this.process = spawn(join(build, "openmmod"), args, { stdio: ["ignore", "ignore", "pipe"] });
    this.ended = new Promise((resolve) => this.process.once("exit", (code, signal) => resolve(signal ?? code)));
    await new Promise((resolve, reject) => {
      let rest = "";
      this.process.once("error", reject);
      this.process.once("exit", () => reject(new Error(`the server did not start:\n${this.log}`)));
      this.process.stderr.setEncoding("utf8").on("data", (text) => {
        this.log += text;
        const lines = (rest + text).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          const port = Number(field(line, "address")?.split(":").pop());
          if (line.includes("event=http_listening")) this[line.includes("HTTPS") ? "https" : "http"] = port;
          else if (line.includes("event=listening")) this.game = port;
          else if (line.includes("event=ready")) resolve();
        }
      });
    });
    // What comes next listens where this one did.
    this.options["http.listen"] = `127.0.0.1:${this.http}`;
    this.options["net.listen"] = `127.0.0.1:${this.game}`;
    return this;
  }

  get url() {
    return `http://127.0.0.1:${this.http}`;
  }

  async stop(signal = "SIGTERM") {
    if (!this.process) return;
    this.process.kill(signal);
    const how = await this.ended;
    this.process = null;
    if (how !== 0 && how !== signal) throw new Error(`the server ended with ${how}:\n${this.log.slice(-4000)}`);
    if (/ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:/.test(this.log))
      throw new Error(`a sanitizer speaks:\n${this.log.slice(-8000)}`);
  }

  // Whatever happens, nothing is left.
  async end() {
    try {
      await this.stop();
    } finally {
      rmSync(this.directory, { recursive: true, force: true });
    }
  }

  // Its figures, by name.
  bots(args) {
    const child = spawn(join(build, "openmmo-bots"), ["--host", "127.0.0.1", "--port", String(this.game), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    child.said = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (child.said += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (child.said += text));
    child.ended = new Promise((resolve) => child.once("exit", resolve));
    return child;
  }
}

// Run with a server, and end it.
export async function withDaemon(options, run) {
  const daemon = new Daemon(options);
  try {
    await daemon.start();
    await run(daemon);
  } catch (error) {
    error.message += `\n--- the server said:\n${daemon.log.slice(-3000)}`;
    throw error;
  } finally {
    await daemon.end();
  }
}
