// main.js -- all tests of this directory, or those whose name holds the argument.
import { runAll } from "./suite.js";
import "./protocol.js";
import "./player.js";

process.exit((await runAll(process.argv[2])) ? 0 : 1);
