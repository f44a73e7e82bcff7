export interface Sample {
    readonly name: string;
    readonly labels: ReadonlyMap<string, string>;
    readonly value: number;
}
export interface Exposition {
    readonly samples: ReadonlyArray<Sample>;
    readonly isMetrics: boolean;
}
export declare const parse: (text: string, wanted: ReadonlySet<string>) => Exposition;
