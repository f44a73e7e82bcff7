export type Random = () => number
export declare const seeded: (seed: number, ...path: ReadonlyArray<number>) => Random
export declare const exponential: (random: Random, mean: number) => number
export declare const lognormal: (random: Random, mean: number, sigma: number) => number
