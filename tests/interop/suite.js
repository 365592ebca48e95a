// suite.js -- tests, one after the other, told of as cmocka tells of its own, which ./check counts.
const tests = [];

export function test(name, run) {
  tests.push({ name, run });
}

export function assert(so, what) {
  if (!so) throw new Error(what ?? "it is not so");
}

export function equal(got, wanted, what = "") {
  const a = JSON.stringify(got), b = JSON.stringify(wanted);
  if (a !== b) throw new Error(`${what}${what && ": "}${a}, not ${b}`);
}

// The value of a promise, or an error that says what was waited for.
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Poll until it is so; its value.
export async function until(what, so, ms = 10000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await so();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// The next event of that name; its first argument.
export function next(emitter, name, ms = 10000) {
  return within(ms, name, new Promise((resolve) => emitter.once(name, resolve)));
}

export async function runAll(only) {
  let passed = 0;
  const failed = [];
  for (const { name, run } of tests) {
    if (only && !name.includes(only)) continue;
    console.log(`[ RUN      ] ${name}`);
    try {
      await within(120000, "the end of the test", run());
      console.log(`[       OK ] ${name}`);
      passed++;
    } catch (error) {
      console.log(error.stack);
      console.log(`[  FAILED  ] ${name}`);
      failed.push(name);
    }
  }
  console.log(`[  PASSED  ] ${passed} test(s).`);
  if (failed.length) console.log(`[  FAILED  ] ${failed.length} test(s), listed below:`);
  return failed.length === 0 && passed > 0;
}
