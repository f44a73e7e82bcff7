export declare const environmentProxy: (url: URL) => URL | string | undefined;
