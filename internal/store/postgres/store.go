package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// DefaultMaxConnections bounds the pool when neither the options nor DB_POOL_MAX do.
const DefaultMaxConnections = 15

// Times after which a connection, a pool member or a statement is given up.
const (
	connectTimeout = 5 * time.Second
	pingTimeout    = 2 * time.Second
	maxIdle        = 5 * time.Minute
	maxLifetime    = time.Hour
)

// Options says how to reach the database.
type Options struct {
	// URL is a PostgreSQL connection URL or keyword string. Its run-time parameters win over the package's defaults, but
	// not over what the promises of booking.Store rest on (durable commits, the isolation level).
	URL string
	// MaxConnections bounds the pool; 0 means DB_POOL_MAX from the environment, else DefaultMaxConnections.
	MaxConnections int
	// Logger receives what the store does by itself; nil means slog.Default().
	Logger *slog.Logger
	// Housekept is told of each removal of what is past its time; nil tells nobody.
	Housekept housekeeping.Report
}

// Store is a booking.Store on a pool of PostgreSQL connections.
type Store struct {
	pool      *pgxpool.Pool
	writer    *writer
	collector *collector
	turns     *turns
	announcer *announcer
	lost      losses
	keeping   *housekeeping.Loop
	log       *slog.Logger
}

var _ booking.Store = (*Store)(nil)

// Open migrates the database and connects to it. An unreachable database is booking.ErrUnavailable.
func Open(ctx context.Context, options Options) (*Store, error) {
	config, err := poolConfig(options)
	if err != nil {
		return nil, err
	}
	if _, err := Migrate(ctx, options.URL); err != nil {
		return nil, err
	}
	return connect(ctx, config, housekeeping.Options{Logger: cmp.Or(options.Logger, slog.Default()), Report: options.Housekept})
}

// connect makes a Store on a database that has the newest schema.
func connect(ctx context.Context, config *pgxpool.Config, telling housekeeping.Options) (*Store, error) {
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, wrap("connect", err)
	}
	s := &Store{pool: pool, writer: newWriter(pool), log: telling.Logger}
	s.announcer = startAnnouncer(pool, s.log)
	s.collector = startCollector(s.writer, s.announcer.late)
	s.turns = newTurns(s.together)
	s.keeping = housekeeping.Start(ctx, s.removePast, telling)
	return s, nil
}

func poolConfig(options Options) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(options.URL)
	if err != nil || options.URL == "" {
		return nil, badURL()
	}
	setDefaults(config.ConnConfig)
	maxConnections, err := poolSize(options.MaxConnections)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(maxConnections)
	config.MaxConnIdleTime = maxIdle
	config.MaxConnLifetime = maxLifetime
	config.MaxConnLifetimeJitter = maxLifetime / 10
	config.PingTimeout = pingTimeout
	return config, nil
}

// badURL hides the parser's text: it quotes the URL, and a URL that does not parse cannot be redacted safely.
func badURL() error {
	return errors.New("the database URL is not valid: it should look like postgres://user:password@host:5432/database?sslmode=require")
}

// setDefaults fills in what the URL leaves open: an abandoned transaction or a statement that hangs must
// not hold locks that bookings wait for (their own waits for locks are shorter: writer.go); and statements are planned once for each connection, because planning one takes
// longer than running it (read.go has the one whose plan depends on its parameters). What bookings look for is in memory,
// so a plan that probes an index is right even while a table is small enough to be read from end to end. What correctness rests on is set whatever the URL, the role or the server says:
// a commit is on disk before it is acknowledged, and each statement sees what was committed before it began.
func setDefaults(config *pgx.ConnConfig) {
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	for name, value := range map[string]string{
		"application_name":                    "frontdesk",
		"timezone":                            "UTC",
		"statement_timeout":                   "15s",
		"lock_timeout":                        "10s",
		"idle_in_transaction_session_timeout": "15s",
		"plan_cache_mode":                     "force_generic_plan",
		"random_page_cost":                    "1.1",
	} {
		if _, set := config.RuntimeParams[name]; !set {
			config.RuntimeParams[name] = value
		}
	}
	config.RuntimeParams["synchronous_commit"] = "on"
	config.RuntimeParams["default_transaction_isolation"] = "read committed"
}

func poolSize(fromOptions int) (int, error) {
	if fromOptions > 0 {
		return fromOptions, nil
	}
	text := os.Getenv("DB_POOL_MAX")
	if text == "" {
		return DefaultMaxConnections, nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("DB_POOL_MAX is %q: give a number of connections, 1 or more", text)
	}
	return int(n), nil
}

// Now implements booking.Store.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	err = s.pool.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&now)
	return now.UTC(), wrap("read the clock", err)
}

// SchemaVersion implements booking.Store.
func (s *Store) SchemaVersion(ctx context.Context) (version int64, err error) {
	err = s.pool.QueryRow(ctx, appliedVersionSQL).Scan(&version)
	return version, wrap("read the schema version", err)
}

// Ping implements booking.Store.
func (s *Store) Ping(ctx context.Context) error {
	return wrap("ping", s.pool.Ping(ctx))
}

// Usage counts the connections that there may be, that are in use and that are idle.
func (s *Store) Usage() (maximum, active, idle int) {
	stat := s.pool.Stat()
	return int(stat.MaxConns()), int(stat.AcquiredConns()), int(stat.IdleConns())
}

// Close implements booking.Store.
func (s *Store) Close() error {
	s.keeping.Stop()
	s.collector.stop()
	s.announcer.stop()
	s.pool.Close()
	return nil
}

// removePast deletes up to limit idempotency keys of bookings that are past their day, as many of people, and what as
// many holds still occupy that lapsed so long ago.
func (s *Store) removePast(ctx context.Context, limit int) (int, error) {
	claims, err := s.removeExpiredClaims(ctx, limit)
	if err != nil {
		return claims, err
	}
	lapsed, err := s.removeLapsed(ctx, limit)
	if err != nil {
		return claims + lapsed, err
	}
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM idempotency_keys WHERE created_at <= clock_timestamp() - interval '24 hours' LIMIT $1))`, limit)
	return claims + lapsed + int(tag.RowsAffected()), wrap("remove expired idempotency keys", err)
}
