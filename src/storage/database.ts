/** The statements of one connection: either the whole database, each statement on its own, or one transaction. */
export interface Queryable {
  /**
   * Runs one statement.
   *
   * @param name   what metrics and logs call the statement, such as `find_candidates`.
   * @param text   SQL with `$1` parameters; never with values written into it.
   * @param signal ends the wait: the connection is given up, and PostgreSQL notices within a second.
   * @throws DependencyUnavailableError, ConflictError, DeadlineExceededError, CancelledError, or the driver's error if the
   *         statement itself is wrong.
   */
  query<Row extends object>(
    name: string,
    text: string,
    values?: readonly unknown[],
    signal?: AbortSignal,
  ): Promise<QueryResult<Row>>;
}

/** The statements of one transaction. */
export interface Transaction extends Queryable {
  /**
   * Runs `copy … from stdin` and sends it the data; absent on the embedded database, which stops answering when asked.
   *
   * @param name as in `query`.
   */
  readonly copy?: (name: string, text: string, data: readonly Buffer[]) => Promise<void>;
}

export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

export interface TransactionOptions {
  readonly signal?: AbortSignal | undefined;
  /** All statements read one snapshot; they must not write. */
  readonly snapshot?: boolean;
  /** Server settings for this transaction alone, by name. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** PostgreSQL, embedded or not, through the ordinary driver. */
export interface Database extends Queryable {
  readonly kind: "embedded" | "postgres";
  /** `PostgreSQL 18.6 (embedded)`, for people. */
  readonly version: string;
  /**
   * Runs `work` in one transaction and commits it. Serialization failures and deadlocks are repeated a few times, so `work` must
   * not keep state between calls; anything it throws rolls back.
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Opens a connection of its own beside the pool, for statements that may take hours or cannot run in a transaction. What is set or
   * locked on it ends with it. The embedded database has but one connection, which each statement waits for as any other does.
   *
   * @param signal closes it, and so ends the statement that runs.
   */
  openSession(signal: AbortSignal): Promise<Session>;
  /**
   * Hears notices of a channel (NOTIFY), on a connection of its own, until the signal aborts; absent on the embedded database, whose
   * notices reach nobody.
   *
   * @throws DependencyUnavailableError when the connection cannot be opened or breaks: what comes until it is opened anew is lost.
   */
  readonly listen?: ((channel: string, listener: NoticeListener, signal: AbortSignal) => Promise<void>) | undefined;
  poolStatistics(): PoolStatistics;
  close(): Promise<void>;
}

export interface NoticeListener {
  /** From now on notices are heard. */
  readonly onListening: () => void;
  readonly onNotice: (payload: string) => void;
}

/** Statements of one connection, each on its own. */
export interface Session extends Queryable {
  close(): Promise<void>;
}

export interface PoolStatistics {
  /** Connections that run something now. */
  readonly active: number;
  /** `total` less `active`. */
  readonly idle: number;
  /** The configured maximum: connections are opened when needed. */
  readonly total: number;
  /** Requests that wait for a connection. */
  readonly waiting: number;
  /** Time since a statement last succeeded, in milliseconds. */
  readonly lastAnswerAgeMs: number;
}
