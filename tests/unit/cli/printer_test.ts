import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Printer } from "../../../src/cli/printer.ts";
import { FakeTerminal } from "../../helpers/fake_terminal.ts";

describe("a printer", () => {
  it("prints lines in order, whatever one write takes", async () => {
    const terminal = new FakeTerminal();
    terminal.most = 2;
    const printer = new Printer(terminal);
    printer.line("one");
    await printer.line("two");
    await printer.line("three");
    assert.equal(terminal.text, "one\ntwo\nthree\n");
  });

  it("replaces its status on a terminal", async () => {
    const terminal = new FakeTerminal(true);
    const printer = new Printer(terminal);
    printer.status("1 s");
    await printer.line("Warning");
    assert.equal(terminal.text, "\r\x1b[K1 s\r\x1b[KWarning\n");
    printer.clear();
    await printer.line("end");
    assert.equal(terminal.text, "\r\x1b[K1 s\r\x1b[KWarning\nend\n");
  });

  it("cuts a status to the width of the terminal", async () => {
    const terminal = new FakeTerminal(true);
    const printer = new Printer(terminal);
    printer.status("x".repeat(10_000));
    await printer.line("");
    assert.ok(terminal.text.length < 2000);
  });

  it("prints a status as a line elsewhere", async () => {
    const terminal = new FakeTerminal();
    const printer = new Printer(terminal);
    printer.status("10 s");
    await printer.line("end");
    assert.equal(terminal.text, "10 s\nend\n");
  });

  it("leaves out a status and keeps lines while the terminal is stopped", async () => {
    const terminal = new FakeTerminal();
    const printer = new Printer(terminal);
    terminal.stop();
    printer.line("one");
    printer.status("1 s");
    const printed = printer.line("two");
    terminal.goOn();
    await printed;
    assert.equal(terminal.text, "one\ntwo\n");
  });

  it("forgets the oldest lines rather than grow without end", async () => {
    const terminal = new FakeTerminal();
    const printer = new Printer(terminal);
    terminal.stop();
    const printed = Array.from({ length: 3000 }, (_, index) => printer.line(`${index}`));
    terminal.goOn();
    await Promise.all(printed);
    const lines = terminal.text.trimEnd().split("\n");
    assert.deepEqual([lines.length, lines[0], lines.at(-1)], [1001, "0", "2999"]);
  });

  it("never fails when the terminal is gone", async () => {
    const terminal = new FakeTerminal(true);
    const printer = new Printer(terminal);
    terminal.isGone = true;
    printer.status("1 s");
    await printer.line("one");
    terminal.isGone = false;
    await printer.line("two");
    assert.equal(terminal.text, "two\n");
  });
});
