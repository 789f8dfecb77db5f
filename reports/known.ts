/** What reports need of an entry of the known-divergences list: why it is tolerated, where that is discussed, and until when. */
export interface KnownEntry {
  readonly id: string;
  readonly why: string;
  readonly issue?: string;
  readonly owner?: string;
  /** Last day on which it is tolerated, `YYYY-MM-DD`. */
  readonly expires?: string;
}
