export interface ErrorBody {
    readonly json: boolean;
    readonly codes: ReadonlyArray<string>;
    readonly text?: string | undefined;
    readonly requestId?: string | undefined;
}
export declare const readBody: (body: unknown) => ErrorBody;
