package server

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
)

// Options are what a server is started with. Everything else comes from the configuration folder.
type Options struct {
	// ConfigFolder holds tenant.yaml and the secrets it names.
	ConfigFolder string
	// DataFolder is where relative database paths are. A server that runs alone (its document names no namespace)
	// makes an API key there on first start if the document brings none. It may be empty.
	DataFolder string
	// PublicAddress and InternalAddress are host:port; port 0 takes a free one.
	PublicAddress, InternalAddress string
	// DrainDelay is how long the server keeps serving after it has been asked to stop, so that whoever
	// balances load can notice. DrainDelayByPlace chooses by where it runs.
	DrainDelay time.Duration
	// ShutdownTimeout bounds how long requests in flight may take after that; default 25 s.
	ShutdownTimeout time.Duration
	Logger          *slog.Logger
	// Announce is where a generated API key is shown, once. It is not the log.
	Announce io.Writer
	// Clock says what is now; default time.Now.
	Clock func() time.Time
	// OpenStore opens a database; default the store made for its engine.
	OpenStore func(ctx context.Context, database Database) (booking.Store, error)
	// TrustedProxies are the networks whose X-Forwarded-For is believed, as CIDRs such as 10.0.0.0/8. Without any, a
	// client's address is that of its connection.
	TrustedProxies []string
	// AllowedOrigins are the origins whose pages in a browser may use the API, such as https://example.com; "*" is all.
	AllowedOrigins []string
	// CacheMaxSize bounds the entries of the cache; 0 means CACHE_MAX_SIZE from the environment, else
	// cache.DefaultMaxSize.
	CacheMaxSize int
	// RedisTimeout bounds one question to a shared Redis; default 250 ms.
	RedisTimeout time.Duration
	// WithTimeout begins the time that an operation of the API may take; default context.WithTimeout.
	WithTimeout httpapi.WithTimeout
	// Poll is how often the configuration folder is read without being told to; see configwatch.
	Poll time.Duration
}

// DrainDelayByPlace is a DrainDelay of ClusterDrainDelay in a cluster and of nothing for a server that runs alone.
const DrainDelayByPlace time.Duration = -1

// ClusterDrainDelay is how long a cluster's proxies may go on sending to a pod that is going away.
const ClusterDrainDelay = 5 * time.Second

func (o Options) withDefaults() Options {
	if o.ShutdownTimeout == 0 {
		o.ShutdownTimeout = 25 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Announce == nil {
		o.Announce = io.Discard
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.WithTimeout == nil {
		o.WithTimeout = context.WithTimeout
	}
	return o
}
