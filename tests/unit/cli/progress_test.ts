import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { Printer } from "../../../src/cli/printer.ts";
import { Progress, showProgress } from "../../../src/cli/progress.ts";
import type { TargetStats } from "../../../src/generated/contract.ts";
import { TARGET_STATS } from "../../helpers/fake_backend.ts";
import { FakeTerminal } from "../../helpers/fake_terminal.ts";

function captured(frames: number): TargetStats {
  return { ...TARGET_STATS, frames: { ...TARGET_STATS.frames, captured: frames }, bytes: 1_200_000 };
}

describe("the progress of a recording", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setInterval"] }));
  afterEach(() => mock.timers.reset());

  it("has the share that is done, and the time that is left, of a known length", () => {
    const progress = new Progress({ stats: () => captured(300), seconds: () => 10, total: 40 }, 1000);
    assert.match(progress.line(5000), /^4\.0 s {2}25 % {2}0:12 left {2}75\.0 fps {2}1\.2 MB {2}0 dropped {2}/);
  });

  it("has neither without a length, and no time before the first frame", () => {
    const unknown = new Progress({ stats: () => captured(300), seconds: () => 10, total: undefined }, 0);
    assert.match(unknown.line(5000), /^5\.0 s {2}60\.0 fps/);
    const first = new Progress({ stats: () => captured(0), seconds: () => 0, total: 40 }, 0);
    assert.match(first.line(5000), /^5\.0 s {2}0 % {2}0\.0 fps/);
  });

  it("is never more than all of a file that is longer than it says", () => {
    const progress = new Progress({ stats: () => captured(300), seconds: () => 41, total: 40 }, 0);
    assert.match(progress.line(5000), / {2}100 % {2}0:00 left {2}/);
  });

  it("is a line every ten seconds off a terminal, and none once it is over", async () => {
    const terminal = new FakeTerminal();
    const printer = new Printer(terminal);
    const hide = showProgress({ stats: () => captured(1), seconds: () => 1, total: 2 }, printer);
    mock.timers.tick(9999);
    assert.equal(terminal.text, "");
    mock.timers.tick(1);
    hide();
    mock.timers.tick(60_000);
    await printer.line("end");
    assert.match(terminal.text, /^\d+\.\d s {2}50 % .*\nend\n$/);
  });

  it("is four times a second on a terminal, in one line", async () => {
    const terminal = new FakeTerminal(true);
    const printer = new Printer(terminal);
    const hide = showProgress({ stats: () => captured(1), seconds: () => 1, total: 2 }, printer);
    mock.timers.tick(250);
    hide();
    await printer.line("end");
    const [before, status = "", after] = terminal.text.split("\r\x1b[K");
    assert.deepEqual([before, after], ["", "end\n"]);
    assert.match(status, /^\d+\.\d s {2}50 % .*$/);
  });

  it("never throws in its timer", async () => {
    const terminal = new FakeTerminal();
    const printer = new Printer(terminal);
    const stats = (): TargetStats => {
      throw new Error("closed");
    };
    const hide = showProgress({ stats, seconds: () => 1, total: 2 }, printer);
    mock.timers.tick(10_000);
    hide();
    await printer.line("end");
    assert.equal(terminal.text, "end\n");
  });
});
