/**
 * The command `deno task record`.
 *
 * @module
 */

import { capabilities } from "../native/capabilities.ts";
import { commandOf, type Recording, UsageError } from "./arguments.ts";
import { helpText } from "./options.ts";
import { record, sentence } from "./recording.ts";
import { capabilitiesText, playCommand, reportText } from "./report.ts";

/** Runs the command that `args` describe; returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const command = commandOf(args);
    switch (command.verb) {
      case "help":
        console.log(helpText());
        return 0;
      case "list": {
        const all = await capabilities();
        console.log(command.json ? JSON.stringify(all, undefined, 2) : capabilitiesText(all));
        return 0;
      }
      case "record":
        return await recordAndReport(command.recording, command.json);
    }
  } catch (error) {
    console.error(sentence(error));
    return isUsage(error) ? 2 : 1;
  }
}

async function recordAndReport(recording: Recording, json: boolean): Promise<number> {
  if (recording.input === undefined) {
    console.error(`Recording the test pattern for ${recording.seconds} s; --seconds and --input change that`);
  }
  const { report, problems } = await record(recording);
  if (report !== undefined) {
    console.log(json ? JSON.stringify(report, undefined, 2) : reportText(report));
    if (!json && report.exists) console.log(`Play it: ${playCommand(report.target.path)}`);
  }
  for (const problem of problems) console.error(`Error: ${problem}`);
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
  Deno.exitCode = await main(Deno.args);
}
