export declare const copySpan: (error: object, copy: object) => void;
