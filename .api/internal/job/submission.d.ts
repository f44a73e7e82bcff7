import * as Either from "effect/Either";
import { type ApiError } from "../../ApiError.js";
import type { Doubt, Finding, Submission } from "./model.js";
export declare const afterSend: <Snapshot>(sends: number, result: Either.Either<Finding<Snapshot>, ApiError>) => Submission<Snapshot>;
export declare const afterLook: <Snapshot>(doubt: Doubt, result: Either.Either<Finding<Snapshot>, ApiError>) => Submission<Snapshot>;
