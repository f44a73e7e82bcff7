import type { ApiError } from "../../ApiError.js";
import type { Outcome, Begun, Observed, Observer } from "../call/model.js";
import type { Counts, Row } from "./model.js";
export interface Bounds {
    readonly bucket: number;
    readonly buckets: number;
    readonly labels: number;
    readonly rows: number;
}
export declare const other = "(other)";
type Kind = Pick<Row, "of" | "outcome" | "class" | "reason" | "phase" | "delivery">;
type Labels = Pick<Row, "workload" | "model" | "host">;
declare class Cell<Of> {
    count: number;
    millis: number;
    readonly of: Of;
    readonly ring: Float64Array;
    constructor(of: Of, buckets: number);
    add(slot: number, count: number, millis: number): void;
    clear(slot: number): void;
    sum(slots: ReadonlyArray<number> | undefined): {
        readonly count: number;
        readonly millis: number;
    };
}
type RowCell = Cell<Kind & Labels>;
declare class Group implements Observed {
    readonly tally: Tally;
    readonly labels: Labels;
    readonly open: Cell<Labels>;
    readonly ok: {
        [of in Outcome["of"]]: RowCell | undefined;
    };
    readonly failed: Map<string, RowCell[]>;
    constructor(tally: Tally, labels: Labels);
    readonly tell: (outcome: Outcome) => void;
    get(of: Outcome["of"], error: ApiError | undefined): RowCell | undefined;
    make(of: Outcome["of"], error: ApiError | undefined): RowCell;
}
export declare class Tally implements Observer {
    #private;
    readonly bounds: Bounds;
    readonly since: number;
    constructor(bounds: Bounds, since: number);
    readonly late = true;
    readonly begin: ({ about, at, of, workload }: Begun) => Observed;
    readonly record: (outcome: Outcome) => void;
    cellOf(group: Group, of: Outcome["of"], error: ApiError | undefined): RowCell;
    groupOf(workload: string, host: string, model: string): Group;
    slotOf(at: number, open: boolean, begins?: boolean): number;
    read(slots?: ReadonlyArray<number>): Counts;
    window(from: number, to: number, now: number): Counts & {
        readonly from: number;
        readonly to: number;
    };
}
export {};
