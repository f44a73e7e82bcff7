export declare const withoutAccount: (name: string) => string;
export declare const redact: (text: string) => string;
export declare const isSecret: (word: string) => boolean;
export declare const isRequestId: (word: string) => boolean;
export declare const redactUrl: (url: string) => string | undefined;
export declare const clip: (text: string, bytes: number) => string;
