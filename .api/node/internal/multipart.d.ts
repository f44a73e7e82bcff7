import { Upload } from "./upload.js";
export interface Multipart {
    readonly type: string;
    readonly length: number;
    readonly upload: Upload;
}
export declare const multipart: (form: FormData) => Multipart;
