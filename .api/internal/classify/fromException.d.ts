import type { ApiError } from "../../ApiError.js";
import { type ExceptionContext } from "../../Classify.js";
export declare const fromException: (cause: unknown, context?: ExceptionContext) => ApiError;
