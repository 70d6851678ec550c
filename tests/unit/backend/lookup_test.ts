/** The look-up of the native library, over a made-up runtime. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Host, openLibrary } from "../../../src/backend/lookup.ts";
import { GiftGrabError } from "../../../mod.ts";

interface Loaded {
  readonly path: string;
}

const SUM = "a".repeat(64);
const [DEFAULT, GPL] = ["@giftgrab/core-linux-x64-gnu", "@giftgrab/core-linux-x64-gnu-gpl"];
const PUBLISHED = { [DEFAULT]: SUM, [GPL]: SUM };

/** A runtime with the given packages; what it loads is noted in `loads`. */
function host(given: Partial<Host<Loaded>> & { readonly packages?: readonly string[] } = {}): Host<Loaded> & {
  readonly loads: string[];
} {
  const loads: string[] = [];
  return {
    loads,
    platform: "linux-x64",
    named: undefined,
    built: undefined,
    locate: (name, isOptional) => {
      if (given.packages?.includes(name)) return Promise.resolve(`/packages/${name}.so`);
      return isOptional ? Promise.resolve(undefined) : Promise.reject(new Error(`no package ${name}\nsecond line`));
    },
    sha256: () => Promise.resolve(SUM),
    load: (path) => {
      loads.push(path);
      return path.includes("missing") ? "no such file" : { path };
    },
    ...given,
  };
}

const refusal = async (given: ReturnType<typeof host>, libraries?: Record<string, string>): Promise<GiftGrabError> => {
  const error: unknown = await openLibrary(given, libraries).then(() => undefined, (error) => error);
  assert.ok(error instanceof GiftGrabError, String(error));
  return error;
};

describe("the look-up of the native library", () => {
  it("takes the named one and no other", async () => {
    assert.equal((await openLibrary(host({ named: "/named.so", built: "/built.so" }))).path, "/named.so");
    const error = await refusal(host({ named: "/missing.so", built: "/built.so" }));
    assert.equal(error.code, "not_found");
    assert.match(error.message, /unset GIFTGRAB_LIB[^]*\/missing\.so: no such file/);
  });

  it("takes the checkout's own before a package", async () => {
    const given = host({ built: "/built.so", packages: [DEFAULT] });
    assert.equal((await openLibrary(given, PUBLISHED)).path, "/built.so");
    assert.deepEqual(given.loads, ["/built.so"]);
  });

  it("takes the package with the GPL encoders where it is installed, else the default one", async () => {
    const both = host({ packages: [DEFAULT, GPL] });
    assert.equal((await openLibrary(both, PUBLISHED)).path, `/packages/${GPL}.so`);
    const one = host({ built: "/missing.so", packages: [DEFAULT] });
    assert.equal((await openLibrary(one, PUBLISHED)).path, `/packages/${DEFAULT}.so`);
  });

  it("refuses a library that was changed since it was published, before it is loaded", async () => {
    const given = host({ packages: [DEFAULT], sha256: () => Promise.resolve("b".repeat(64)) });
    const error = await refusal(given, PUBLISHED);
    assert.equal(error.code, "invalid_data");
    assert.match(error.message, /Cannot load library "\/packages\/.*\.so": it has been changed since it was published/);
    assert.deepEqual(given.loads, []);
  });

  it("refuses a library of which it knows no checksum", async () => {
    const given = host({ packages: [DEFAULT] });
    assert.match((await refusal(given, {})).message, /knows no checksum of @giftgrab\/core-linux-x64-gnu/);
    assert.deepEqual(given.loads, []);
  });

  it("takes one that it may not read as its installer left it", async () => {
    const given = host({ packages: [DEFAULT], sha256: () => Promise.resolve(undefined) });
    assert.equal((await openLibrary(given, PUBLISHED)).path, `/packages/${DEFAULT}.so`);
  });

  it("lists in one error all that it tried", async () => {
    const error = await refusal(host({ platform: "linux-arm64", built: "/missing.so" }), PUBLISHED);
    assert.equal(error.code, "not_found");
    assert.match(error.message, /\/missing\.so: no such file\n {2}@giftgrab\/core-linux-arm64-gnu: no package/);
    assert.doesNotMatch(error.message, /second line/);
  });
});
