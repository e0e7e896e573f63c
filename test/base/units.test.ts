import assert from "node:assert/strict";
import test from "node:test";
import { canonicalJson, sha256Of } from "../../lib/base/canonical-json";
import { unknownName } from "../../lib/base/errors";
import { formatSize, parseSize } from "../../lib/base/units";

test("sizes are read as on a kernel command line", () => {
  assert.equal(parseSize("64K", "x"), 65536);
  assert.equal(parseSize("64KiB", "x"), 65536);
  assert.equal(parseSize("1.5GiB", "x"), 1.5 * 2 ** 30);
  assert.equal(parseSize("0x1000", "x"), 4096);
  assert.equal(parseSize(12, "x"), 12);
  assert.equal(formatSize(64 * 2 ** 20), "64 MiB");
});

test("an invalid size gives an error that names the option and the value", () => {
  assert.throws(() => parseSize("many", "cma"), /^InputError: cma: size must be .*"many"/);
  assert.throws(() => parseSize(-1, "cma"), /cma: size must be .* got -1/);
});

test("an unknown name gives an error that lists the known ones and suggests the nearest", () => {
  assert.match(
    unknownName("board", "rasberry-pi-4", ["qemu-virt", "raspberry-pi-4"]).message,
    /known are qemu-virt, raspberry-pi-4; did you mean raspberry-pi-4\?/,
  );
});

test("canonical JSON sorts keys, omits undefined and refuses values that JSON cannot represent", () => {
  assert.equal(canonicalJson({ b: 1, a: [true, null, "x"], c: undefined }), '{"a":[true,null,"x"],"b":1}');
  assert.throws(() => canonicalJson(Number.NaN), /finite/);
  // SHA-256 of the two characters "{}", as sha256sum prints it
  assert.equal(sha256Of({}), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
});
