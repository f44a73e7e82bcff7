export declare const main: () => void;
