export type Sender = "proxy" | "unknown";
