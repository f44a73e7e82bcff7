export interface State {
    readonly tokens: number;
    readonly at: number;
}
export interface Rates {
    readonly ratio: number;
    readonly minPerSecond: number;
    readonly max: number;
}
export declare const accrue: (state: State, options: Rates, now: number, calls: number) => State;
