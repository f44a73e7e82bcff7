export interface Certificate {
    readonly key: string;
    readonly cert: string;
}
export declare const selfSigned: (host: string, from: number, until: number) => Certificate;
