import * as Command from "@effect/cli/Command";
import * as Option from "effect/Option";
import { Failed } from "../terminal.js";
export declare const lab: Command.Command<"lab", never, Failed, {
    readonly only: Option.Option<"interactive" | "agentic" | "largeModel" | "batchSubmission">;
    readonly html: Option.Option<string>;
    readonly json: boolean;
    readonly live: boolean;
    readonly model: string;
    readonly url: Option.Option<string>;
}>;
