/**
 * The command `deno task record`.
 *
 * @module
 */

import { VERSION } from "../base/version.ts";
import { capabilities } from "../native/capabilities.ts";
import { commandOf, type Recording, UsageError } from "./arguments.ts";
import { helpText } from "./options.ts";
import { Printer } from "./printer.ts";
import { record, sentence } from "./recording.ts";
import { capabilitiesText, playCommand, reportText } from "./report.ts";

/** Runs the command that `args` describe; prints results to `out`, all else to `err`; returns the exit code. */
export async function main(args: readonly string[], out: Printer, err: Printer): Promise<number> {
  try {
    const command = commandOf(args);
    switch (command.verb) {
      case "help":
        await out.line(helpText());
        return 0;
      case "version":
        await out.line(`@giftgrab/core ${VERSION}`);
        return 0;
      case "list": {
        const all = await capabilities();
        await out.line(command.json ? JSON.stringify(all, undefined, 2) : capabilitiesText(all));
        return 0;
      }
      case "record":
        return await recordAndReport(command.recording, command.json, out, err);
    }
  } catch (error) {
    await err.line(sentence(error));
    return isUsage(error) ? 2 : 1;
  }
}

async function recordAndReport(recording: Recording, json: boolean, out: Printer, err: Printer): Promise<number> {
  const { report, source, problems } = await record(recording, err);
  if (report !== undefined) {
    await out.line(json ? JSON.stringify({ ...report, source }, undefined, 2) : reportText(report, source));
    if (!json && report.exists) await out.line(`Play it: ${playCommand(report.target.path)}`);
  }
  for (const problem of problems) await err.line(`Error: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

/** Whether the error is one of the command line. */
function isUsage(error: unknown): boolean {
  if (error instanceof UsageError) return true;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "invalid_argument" || code === "container_mismatch";
}

if (import.meta.main) {
  // A program whose promises never settle must not look like a success.
  Deno.exitCode = 1;
  Deno.exitCode = await main(Deno.args, new Printer(Deno.stdout), new Printer(Deno.stderr));
}
