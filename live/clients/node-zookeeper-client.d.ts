/** What the tests use of node-zookeeper-client, which brings no types. */
declare module "node-zookeeper-client" {
  export interface Exception extends Error {
    readonly name: string;
    getCode(): number;
  }
  export interface Id {
    readonly scheme: string;
    readonly id: string;
  }
  export interface ACL {
    readonly permission: number;
    readonly id: Id;
  }
  /** Counters are numbers, zxids and times are eight bytes. */
  export interface Stat {
    readonly czxid: Buffer;
    readonly mzxid: Buffer;
    readonly ctime: Buffer;
    readonly mtime: Buffer;
    readonly version: number;
    readonly cversion: number;
    readonly aversion: number;
    readonly ephemeralOwner: Buffer;
    readonly dataLength: number;
    readonly numChildren: number;
    readonly pzxid: Buffer;
  }
  export interface Event {
    getName(): string;
    getPath(): string;
  }
  export interface OpResult {
    readonly type: number;
    readonly path?: string;
    readonly err?: number;
  }
  type Done<T extends unknown[]> = (error: Exception | null | undefined, ...results: T) => void;
  type Watcher = (event: Event) => void;
  export interface Transaction {
    create(path: string, data?: Buffer, acls?: readonly ACL[], mode?: number): Transaction;
    check(path: string, version?: number): Transaction;
    setData(path: string, data: Buffer | null, version?: number): Transaction;
    remove(path: string, version?: number): Transaction;
    commit(done: Done<[OpResult[]]>): void;
  }
  export interface Client {
    connect(): void;
    close(): void;
    on(name: "connected" | "disconnected" | "expired", listener: () => void): Client;
    once(name: "connected" | "disconnected" | "expired", listener: () => void): Client;
    getSessionId(): Buffer;
    addAuthInfo(scheme: string, auth: Buffer): void;
    create(path: string, data: Buffer | null, acls: readonly ACL[], mode: number, done: Done<[string]>): void;
    remove(path: string, version: number, done: Done<[]>): void;
    removeRecursive(path: string, version: number, done: Done<[]>): void;
    mkdirp(path: string, done: Done<[string]>): void;
    exists(path: string, done: Done<[Stat | null]>): void;
    exists(path: string, watcher: Watcher, done: Done<[Stat | null]>): void;
    getData(path: string, done: Done<[Buffer | undefined, Stat]>): void;
    getData(path: string, watcher: Watcher, done: Done<[Buffer | undefined, Stat]>): void;
    setData(path: string, data: Buffer | null, version: number, done: Done<[Stat]>): void;
    getChildren(path: string, done: Done<[string[], Stat]>): void;
    getChildren(path: string, watcher: Watcher, done: Done<[string[], Stat]>): void;
    getACL(path: string, done: Done<[ACL[], Stat]>): void;
    setACL(path: string, acls: readonly ACL[], version: number, done: Done<[Stat]>): void;
    transaction(): Transaction;
  }
  const zookeeper: {
    createClient(servers: string, options?: { sessionTimeout?: number; spinDelay?: number; retries?: number }): Client;
    readonly ACL: (new (
      permission: number,
      id: Id,
    ) => ACL) &
      Record<"OPEN_ACL_UNSAFE" | "CREATOR_ALL_ACL" | "READ_ACL_UNSAFE", readonly ACL[]>;
    readonly Id: new (scheme: string, id: string) => Id;
    readonly Permission: Readonly<Record<"READ" | "WRITE" | "CREATE" | "DELETE" | "ADMIN" | "ALL", number>>;
    readonly CreateMode: Readonly<
      Record<"PERSISTENT" | "PERSISTENT_SEQUENTIAL" | "EPHEMERAL" | "EPHEMERAL_SEQUENTIAL", number>
    >;
  };
  export default zookeeper;
}
